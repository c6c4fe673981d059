"""Tables, maps, tensors, arrays and JSON, as the workflow keeps them."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
import xarray as xr
from hostile import VALUES, damaged, few
from hypothesis import given
from hypothesis import strategies as st

from case_saliency import storage
from case_saliency.storage.columns import read_columns
from case_saliency.storage.maps import open_maps, write_maps
from case_saliency.storage.tables import read_table, write_table

TABLE = pd.DataFrame({"image_id": ["007", "b"], "value": [0.1, np.nan], "n": [1, 2], "flag": [True, False]})
MAPS = xr.DataArray(
    np.arange(48, dtype=np.float32).reshape(2, 2, 3, 4),
    {"image": ["a", "b"], "target": ["top1", "top2"]},
    ("image", "target", "y", "x"),
    attrs={"method": "gradcam"},
)


def _bytes(folder, name, write):
    write(folder / name)
    return (folder / name).read_bytes()


@pytest.fixture(scope="module")
def true(tmp_path_factory):
    """Name of a kind -> bytes of a true file."""
    folder = tmp_path_factory.mktemp("true")
    return {
        "csv": _bytes(folder, "t.csv", lambda path: write_table(TABLE, path)),
        "parquet": _bytes(folder, "t.parquet", lambda path: write_table(TABLE, path)),
        "json": _bytes(folder, "t.json", lambda path: storage.write_json({"a": [1, None], "b": {"c": "d"}}, path)),
        "npy": _bytes(folder, "t.npy", lambda path: storage.write_matrix(np.eye(3), path)),
        "nc": _bytes(folder, "t.nc", lambda path: write_maps({"l": xr.Dataset({"m": MAPS})}, path)),
        "safetensors": _bytes(
            folder, "t.safetensors", lambda path: storage.write_tensors({"images": torch.ones(3, 2)}, path)
        ),
    }


@pytest.mark.reader("table, CSV")
@few
@given(data=st.data())
def test_csv_tables(data, true, file, tally):
    tally.says = "t.csv"
    path = file("t.csv", data.draw(damaged(true["csv"])))
    found = tally.read(lambda: read_table(path))
    assert found is None or isinstance(found, pd.DataFrame)


@pytest.mark.reader("table, Parquet")
@few
@given(data=st.data())
def test_parquet_tables(data, true, file, tally):
    tally.says = "t.parquet"
    path = file("t.parquet", data.draw(damaged(true["parquet"])))
    for read in (read_table, lambda file: read_columns([file, file], where={"image_id": "a"})):
        found = tally.read(lambda read=read: read(path))
        assert found is None or isinstance(found, pd.DataFrame)


@pytest.mark.reader("JSON: descriptions, claims, metrics")
@few
@given(data=st.data())
def test_json(data, true, file, tally):
    tally.says = "t.json"
    deep = st.integers(1, 10**5).map(lambda depth: b'{"schema_version": 1, "a": ' + b"[" * depth)
    content = data.draw(damaged(true["json"]) | deep | VALUES.map(lambda value: json.dumps(value).encode()))
    found = tally.read(lambda: storage.read_json(file("t.json", content)))
    assert found is None or found["schema_version"] == storage.SCHEMA_VERSION


@pytest.mark.reader("tensors: weights, checkpoints of a training, images")
@few
@given(data=st.data())
def test_tensors(data, true, file, tally):
    tally.says = "t.safetensors"
    path = file("t.safetensors", data.draw(damaged(true["safetensors"]) | headers()))
    tally.read(lambda: storage.read_tensors(path))
    tally.read(lambda: storage.read_metadata(path))
    tally.read(lambda: _slice(path))


def _slice(path):
    with storage.open_array(path, "images") as array:
        array.get_shape()
        return array[:]


@st.composite
def headers(draw):
    """A safetensors file whose header names any type, shape and place of a tensor."""
    offsets = draw(st.lists(st.integers(-1, 2**64), min_size=2, max_size=2))
    tensor = {
        "dtype": draw(st.sampled_from(["F32", "U8", "BOOL", "F99", "I64"])),
        "shape": draw(st.lists(st.integers(0, 2**63), max_size=4)),
        "data_offsets": draw(st.just([0, 24]) | st.just(offsets)),
    }
    header = json.dumps({"__metadata__": {"schema_version": "1"}, "images": tensor}).encode()
    length = draw(st.just(len(header)) | st.integers(0, 2**64 - 1))
    return length.to_bytes(8, "little") + header + bytes(24)


@pytest.mark.reader("confusion counts, NPY")
@few
@given(data=st.data())
def test_matrices(data, true, file, tally):
    tally.says = "t.npy"
    path = file("t.npy", data.draw(damaged(true["npy"]) | shapes()))
    found = tally.read(lambda: storage.read_matrix(path))
    assert found is None or found.dtype != object


@st.composite
def shapes(draw):
    """An NPY file whose header names any type and shape, with pickles behind it."""
    shape = tuple(draw(st.lists(st.integers(0, 2**40), max_size=3)))
    kind = draw(st.sampled_from(["<f8", "|O", "|V9", "<U9", "[('a', '|O')]", "<m8[ns]"]))
    header = f"{{'descr': {kind if kind[0] == '[' else repr(kind)}, 'fortran_order': False, 'shape': {shape}, }}"
    text = header.ljust(118).encode("latin-1") + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + b"cos\nsystem\n(S'touch pwned'\ntR."


@pytest.mark.reader("saliency maps, netCDF")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # h5netcdf's, of a file it cannot open
@few
@given(data=st.data())
def test_maps(data, true, file, tally):
    tally.says = "t.nc"
    path = file("t.nc", data.draw(damaged(true["nc"])))
    tally.read(lambda: _maps(path))


def _maps(path):
    return [maps.read(slice(None)) for layer in open_maps(path).values() for maps in layer.values()]
