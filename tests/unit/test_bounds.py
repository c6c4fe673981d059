"""Compressed files that claim more than there is, or that reach elsewhere, are refused before memory is taken."""

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
    assert said.startswith(f"error: cannot read {path}: it claims 100.0 GB of values")
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


HOSTILE = [
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
    "complex numbers": (np.ones(2, complex), "are complex128, neither numbers nor texts"),
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


@pytest.mark.parametrize("reader", [read_table, lambda path: read_columns([path])])
@pytest.mark.parametrize("values", [pa.array([[0] * 10**7]), pa.array([bytes(10**7)])])
def test_a_few_bytes_of_a_column_that_unfold_are_refused_unread(tmp_path, monkeypatch, reader, values):
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"a": values}).replace_schema_metadata({"schema_version": "1"}), path, compression="zstd")
    assert path.stat().st_size < 10_000
    monkeypatch.setattr(pq.ParquetFile, "iter_batches", None)
    with pytest.raises(CaseSaliencyError, match=r"t\.parquet: column a is (list|binary).*, no number and no text"):
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
    path, rows = tmp_path / "t.parquet", 4 * parquet._ROWS
    texts = pa.array([f"{row:0100d}" for row in range(rows)])
    pq.write_table(pa.table({"a": texts}).replace_schema_metadata({"schema_version": "1"}), path, use_dictionary=False)
    assert len(reader(path)) == rows
    asked = []
    monkeypatch.setattr(parquet, "check_memory", lambda claimed: asked.append(claimed) or bounds.check_memory(claimed))
    monkeypatch.setattr(bounds, "_memory", lambda: 10**7)
    with pytest.raises(CaseSaliencyError, match=r"cannot read .*t\.parquet: it claims 0\.0 GB of values, more than"):
        reader(path)
    assert len(asked) == 3  # what the file says, then a part that is held, then one more


def sized(path, **made):
    """Write a variable beside maps that are true, of the sizes and filters given."""
    write_maps({"l": xr.Dataset({"m": MAPS})}, path)
    with h5py.File(path, "r+") as file:
        file["l"].create_dataset("other", **made)


def test_a_part_that_is_larger_than_all_values_is_refused(tmp_path):
    path = tmp_path / "t.nc"
    sized(path, shape=(2, 2, 3, 4), maxshape=(None,) * 4, dtype="f4", chunks=(1, 1, 10**4, 10**4), compression="gzip")
    with pytest.raises(CaseSaliencyError, match=r"/l/other lie in parts of 400,000,000 bytes, more than they are"):
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
    "an image stands twice in /l/image|cannot be in a file of": many_equal_ids,
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
    with pytest.raises(ValueError, match=r"write_maps: no image in l of .*t\.nc"):
        write_maps({"l": xr.Dataset({"m": MAPS.isel(image=[])})}, tmp_path / "t.nc")
    assert not list(tmp_path.iterdir())


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
    read = parquet.read_rows

    class Claiming:
        """The file, as if it said that it has other rows."""

        def __init__(self, file):
            self.iter_batches, self.schema_arrow = file.iter_batches, file.schema_arrow
            self.metadata = Namespace(num_rows=claimed)

    for module in (parquet, columns):
        monkeypatch.setattr(module, "read_rows", lambda file, names=None: read(Claiming(file), names))
    with pytest.raises(CaseSaliencyError, match=rf"says that it has {claimed} rows, and has (more|less)"):
        reader(path)
