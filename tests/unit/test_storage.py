import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
import xarray as xr

from case_saliency import storage
from case_saliency.errors import CaseSaliencyError
from case_saliency.storage.columns import read_columns
from case_saliency.storage.maps import open_maps, write_maps
from case_saliency.storage.tables import read_table, write_table


@pytest.fixture
def maps():
    values = np.arange(2 * 2 * 3 * 4, dtype=np.float32).reshape(2, 2, 3, 4)
    coords = {"image": ["a", "b"], "target": ["top1", "top2"]}
    variable = xr.DataArray(values, coords, ("image", "target", "y", "x"), attrs={"method": "gradcam", "relu": 1})
    return {"last_conv": xr.Dataset({"gradcam": variable}, attrs={"module": "_conv_head"})}


TABLE = pd.DataFrame({"name": ["NA", "b"], "value": [0.1, np.nan], "n": [1, 2], "flag": [True, False]})


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_table_comes_back_as_it_was(tmp_path, ending):
    write_table(TABLE, tmp_path / f"t.{ending}")
    pd.testing.assert_frame_equal(read_table(tmp_path / f"t.{ending}"), TABLE, check_dtype=False)


def test_maps_come_back_at_native_resolution_with_their_parameters(tmp_path, maps):
    write_maps(maps, tmp_path / "m.nc", {"experiment": "tiny"})
    with xr.open_datatree(tmp_path / "m.nc", engine="h5netcdf") as layers:
        assert list(layers.children) == ["last_conv"]
        xr.testing.assert_identical(layers["last_conv"].to_dataset().load(), maps["last_conv"])


@pytest.mark.parametrize("rows", [[1, 0, 1], [0], [], slice(1, None), slice(0, 0)])
def test_some_maps_are_read_in_the_order_asked_for(tmp_path, maps, rows):
    write_maps(maps, tmp_path / "m.nc")
    found = open_maps(tmp_path / "m.nc")
    assert list(found) == ["last_conv"]
    assert list(found["last_conv"]) == ["gradcam"]
    stored = found["last_conv"]["gradcam"]
    assert (stored.images, stored.shape) == (("a", "b"), (2, 2, 3, 4))
    np.testing.assert_array_equal(stored.read(rows), maps["last_conv"]["gradcam"].to_numpy()[rows], strict=True)


def test_tensors_come_back(tmp_path):
    storage.write_tensors({"b": torch.eye(2), "a": torch.arange(3)}, tmp_path / "w.safetensors")
    read = storage.read_tensors(tmp_path / "w.safetensors")
    assert torch.equal(read["b"], torch.eye(2))
    assert torch.equal(read["a"], torch.arange(3))


def test_metadata_of_tensors_come_back(tmp_path):
    storage.write_tensors({"a": torch.ones(1)}, tmp_path / "w.safetensors", {"note": "ü"})
    assert storage.read_metadata(tmp_path / "w.safetensors")["note"] == "ü"
    with pytest.raises(CaseSaliencyError, match="cannot read"):
        storage.read_metadata(tmp_path / "none.safetensors")


@pytest.mark.parametrize("matrix", [np.arange(6).reshape(2, 3), np.asfortranarray(np.eye(3) / 3)])
def test_a_matrix_comes_back(tmp_path, matrix):
    storage.write_matrix(matrix, tmp_path / "m.npy")
    read = storage.read_matrix(tmp_path / "m.npy")
    assert read.dtype == matrix.dtype
    np.testing.assert_array_equal(read, matrix)
    np.testing.assert_array_equal(np.load(tmp_path / "m.npy", allow_pickle=False), matrix)


def test_a_matrix_of_objects_is_neither_written_nor_read(tmp_path):
    objects = np.array([{"a": 1}], dtype=object)
    with pytest.raises(ValueError, match="Object arrays cannot be saved"):
        storage.write_matrix(objects, tmp_path / "m.npy")
    assert not list(tmp_path.iterdir())
    np.save(tmp_path / "m.npy", objects, allow_pickle=True)
    with pytest.raises(CaseSaliencyError, match=r"cannot read .*m\.npy: Object arrays cannot be loaded"):
        storage.read_matrix(tmp_path / "m.npy")


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"no array"])
def test_a_damaged_matrix_is_named(tmp_path, content):
    (tmp_path / "m.npy").write_bytes(content)
    with pytest.raises(CaseSaliencyError, match=r"cannot read .*m\.npy"):
        storage.read_matrix(tmp_path / "m.npy")


@pytest.mark.parametrize("name", ["t.csv", "t.parquet", "m.nc", "j.json", "w.safetensors", "m.npy"])
def test_the_same_content_gives_the_same_bytes(tmp_path, maps, name):
    write = {
        ".csv": lambda path: write_table(TABLE, path),
        ".parquet": lambda path: write_table(TABLE, path),
        ".nc": lambda path: write_maps(maps, path),
        ".json": lambda path: storage.write_json({"a": [1, None]}, path),
        ".safetensors": lambda path: storage.write_tensors({"a": torch.ones(2)}, path),
        ".npy": lambda path: storage.write_matrix(np.eye(2), path),
    }[Path(name).suffix]
    hashes = set()
    for folder in ("one", "two"):
        write(tmp_path / folder / name)
        hashes.add(storage.sha256(tmp_path / folder / name))
    assert len(hashes) == 1


def test_two_writers_of_one_file_do_not_disturb_each_other(tmp_path):
    target = tmp_path / "note.txt"
    with storage.atomic(target) as first, storage.atomic(target) as second:
        first.write_text("whole")
        second.write_text("whole")
    assert [file.name for file in tmp_path.iterdir()] == ["note.txt"]


def test_what_a_killed_writer_left_is_swept_and_what_another_machine_writes_is_not(tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left = tmp_path / f".note.txt.{ended.pid}@{socket.gethostname()}.x.tmp.txt"
    elsewhere, old = tmp_path / ".note.txt.1@elsewhere.x.tmp.txt", tmp_path / ".note.txt.2@elsewhere.x.tmp.txt"
    for file in (left, elsewhere, old):
        file.touch()
    os.utime(old, (0, 0))
    storage.write_text("whole", tmp_path / "note.txt")
    assert {file.name for file in tmp_path.iterdir()} == {"note.txt", elsewhere.name}


def test_a_failure_in_the_middle_keeps_the_old_file_and_no_other(tmp_path):
    target = tmp_path / "note.txt"
    target.write_text("old")

    def fail():
        with storage.atomic(target) as temporary:
            temporary.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_killed_writer_leaves_nothing_that_looks_finished_and_the_next_one_cleans_up(tmp_path):
    program = (
        "import os, signal, sys; from case_saliency import storage\n"
        "with storage.atomic(sys.argv[1]) as t:\n    t.write_text('half'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    target = tmp_path / "note.txt"
    assert subprocess.run([sys.executable, "-c", program, str(target)], check=False).returncode == -9
    assert not target.exists()
    storage.write_text("whole", target)
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("content", [b"", b"not what it says", b"\x89HDF\r\n\x1a\n" + bytes(100)])
@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("x.parquet", read_table),
        ("x.json", storage.read_json),
        ("x.safetensors", storage.read_tensors),
        ("x.nc", lambda path: open_maps(path)),
        ("missing/x.csv", read_table),
    ],
)
def test_an_unreadable_file_is_an_error_that_names_it(tmp_path, name, read, content):
    path = tmp_path / name
    if path.parent == tmp_path:
        path.write_bytes(content)
    with pytest.raises(CaseSaliencyError, match=f"(?s){path.name}.*run the workflow again"):
        read(path)


def test_another_schema_version_is_refused(tmp_path):
    (tmp_path / "x.json").write_text(json.dumps({"schema_version": 99}))
    with pytest.raises(CaseSaliencyError, match="schema version 99 found, 1 expected"):
        storage.read_json(tmp_path / "x.json")


def test_nan_is_refused_in_json(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        storage.write_json({"a": float("nan")}, tmp_path / "x.json")


def test_a_target_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CaseSaliencyError, match=r"cannot write .*file/x.txt"):
        storage.write_text("", tmp_path / "file" / "x.txt")


def test_columns_of_some_rows_of_many_files(tmp_path):
    rows = pd.DataFrame({"image_id": ["a", "b", "c"], "target": ["top1", "top2", "top1"], "value": [1.0, np.nan, 3.0]})
    for name in ("x", "y"):
        write_table(rows.assign(image_id=name + rows["image_id"]), tmp_path / f"{name}.parquet")
    files = [tmp_path / "x.parquet", tmp_path / "y.parquet"]
    whole = pd.concat([read_table(file) for file in files], ignore_index=True)
    found = read_columns(files)
    assert (found.dtypes[["image_id", "target"]] == "category").all()
    pd.testing.assert_frame_equal(found.astype({"image_id": "str", "target": "str"}), whole)
    some = read_columns(files, ["value", "image_id"], {"target": "top1"})
    assert some.to_dict("list") == {"value": [1.0, 3.0, 1.0, 3.0], "image_id": ["xa", "xc", "ya", "yc"]}


def test_columns_of_more_files_than_a_process_may_have_open(tmp_path, few_open_files):
    files = [tmp_path / f"{index}-of-60.parquet" for index in range(60)]
    for index, file in enumerate(files):
        write_table(pd.DataFrame({"image_id": [f"image_{index}"], "value": [index]}), file)
    few_open_files(30)
    assert read_columns(files)["value"].tolist() == list(range(60))


def test_columns_that_are_missing_or_damaged_are_named(tmp_path):
    write_table(TABLE, tmp_path / "x.parquet")
    with pytest.raises(CaseSaliencyError, match=r"x.parquet: .*column nothing is missing"):
        read_columns([tmp_path / "x.parquet"], ["nothing"])
    (tmp_path / "y.parquet").write_bytes((tmp_path / "x.parquet").read_bytes()[:-20])
    with pytest.raises(CaseSaliencyError, match=r"cannot read .*y.parquet"):
        read_columns([tmp_path / "y.parquet"])


@pytest.mark.parametrize("where", [None, {"fill": "mean"}])
def test_columns_of_another_type_than_in_other_files_are_named(tmp_path, where):
    files = [tmp_path / "x.parquet", tmp_path / "y.parquet"]
    for file, fill in zip(files, ("mean", 7), strict=True):
        write_table(pd.DataFrame({"fill": [fill]}), file)
    with pytest.raises(CaseSaliencyError, match=r"cannot read .*y\.parquet: .*int64"):
        read_columns(files, where=where)


def test_a_column_of_bytes_that_are_no_text_is_named(tmp_path):
    array = pa.Array.from_buffers(pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\2\0\0\0"), pa.py_buffer(b"\xff\xfe")])
    table = pa.table({"fill": array}).replace_schema_metadata({"schema_version": "1"})
    pq.write_table(table, tmp_path / "x.parquet")
    with pytest.raises(CaseSaliencyError, match=r"cannot read .*x\.parquet: .*UTF"):
        read_columns([tmp_path / "x.parquet"])
