"""Tables, maps, tensors, arrays and JSON, as the workflow keeps them."""

import datetime
import decimal
import io
import json
import math
import re

import h5py
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
import xarray as xr
from hostile import VALUES, damaged, few, fewer
from hypothesis import given
from hypothesis import strategies as st

from case_saliency import storage
from case_saliency.storage import trial
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
    path = file("t.csv", data.draw(damaged(true["csv"]) | wide()))
    found = tally.read(lambda: read_table(path))
    assert found is None or isinstance(found, pd.DataFrame)


@st.composite
def wide(draw):
    """A CSV file of few bytes whose rows may be filled to many cells."""
    end = draw(st.sampled_from(["\n", "\r", "\r\n"]))
    columns = st.sampled_from([0, 1, 99, 999, 1000])
    names = draw(st.sampled_from(["schema_version", '"schema_version"', f'"schema{end}_version"', ""]))
    first = draw(st.sampled_from(["", "\ufeff", end, f" {end}\t{end}"]))
    rows = draw(st.sampled_from([0, 1, 10**3, 10**5]))
    return f"{first}{names}{',' * draw(columns)}{end}1{',' * draw(columns)}{end}{f'1{end}' * rows}".encode()


@pytest.mark.reader("table, Parquet")
@few
@given(data=st.data())
def test_parquet_tables(data, true, file, tally):
    tally.says = "t.parquet"
    path = file("t.parquet", data.draw(damaged(true["parquet"]) | typed()))
    for read in (read_table, lambda file: read_columns([file, file], where={"image_id": "a"})):
        found = tally.read(lambda read=read: read(path))
        assert found is None or isinstance(found, pd.DataFrame)


@st.composite
def typed(draw):
    """A Parquet file with columns of any type, of which a few bytes may unfold to many values."""
    columns = {
        "image_id": ["a"],
        "nested": [[0] * draw(st.integers(0, 10**6))],
        "bytes": [b"0" * draw(st.integers(0, 10**6))],
        "long": ["x" * draw(st.integers(0, 10**6))],
        "structure": [{"a": {"b": [1.0]}}],
        "moment": [datetime.datetime(1, 1, 1)],
        "decimal": [decimal.Decimal("1e-9")],
        "nothing": [None],
        "whole": [draw(st.integers(-(2**63), 2**63 - 1))],
        "number": [draw(st.floats())],
    }
    chosen = draw(st.lists(st.sampled_from([*columns]), min_size=1, max_size=4))
    rows = draw(st.integers(0, 3))
    arrays = [pa.array(columns[name] * rows) for name in chosen]
    if draw(st.booleans()):
        arrays = [column.dictionary_encode() if pa.types.is_primitive(column.type) else column for column in arrays]
    content = io.BytesIO()
    table = pa.table(arrays, ["image_id"] * len(chosen) if draw(st.booleans()) else chosen)
    version = draw(st.sampled_from(["1", "2", "", "\0", "1" * 10**4]))
    pq.write_table(table.replace_schema_metadata({"schema_version": version}), content, compression="zstd")
    return content.getvalue()


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
    path = file("t.nc", data.draw(damaged(true["nc"]) | built()))
    tally.read(lambda: _maps(path))


@pytest.mark.reader("saliency maps of others, in a process of their own")
@fewer
@given(data=st.data())
def test_maps_of_others(data, true, file, tally, monkeypatch):
    tally.says = "t.nc"
    monkeypatch.setattr(trial, "_SECONDS", 5)
    path = file("t.nc", data.draw(damaged(true["nc"]) | circles(true["nc"])))
    tally.read(lambda: trial.maps(path))


@st.composite
def circles(draw, content):
    """A map file whose parts refer to each other, or to themselves, in ways that lead nowhere."""
    content = bytearray(content)
    parts = [found.start() for found in re.finditer(rb"TREE|SNOD|HEAP|OHDR|FRHP|FHDB|BTHD|BTLF", content)]
    for _ in range(draw(st.integers(1, 3))):
        part, to = draw(st.sampled_from(parts)), draw(st.sampled_from(parts))
        place = part + 8 * draw(st.integers(0, 12))
        content[place : place + 8] = to.to_bytes(8, "little")
        if draw(st.booleans()):
            content[part + 5] = draw(st.integers(0, 255))
    return bytes(content)


KINDS = [
    *("f4", "f8", "f2", "g", "i1", "u8", "?", "S1", "S9", "c8", "V7"),
    np.dtype([("a", "f4"), ("b", "S3")]),
    h5py.string_dtype(),
    h5py.vlen_dtype("f4"),
    h5py.ref_dtype,
    h5py.enum_dtype({"a": 1}),
]
SHAPES = st.lists(st.integers(0, 4) | st.just(2**20), max_size=5).filter(lambda sizes: math.prod(sizes) < 2**50)
VERSIONS = [1, 1.0, "1", b"1", [1, 1], h5py.Empty("i4"), np.uint64(2**63)]


@st.composite
def built(draw):
    """An HDF5 file with any kinds, sizes, parts and filters of values where maps and ids are expected."""
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file.attrs["schema_version"] = draw(st.sampled_from(VERSIONS))
        layer = file.create_group(draw(st.sampled_from(["l", "\u202e", "a b", "..", "a/b"])))
        for name in draw(st.lists(st.sampled_from(["image", "m", "m__note", "target"]), unique=True)):
            ids = name == "image" and draw(st.booleans())
            shape = (2, draw(st.integers(0, 9))) if ids else tuple(draw(SHAPES))
            values = h5py.Dataset(stored(draw, layer, name, shape, "S1" if ids else draw(st.sampled_from(KINDS))))
            if draw(st.booleans()):
                values.attrs[draw(st.sampled_from(["scale_factor", "noted_by", "other"]))] = "m"
    return content.getvalue()


def stored(draw, layer, name, shape, kind):
    """A variable without values, in parts of any size or in one."""
    made = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    largest = None
    if shape and draw(st.booleans()):
        made.set_chunk(tuple(min(size + 1, draw(st.integers(1, 2**10))) for size in shape))
        largest = (h5py.h5s.UNLIMITED,) * len(shape)
        for number in draw(st.lists(st.sampled_from([1, 2, 3, 32000, 32015]), max_size=3)):
            made.set_filter(number, h5py.h5z.FLAG_OPTIONAL, (9,) if number == h5py.h5z.FILTER_DEFLATE else ())
    space, type_ = h5py.h5s.create_simple(shape, largest), h5py.h5t.py_create(np.dtype(kind), logical=True)
    return h5py.h5d.create(layer.id, name.encode(), type_, space, made)


def _maps(path):
    return [maps.read(slice(None)) for layer in open_maps(path).values() for maps in layer.values()]
