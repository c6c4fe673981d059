"""Compressed files that claim more than there is, or that reach elsewhere, are refused before memory is taken."""

import gzip
import json
import subprocess
import sys
from argparse import Namespace

import h5netcdf
import h5py
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xarray as xr

from case_saliency import storage
from case_saliency.errors import CaseSaliencyError
from case_saliency.storage import bounds, columns, parquet
from case_saliency.storage.columns import read_columns
from case_saliency.storage.maps import open_maps, write_maps
from case_saliency.storage.tables import read_table, write_table

MAPS = xr.DataArray(np.ones((2, 2, 3, 4), np.float32), {"image": ["a", "b"]}, ("image", "target", "y", "x"))
CLAIM = """
import resource, sys
from pathlib import Path

resource.setrlimit(resource.RLIMIT_AS, (4 * 10**9,) * 2)
from case_saliency.errors import CaseSaliencyError
from case_saliency.storage.maps import open_maps
from case_saliency.storage.tables import read_table

def maps(path):
    open_maps(path)["l"]["m"].read(slice(None))

try:
    {"maps": maps, "table": read_table}[sys.argv[1]](sys.argv[2])
except CaseSaliencyError as error:
    print("error:", error)
print(int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) // 1024)
"""


def read(kind, path):
    """What is said of a file where memory is 4 GB, and the MB that were held at most."""
    done = subprocess.run([sys.executable, "-c", CLAIM, kind, path], capture_output=True, text=True, check=True)
    *said, megabytes = done.stdout.splitlines()
    return " ".join(said), int(megabytes)


def sparse(path, **sizes):
    with h5netcdf.File(path, "w") as out:
        out.attrs["schema_version"] = storage.SCHEMA_VERSION
        group = out.create_group("l")
        group.dimensions = sizes
        chunks = tuple(min(size, 5000) for size in sizes.values())
        group.create_variable("m", tuple(sizes), "f4", chunks=chunks, compression="gzip")
        group.create_variable("image", ("image",), "f8", chunks=chunks[:1], compression="gzip")


@pytest.mark.parametrize("sizes", [(2, 2, 50_000, 50_000), (10**12, 2, 3, 3)])
def test_maps_that_were_never_stored_are_refused(tmp_path, sizes):
    path = tmp_path / "t.nc"
    sparse(path, **dict(zip(("image", "target", "y", "x"), sizes, strict=True)))
    assert path.stat().st_size < 30_000
    said, megabytes = read("maps", path)
    assert said.startswith(f"error: cannot read {path}: it claims ")
    assert "cannot be in a file of" in said
    assert megabytes < 500


def test_a_table_of_many_equal_long_texts_is_refused(tmp_path):
    path = tmp_path / "t.parquet"
    text = pa.DictionaryArray.from_arrays(pa.array(np.zeros(10**6, np.int32)), ["x" * 100_000])
    pq.write_table(pa.table({"text": text}).replace_schema_metadata({"schema_version": "1"}), path)
    assert path.stat().st_size < 100_000
    said, megabytes = read("table", path)
    assert said.startswith(f"error: cannot read {path}: it claims 100,000,000,000 bytes of values, which cannot be in")
    assert megabytes < 500


@pytest.mark.parametrize("reader", [read_table, lambda path: read_columns([path])])
def test_a_table_of_more_rows_than_memory_holds_is_refused(tmp_path, monkeypatch, reader):
    path = tmp_path / "t.parquet"
    write_table(pd.DataFrame({"a": np.zeros(10**6), "b": 1}), path)
    assert len(reader(path)) == 10**6
    monkeypatch.setattr(bounds, "_memory", lambda: 10**7)
    with pytest.raises(CaseSaliencyError, match=r"cannot read .*t\.parquet: it claims 0\.0 GB of values, more than"):
        reader(path)


def test_maps_that_fit_their_file_but_not_memory_are_refused(tmp_path, monkeypatch):
    path = tmp_path / "t.nc"
    write_maps({"l": xr.Dataset({"m": MAPS})}, path)
    monkeypatch.setattr(bounds, "_memory", lambda: MAPS.nbytes // 2)
    maps = open_maps(path)["l"]["m"]
    maps.read(slice(1))
    with pytest.raises(CaseSaliencyError, match=r"cannot read .*t\.nc: it claims"):
        maps.read(slice(None))


@pytest.mark.parametrize("values", [np.zeros, lambda shape, kind: np.full(shape, np.nan, kind)])
def test_maps_without_any_information_are_read(tmp_path, values):
    images = {"image": [f"image_{index}" for index in range(20)]}
    maps = xr.DataArray(values((20, 2, 1000, 500), np.float32), images, ("image", "target", "y", "x"))
    write_maps({"l": xr.Dataset({"m": maps})}, tmp_path / "t.nc")
    read = open_maps(tmp_path / "t.nc")["l"]["m"].read(slice(None))
    np.testing.assert_array_equal(read, maps)


def external(file, folder):
    (folder / "secret").write_bytes(bytes(100))
    file["l"].create_dataset("other", (100,), "u1", external=str(folder / "secret"))


def virtual(file, folder):
    layout = h5py.VirtualLayout((2,), "f4")
    layout[:] = h5py.VirtualSource(str(folder / "other.h5"), "m", (2,))
    file["l"].create_virtual_dataset("other", layout)


def link_to_a_file(file, folder):
    file["l"]["other"] = h5py.ExternalLink(str(folder / "other.h5"), "m")


def link_within(file, folder):
    file["other"] = h5py.SoftLink("/l")


def group_in_a_group(file, folder):
    file["l"].create_group("deeper")


def group_in_itself(file, folder):
    file["l"]["itself"] = file["l"]


def root_in_itself(file, folder):
    file["l"]["root"] = file["/"]


def type_of_its_own(file, folder):
    file["kind"] = np.dtype("f8")


def group_by_two_names(file, folder):
    file["again"] = file["l"]


HOSTILE = [
    group_by_two_names,
    external,
    virtual,
    link_to_a_file,
    link_within,
    group_in_a_group,
    group_in_itself,
    root_in_itself,
    type_of_its_own,
]


@pytest.mark.parametrize("change", HOSTILE)
def test_maps_that_lead_elsewhere_are_refused(tmp_path, change):
    path = tmp_path / "t.nc"
    write_maps({"l": xr.Dataset({"m": MAPS})}, path)
    with h5py.File(path, "r+") as file:
        change(file, tmp_path)
    with pytest.raises(CaseSaliencyError, match=r"cannot read .*t\.nc: "):
        open_maps(path)


OTHER = {
    "texts": (np.full((2, 2, 3, 4), "a", h5py.string_dtype()), "l/m is object, maps are numbers"),
    "parts of any length": (np.array([np.ones(1), np.ones(2)], h5py.vlen_dtype("f4")), "neither numbers nor texts"),
    "references": (np.array([h5py.Reference()] * 2, h5py.ref_dtype), "neither numbers nor texts"),
    "complex numbers": (np.ones(2, complex), "neither numbers nor texts"),
    "whole numbers": (np.ones((2, 2, 3, 4), int), "l/m is int64, maps are numbers"),
}


@pytest.mark.parametrize("kind", OTHER)
def test_maps_that_are_no_maps_are_refused(tmp_path, kind):
    path = tmp_path / "t.nc"
    write_maps({"l": xr.Dataset({"m": MAPS})}, path)
    values, told = OTHER[kind]
    with h5py.File(path, "r+") as file:
        del file["l/m"]
        file["l/m"] = values
    with pytest.raises(CaseSaliencyError, match=rf"cannot read {path}: .*{told}"):
        open_maps(path)["l"]["m"].read(slice(None))


def test_packed_maps_are_refused(tmp_path):
    path = tmp_path / "t.nc"
    write_maps({"l": xr.Dataset({"m": MAPS})}, path)
    with h5py.File(path, "r+") as file:
        file["l/m"].attrs["scale_factor"] = "twice"
    with pytest.raises(CaseSaliencyError, match=rf"cannot read {path}: .*l/m are packed \(scale_factor\)"):
        open_maps(path)


def test_an_image_that_stands_twice_is_refused(tmp_path):
    path = tmp_path / "t.nc"
    write_maps({"l": xr.Dataset({"m": MAPS.assign_coords(image=["a", "a"])})}, path)
    with pytest.raises(CaseSaliencyError, match="an image stands twice in /l/image"):
        open_maps(path)


@pytest.mark.parametrize("values", [pa.array([[0.0] * 100]), pa.array([b"0"]), pa.array([{"a": 1}])])
def test_columns_that_are_no_numbers_or_texts_are_refused(tmp_path, values):
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"a": values}).replace_schema_metadata({"schema_version": "1"}), path)
    with pytest.raises(CaseSaliencyError, match=r"t\.parquet: column a is (list|binary|struct).*, no number"):
        read_columns([path])


UNFOLDING = {
    "a list": (lambda: pa.array([[0] * 10**7]), "column a is list.*, no number and no text"),
    "bytes": (lambda: pa.array([bytes(10**7)]), "column a is binary, no number and no text"),
    "no value": (lambda: pa.nulls(10**8), "it claims .* bytes of values, which cannot be in a file of"),
    "one value": (lambda: pa.array(np.zeros(3 * 10**7)), "it claims .* bytes of values, which cannot be in a file of"),
}


@pytest.mark.parametrize("reader", [read_table, lambda path: read_columns([path])])
@pytest.mark.parametrize("kind", UNFOLDING)
def test_a_few_bytes_of_a_column_that_unfold_are_refused_unread(tmp_path, monkeypatch, reader, kind):
    path = tmp_path / "t.parquet"
    values, told = UNFOLDING[kind]
    table = pa.table({"a": values()}).replace_schema_metadata({"schema_version": "1"})
    pq.write_table(table, path, compression="zstd")
    assert path.stat().st_size < 250_000
    monkeypatch.setattr(pq.ParquetFile, "iter_batches", None)
    with pytest.raises(CaseSaliencyError, match=rf"cannot read .*t\.parquet: {told}"):
        reader(path)


@pytest.mark.parametrize("reader", [read_table, lambda path: read_columns([path], ["a"])])
def test_a_column_that_stands_twice_is_refused(tmp_path, reader):
    path = tmp_path / "t.parquet"
    table = pa.table([pa.array([], pa.int64())] * 2, ["a", "a"])
    pq.write_table(table.replace_schema_metadata({"schema_version": "1"}), path)
    with pytest.raises(CaseSaliencyError, match=r"cannot read .*t\.parquet: column a stands twice in it"):
        reader(path)


@pytest.mark.parametrize("reader", [read_table, lambda path: read_columns([path])])
def test_long_texts_are_refused_before_all_are_read(tmp_path, monkeypatch, reader):
    path, rows = tmp_path / "t.parquet", 2**12
    texts = pa.array([f"{row:0100000d}" for row in range(rows)])
    pq.write_table(
        pa.table({"a": texts}).replace_schema_metadata({"schema_version": "1"}),
        path,
        use_dictionary=False,
        compression="zstd",
        data_page_size=2**16,
    )
    held = path.stat().st_size
    assert held < 400_000
    asked = []
    monkeypatch.setattr(parquet, "check_unfolded", lambda *said: asked.append(said) or bounds.check_unfolded(*said))
    monkeypatch.setattr(bounds, "_DEFLATE", 1)
    with pytest.raises(
        CaseSaliencyError, match=rf"cannot read .*t\.parquet: it claims .* cannot be in a file of {held:,}"
    ):
        reader(path)
    assert len(asked) == 3  # what the file says, a part that is held, one more that is too much
    assert asked[-1][0] < rows * 100_000


def sized(path, **made):
    """Write a variable beside maps that are true, of the sizes and filters given."""
    write_maps({"l": xr.Dataset({"m": MAPS})}, path)
    with h5py.File(path, "r+") as file:
        file["l"].create_dataset("other", **made)


@pytest.mark.parametrize("chunks", [(1, 1, 10**4, 10**4), (1, 1, 1, 1)])
def test_parts_that_take_more_than_their_values_are_refused(tmp_path, chunks):
    path = tmp_path / "t.nc"
    largest = (None,) * 4
    sized(path, shape=(2, 2, 250, 250), maxshape=largest, dtype="f4", chunks=chunks, compression="gzip")
    assert path.stat().st_size < 20_000
    with pytest.raises(CaseSaliencyError, match=r"it claims .* bytes of values, which cannot be in a file of"):
        open_maps(path)


def test_a_part_that_netcdf_makes_is_read(tmp_path):
    path = tmp_path / "t.nc"
    sized(path, shape=(2, 2, 3, 4), maxshape=(None, 2, 3, 4), dtype="f4", chunks=(1024, 2, 3, 4), compression="gzip")
    assert open_maps(path)["l"]["other"].read(slice(None)).shape == (2, 2, 3, 4)


FILTERS = {
    "deflate twice": [(h5py.h5z.FILTER_DEFLATE, (9,))] * 2,
    "one of another library": [(32015, (3,))],
    "lzf": [(h5py.h5z.FILTER_LZF, ())],
}


@pytest.mark.parametrize("kind", FILTERS)
def test_values_that_went_through_unknown_filters_are_refused(tmp_path, kind):
    path = tmp_path / "t.nc"
    write_maps({"l": xr.Dataset({"m": MAPS})}, path)
    with h5py.File(path, "r+") as file:
        made = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        made.set_chunk((2, 2, 3, 4))
        for number, options in FILTERS[kind]:
            made.set_filter(number, h5py.h5z.FLAG_OPTIONAL, options)
        space = h5py.h5s.create_simple((2, 2, 3, 4))
        h5py.h5d.create(file["l"].id, b"other", h5py.h5t.IEEE_F32LE, space, made)
    with pytest.raises(CaseSaliencyError, match="/l/other went through filters"):
        open_maps(path)


def without_ids(file):
    del file["l/image"]


def without_characters(file):
    del file["l/image"]
    file["l"].create_dataset("image", (2, 0), "S1")


def without_images(file):
    del file["l/image"]
    file["l"].create_dataset("image", (0, 3), "S1")


def of_other_images(file):
    del file["l/m"]
    file["l"]["m"] = np.ones((3, 2, 3, 4), np.float32)


def without_values(file):
    file["l"]["other"] = h5py.Empty("f4")


def many_equal_ids(file):
    del file["l/image"]
    file["l"].create_dataset("image", (10**7, 1), "S1", chunks=(10**5, 1), compression="gzip")


def ids_in_latin_1(file):
    file["l/image"][...] = b"\xe9"


def ids_that_are_not_there(file):
    del file["l/image"]
    file["l"].create_dataset("image", (1000, 3), "S1")


def two_names(file):
    file["l/again"] = file["l/m"]


def many_members(file):
    file["l"].create_dataset("many", (1,), h5py.enum_dtype({f"m{number}": number for number in range(3000)}, "i4"))


def version(value):
    def change(file):
        file.attrs["schema_version"] = value

    return change


MALFORMED = {
    "l names no images": without_ids,
    r"/l/image is \(2, 0\), without a character": without_characters,
    r"/l/image is \(0, 3\), without a character": without_images,
    "/l/m has maps of 3 images, and 2 are named beside it": of_other_images,
    "/l/other has no values": without_values,
    "/l/image is compressed, in parts or not stored": many_equal_ids,
    "/l/image is not in UTF-8": ids_in_latin_1,
    "/l/image is compressed, in parts or not": ids_that_are_not_there,
    "/l/m is there by another name|/l/again is there by another name": two_names,
    "the values of /l/many are neither numbers nor texts": many_members,
    r"schema_version is float64, \(\), not one whole number": version(1.0),
    r"schema_version is object, \(\), not one whole number": version("1"),
    r"schema_version is int64, \(2,\), not one whole number": version([1, 1]),
    r"schema_version is int32, None, not one whole number": version(h5py.Empty("i4")),
}


@pytest.mark.parametrize("told", MALFORMED)
def test_what_is_wrong_with_maps_is_said(tmp_path, told):
    path = tmp_path / "t.nc"
    write_maps({"l": xr.Dataset({"m": MAPS})}, path)
    with h5py.File(path, "r+") as file:
        MALFORMED[told](file)
    with pytest.raises(CaseSaliencyError, match=rf"cannot read {path}: ({told})"):
        open_maps(path)


def test_what_methods_note_is_no_map(tmp_path):
    path, noted = tmp_path / "t.nc", MAPS.rename(y="a", x="b").isel(a=[]).assign_attrs(noted_by="m")
    write_maps({"l": xr.Dataset({"m": MAPS, "m__sets": noted})}, path)
    assert list(open_maps(path)["l"]) == ["m"]


def test_maps_of_no_image_are_not_written(tmp_path):
    with pytest.raises(ValueError, match=r"t\.nc: no image is named"):
        write_maps({"l": xr.Dataset({"m": MAPS.isel(image=[])})}, tmp_path / "t.nc")
    assert not list(tmp_path.iterdir())


def test_a_layer_with_a_slash_is_not_written(tmp_path):
    with pytest.raises(ValueError, match="layer 'a/b' has a slash in its name"):
        write_maps({"a/b": xr.Dataset({"m": MAPS})}, tmp_path / "t.nc")


@pytest.mark.parametrize("reader", [read_table, lambda path: read_columns([path])])
def test_bytes_that_are_no_text_are_refused(tmp_path, reader):
    path = tmp_path / "t.parquet"
    texts = pa.Array.from_buffers(pa.string(), 1, pa.array([b"\xff\xfe"]).buffers())
    pq.write_table(pa.table({"a": texts}).replace_schema_metadata({"schema_version": "1"}), path)
    with pytest.raises(CaseSaliencyError, match=r"cannot read .*t\.parquet: .*UTF8"):
        reader(path)


@pytest.mark.parametrize("reader", [read_table, lambda path: read_columns([path])])
def test_a_table_of_too_many_columns_is_refused(tmp_path, reader):
    path = tmp_path / "t.parquet"
    write_table(pd.DataFrame(np.zeros((1, 1001)), columns=map(str, range(1001))), path)
    with pytest.raises(CaseSaliencyError, match=r"t\.parquet: it has 1,001 columns, 1,000 are the most"):
        reader(path)


@pytest.mark.parametrize("reader", [read_table, lambda path: read_columns([path])])
def test_what_a_table_says_to_pandas_is_passed_over(tmp_path, reader):
    path = tmp_path / "t.parquet"
    index = {"name": None, "field_name": None, "pandas_type": "unicode", "numpy_type": "S1000000000", "metadata": None}
    renamed = {"name": "b", "field_name": "a", "pandas_type": "int64", "numpy_type": "period[D]", "metadata": None}
    told = json.dumps({"index_columns": ["a"], "column_indexes": [index], "columns": [renamed]})
    table = pa.table({"a": [1, 2]}).replace_schema_metadata({"schema_version": "1", "pandas": told})
    pq.write_table(table, path)
    pd.testing.assert_frame_equal(reader(path), pd.DataFrame({"a": [1, 2]}))


def test_a_text_of_many_bytes_that_stands_in_many_rows_is_read(tmp_path):
    path = tmp_path / "t.parquet"
    write_table(pd.DataFrame({"text": ["x" * 10**6] * 100}), path)
    assert read_table(path)["text"].str.len().sum() == 10**8


WIDE = "schema_version" + "," * 99
CELLS = {
    "short rows": WIDE + "\n" + "1\n" * 10**5,
    "more short rows": WIDE + "\n" + "1\n" * 10**6,
    "other line ends": WIDE + "\r" + "1\r" * 10**5,
    "both line ends": WIDE + "\r\n" + "1\r\n" * 10**5,
    "blank lines first": "\n \n\t\n" + WIDE + "\n" + "1\n" * 10**5,
    "a first row that is wider than the names": "schema_version\n1" + "," * 99 + "\n" + "1\n" * 10**5,
    "a mark of byte order": '\ufeff"schema\n_version"' + "," * 99 + "\n" + "1\n" * 10**5,
}


@pytest.mark.parametrize("kind", CELLS)
def test_a_csv_of_more_cells_than_characters_is_refused(tmp_path, kind):
    path = tmp_path / "t.csv"
    path.write_text(CELLS[kind], newline="")
    with pytest.raises(CaseSaliencyError, match=r"cannot read .*t\.csv: [\d,]+ cells cannot be in a file of"):
        storage.read_csv(path)


CSV = {
    "it has 1,001 columns, 1,000 are the most": "," * 1000 + "\n",
    "rows have more cells than there are columns": "image_id,schema_version\na,0.5,1\n",
    "schema version None found": "a,b\n1,2\n",
    "schema version 2 found": "a,schema_version\n1,1\n2,2\n",
    "row 2 is cut off, or has no schema version": "a,schema_version\n1,1\n2\n",
    "it has 1,001 columns, ": "\n" + "," * 1000 + "\n",
    "schema version .*True.* found": "a,schema_version\n1,True\n",
    "schema version 1.5 found": "a,schema_version\n1,1.5\n",
}


@pytest.mark.parametrize("told", CSV)
def test_what_is_wrong_with_a_csv_is_said(tmp_path, told):
    path = tmp_path / "t.csv"
    path.write_text(CSV[told])
    with pytest.raises(CaseSaliencyError, match=rf"t\.csv: ({told})"):
        storage.read_csv(path)


def test_a_csv_is_not_unpacked(tmp_path):
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(b"a,schema_version\n1,1\n"))
    with pytest.raises(CaseSaliencyError, match=r"cannot read .*t\.csv\.gz: 'utf-8' codec"):
        storage.read_csv(path)


HEADERS = ["{1: 2, 'a': 3}", "{[]: 1}"] + [
    f"{{'descr': {kind!r}, 'fortran_order': False, 'shape': {shape}}}"
    for kind, shape in [("<f8", "(True,)"), ("<f8", f"({10**30},)"), ("|V0", f"({10**15},)"), ("<U3", "(1,)")]
]


@pytest.mark.parametrize("header", HEADERS)
def test_matrices_that_are_none_are_refused(tmp_path, header):
    path = tmp_path / "t.npy"
    text = header.ljust(117).encode() + b"\n"
    path.write_bytes(b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + bytes(12))
    with pytest.raises(CaseSaliencyError, match=r"cannot read .*t\.npy: "):
        storage.read_matrix(path)


def tensor(path, kind, shape, content):
    described = {"dtype": kind, "shape": shape, "data_offsets": [0, len(content)]}
    header = json.dumps({"__metadata__": {"schema_version": "1"}, "images": described}).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header + content)


@pytest.mark.parametrize(
    ("kind", "shape", "length"),
    [("BF16", [2], 4), ("F8_E4M3", [4], 4), ("F32", [1] * 100, 4), ("F32", [], 4), ("U8", [2**32, 2**31, 0], 0)],
)
def test_arrays_that_numpy_has_not_are_refused(tmp_path, kind, shape, length):
    path = tmp_path / "t.safetensors"
    tensor(path, kind, shape, bytes(length))
    with (
        pytest.raises(CaseSaliencyError, match=r"cannot read .*t\.safetensors: "),
        storage.open_array(path, "images") as array,
    ):
        pytest.fail(f"{array} was opened")


def test_tensors_that_torch_has_not_are_refused(tmp_path):
    path = tmp_path / "t.safetensors"
    tensor(path, "F32", [0, 2**63, 2**63], b"")
    with pytest.raises(CaseSaliencyError, match=r"cannot read .*t\.safetensors: "):
        storage.read_tensors(path)


@pytest.mark.parametrize("version", ["2" * 10**6, True, 1.9, " 0_1 ", None])
def test_another_version_is_told_in_short(tmp_path, version):
    path = tmp_path / "t.json"
    path.write_text(json.dumps({"schema_version": version}))
    with pytest.raises(CaseSaliencyError, match=r"schema version .* found, 1 expected") as told:
        storage.read_json(path)
    assert len(str(told.value)) < 500


@pytest.mark.parametrize("name", ["image", "schema_version"])
def test_texts_of_any_length_are_not_read(tmp_path, name):
    path = tmp_path / "t.nc"
    write_maps({"l": xr.Dataset({"m": MAPS})}, path)
    with h5py.File(path, "r+") as file:
        if name == "image":
            del file["l/image"]
            file["l/image"] = np.array(["a", "b"], h5py.string_dtype())
        else:
            file.attrs[name] = "1"
    with pytest.raises(CaseSaliencyError, match=r"image is object, ids of images are rows|schema_version is object"):
        open_maps(path)


@pytest.mark.parametrize("reader", [read_table, lambda path: read_columns([path])])
@pytest.mark.parametrize("claimed", [1, 3])
def test_a_table_of_another_number_of_rows_than_it_says_is_refused(tmp_path, monkeypatch, reader, claimed):
    path = tmp_path / "t.parquet"
    write_table(pd.DataFrame({"text": ["a", "b"], "value": [1.0, 2.0]}), path)
    read = parquet.read_parts

    class Claiming:
        """The file, as if it said that it has other rows."""

        def __init__(self, file):
            self.iter_batches, self.schema_arrow = file.iter_batches, file.schema_arrow
            self.metadata = Namespace(num_rows=claimed, row_group=lambda _: Namespace(num_rows=claimed))

    for module in (parquet, columns):
        monkeypatch.setattr(module, "read_parts", lambda file, *known: read(Claiming(file), *known))
    with pytest.raises(CaseSaliencyError, match=rf"says that it has {claimed} rows, and has (more|less)"):
        reader(path)
