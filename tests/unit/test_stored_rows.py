"""Tables that are written and read in parts."""

import re
import tracemalloc
from itertools import pairwise

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from case_saliency.errors import CaseSaliencyError
from case_saliency.statistics.attrition import cells
from case_saliency.storage import columns, parquet
from case_saliency.storage.columns import StoredRows, read_columns
from case_saliency.storage.parquet import writing_parquet
from case_saliency.storage.tables import read_table, write_table

KEYS = ["method", "k"]
ROW = st.tuples(st.sampled_from("abc"), st.sampled_from([5.0, 50.0, np.nan]), st.integers(0, 99))


def written(folder, files):
    """Write rows of a method, a k and a value to files, and return their paths."""
    paths = []
    for number, rows in enumerate(files):
        paths.append(folder / f"{number}.parquet")
        table = pd.DataFrame(rows, columns=[*KEYS, "value"]).astype({"method": "str", "k": float, "value": int})
        write_table(table, paths[-1])
    return paths


@pytest.mark.parametrize("cuts", [[], [3], [1, 2, 3, 50, 99], [70, 70]])
def test_a_table_that_is_written_in_parts_has_the_bytes_of_a_whole_one(tmp_path, monkeypatch, cuts):
    monkeypatch.setattr(parquet, "_ROWS", 16)
    table = pd.DataFrame({"image_id": [f"a{n}" for n in range(100)], "value": np.arange(100) / 7, "k": range(100)})
    write_table(table, tmp_path / "whole.parquet")
    with writing_parquet(tmp_path / "parts.parquet") as write:
        for start, end in pairwise([0, *cuts, 100]):
            write(table.iloc[start:end])
    assert (tmp_path / "parts.parquet").read_bytes() == (tmp_path / "whole.parquet").read_bytes()
    assert pq.read_metadata(tmp_path / "parts.parquet").num_row_groups == 7
    pd.testing.assert_frame_equal(read_table(tmp_path / "parts.parquet"), table)


def test_parts_of_other_columns_and_no_part_are_refused_and_leave_no_file(tmp_path):
    def write_all(*parts):
        with writing_parquet(tmp_path / "x.parquet") as write:
            for part in parts:
                write(pd.DataFrame(part))

    with pytest.raises(ValueError, match=r"x\.parquet: a part has the columns \['b'\], the first has \['a'\]"):
        write_all({"a": [1]}, {"b": [1]})
    with pytest.raises(pa.ArrowInvalid):
        write_all({"a": [1]}, {"a": [0.5]})
    with pytest.raises(ValueError, match=r"x\.parquet: no part of the table was given"):
        write_all()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["scores.csv", "scores", "scores.parquet.gz"])
def test_another_ending_is_refused_before_the_first_row(tmp_path, name):
    with (
        pytest.raises(CaseSaliencyError, match=rf"cannot write .*/{re.escape(name)}: .* end its name in \.parquet$"),
        writing_parquet(tmp_path / name),
    ):
        pytest.fail("the rows were asked for")
    assert not list(tmp_path.iterdir())


def test_parts_may_hold_their_texts_differently(tmp_path):
    with writing_parquet(tmp_path / "x.parquet") as write:
        write(pd.DataFrame({"reason": np.array(["", ""], dtype=object)}))
        write(pd.DataFrame({"reason": pd.Series(["a", None], dtype="str")}))
    found = read_table(tmp_path / "x.parquet")["reason"]
    assert found.tolist()[:3] == ["", "", "a"]
    assert found.isna().tolist() == [False, False, False, True]


def test_one_of_several_texts_may_be_asked_for(tmp_path):
    [path] = written(tmp_path, [[("a", 5.0, 0), ("b", 5.0, 1), ("c", 50.0, 2), ("b", 50.0, 3)]])
    found = read_columns([path], ["value"], {"method": ["c", "b", "z"]})
    assert found.to_dict("list") == {"value": [1, 2, 3]}


@settings(deadline=None)
@given(files=st.lists(st.lists(ROW, max_size=30), min_size=1, max_size=3), room=st.integers(1, 20))
def test_cells_that_are_read_block_by_block_are_those_of_the_whole(tmp_path_factory, files, room):
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(parquet, "_ROWS", 4)
        stored = StoredRows(written(tmp_path_factory.mktemp("blocks"), files))
        patched.setattr(columns, "ROWS", room)
        blocks = list(stored.blocks(KEYS))
        found = [(names, cell["value"].tolist()) for names, cell in cells(stored, KEYS)]
    whole = stored.read()
    assert len(whole) == sum(map(len, files))
    np.testing.assert_equal(found, [(names, cell["value"].tolist()) for names, cell in cells(whole, KEYS)])
    assert sum(map(len, blocks)) == len(whole)
    for block in blocks:
        assert len(block) <= room or len(block.drop_duplicates(KEYS)) == 1


def test_rows_that_are_passed_over_are_in_no_block(tmp_path, monkeypatch):
    paths = written(tmp_path, [[("a", 5.0, 0), ("b", 5.0, 1)], [("b", 50.0, 2), ("a", 5.0, 3)]])
    monkeypatch.setattr(columns, "ROWS", 1)
    stored = StoredRows(paths, ["k", "value"], {"method": "b"})
    assert [block.to_dict("list") for block in stored.blocks(["k"])] == [
        {"k": [5.0], "value": [1]},
        {"k": [50.0], "value": [2]},
    ]


IMAGES = 200


def part(number):
    """Return the rows of one method: as many as there are images."""
    images = [f"image-{i}" for i in range(IMAGES)]
    values = np.random.default_rng(number).random(IMAGES)
    return pd.DataFrame({"method": f"method-{number}", "k": 5.0, "image_id": images, "value": values})


def peak(function):
    """Return the most bytes that a call holds, of Python and of Arrow; the second time, as the first loads much."""
    function()
    usual, pool = pa.default_memory_pool(), pa.proxy_memory_pool(pa.system_memory_pool())
    pa.set_memory_pool(pool)
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1] + pool.max_memory()
    finally:
        tracemalloc.stop()
        pa.set_memory_pool(usual)


def test_what_is_held_does_not_grow_with_the_rows(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet, "_ROWS", 500)
    monkeypatch.setattr(columns, "ROWS", 1000)

    def write_all(methods):
        with writing_parquet(tmp_path / f"{methods}.parquet") as write:
            for number in range(methods):
                write(part(number))

    def read_all(methods):
        for _, cell in cells(StoredRows([tmp_path / f"{methods}.parquet"]), KEYS):
            assert len(cell) == IMAGES

    few, many = (peak(lambda n=n: write_all(n)) for n in (10, 100))
    assert many < 1.2 * few
    few, many = (peak(lambda n=n: read_all(n)) for n in (10, 100))
    assert many < 1.5 * few  # the index of the cells is larger
    whole = StoredRows([tmp_path / "100.parquet"])
    assert peak(lambda: [len(cell) for _, cell in cells(whole.read(), KEYS)]) > 2 * many


def test_parts_of_few_rows_wait_as_one(tmp_path):
    part = pd.DataFrame({f"column {number}": np.arange(8) / 7 for number in range(20)})

    def write_all(parts):
        with writing_parquet(tmp_path / "x.parquet") as write:
            for _ in range(parts):
                write(part.copy())

    waiting = 200 * part.to_numpy().nbytes  # twice there while they are put together
    assert peak(lambda: write_all(300)) - peak(lambda: write_all(100)) < 3 * waiting
