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
from case_saliency.storage import bounds, columns, tables
from case_saliency.storage.columns import read_columns

MAPS = xr.DataArray(np.ones((2, 2, 3, 4), np.float32), {"image": ["a", "b"]}, ("image", "target", "y", "x"))
CLAIM = """
import resource, sys
from pathlib import Path

resource.setrlimit(resource.RLIMIT_AS, (4 * 10**9,) * 2)
from case_saliency import storage
from case_saliency.errors import CaseSaliencyError

def maps(path):
    storage.open_maps(path)["l"]["m"].read(slice(None))

try:
    {"maps": maps, "table": storage.read_table}[sys.argv[1]](sys.argv[2])
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


@pytest.mark.parametrize("reader", [storage.read_table, lambda path: read_columns([path])])
def test_a_table_of_more_rows_than_memory_holds_is_refused(tmp_path, monkeypatch, reader):
    path = tmp_path / "t.parquet"
    storage.write_table(pd.DataFrame({"a": np.zeros(10**6), "b": 1}), path)
    assert len(reader(path)) == 10**6
    monkeypatch.setattr(bounds, "_memory", lambda: 10**7)
    with pytest.raises(CaseSaliencyError, match=r"cannot read .*t\.parquet: it claims 0\.0 GB of values, more than"):
        reader(path)


def test_maps_that_fit_their_file_but_not_memory_are_refused(tmp_path, monkeypatch):
    path = tmp_path / "t.nc"
    storage.write_maps({"l": xr.Dataset({"m": MAPS})}, path)
    monkeypatch.setattr(bounds, "_memory", lambda: MAPS.nbytes // 2)
    maps = storage.open_maps(path)["l"]["m"]
    maps.read(slice(1))
    with pytest.raises(CaseSaliencyError, match=r"cannot read .*t\.nc: it claims"):
        maps.read(slice(None))


@pytest.mark.parametrize("values", [np.zeros, lambda shape, kind: np.full(shape, np.nan, kind)])
def test_maps_without_any_information_are_read(tmp_path, values):
    images = {"image": [f"image_{index}" for index in range(20)]}
    maps = xr.DataArray(values((20, 2, 1000, 500), np.float32), images, ("image", "target", "y", "x"))
    storage.write_maps({"l": xr.Dataset({"m": maps})}, tmp_path / "t.nc")
    read = storage.open_maps(tmp_path / "t.nc")["l"]["m"].read(slice(None))
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
    storage.write_maps({"l": xr.Dataset({"m": MAPS})}, path)
    with h5py.File(path, "r+") as file:
        change(file, tmp_path)
    with pytest.raises(CaseSaliencyError, match=r"cannot read .*t\.nc: "):
        storage.open_maps(path)


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
    storage.write_maps({"l": xr.Dataset({"m": MAPS})}, path)
    values, told = OTHER[kind]
    with h5py.File(path, "r+") as file:
        del file["l/m"]
        file["l/m"] = values
    with pytest.raises(CaseSaliencyError, match=rf"cannot read {path}: .*{told}"):
        storage.open_maps(path)["l"]["m"].read(slice(None))


def test_packed_maps_are_refused(tmp_path):
    path = tmp_path / "t.nc"
    storage.write_maps({"l": xr.Dataset({"m": MAPS})}, path)
    with h5py.File(path, "r+") as file:
        file["l/m"].attrs["scale_factor"] = "twice"
    with pytest.raises(CaseSaliencyError, match=rf"cannot read {path}: .*l/m are packed \(scale_factor\)"):
        storage.open_maps(path)


def test_an_image_that_stands_twice_is_refused(tmp_path):
    path = tmp_path / "t.nc"
    storage.write_maps({"l": xr.Dataset({"m": MAPS.assign_coords(image=["a", "a"])})}, path)
    with pytest.raises(CaseSaliencyError, match="an image stands twice in l"):
        storage.open_maps(path)


@pytest.mark.parametrize("values", [pa.array([[0.0] * 100]), pa.array([b"0"]), pa.array([{"a": 1}])])
def test_columns_that_are_no_numbers_or_texts_are_refused(tmp_path, values):
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"a": values}).replace_schema_metadata({"schema_version": "1"}), path)
    with pytest.raises(CaseSaliencyError, match=r"t\.parquet: column a is (list|binary|struct).*, no number"):
        read_columns([path])


@pytest.mark.parametrize("name", ["image", "schema_version"])
def test_texts_of_any_length_are_not_read(tmp_path, name):
    path = tmp_path / "t.nc"
    storage.write_maps({"l": xr.Dataset({"m": MAPS})}, path)
    with h5py.File(path, "r+") as file:
        if name == "image":
            del file["l/image"]
            file["l/image"] = np.array(["a", "b"], h5py.string_dtype())
        else:
            file.attrs[name] = "1"
    with pytest.raises(CaseSaliencyError, match=r"image is object, ids of images are rows|schema version None found"):
        storage.open_maps(path)


@pytest.mark.parametrize("reader", [storage.read_table, lambda path: read_columns([path])])
@pytest.mark.parametrize("claimed", [1, 3])
def test_a_table_of_another_number_of_rows_than_it_says_is_refused(tmp_path, monkeypatch, reader, claimed):
    path = tmp_path / "t.parquet"
    storage.write_table(pd.DataFrame({"text": ["a", "b"], "value": [1.0, 2.0]}), path)
    read = tables.read_rows

    class Claiming:
        """The file, as if it said that it has other rows."""

        def __init__(self, file):
            self.iter_batches, self.schema_arrow = file.iter_batches, file.schema_arrow
            self.metadata = Namespace(num_rows=claimed)

    for module in (tables, columns):
        monkeypatch.setattr(module, "read_rows", lambda file, names=None: read(Claiming(file), names))
    with pytest.raises(CaseSaliencyError, match=rf"says that it has {claimed} rows, and has (more|less)"):
        reader(path)
