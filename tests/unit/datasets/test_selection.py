"""The seeded sample depends on seed and ids alone."""

import hashlib
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from case_saliency.datasets.selection import leading, select
from case_saliency.errors import CaseSaliencyError

IDS = st.lists(st.text(min_size=1, max_size=6), min_size=1, max_size=12, unique=True)


def manifest(ids: list[str], split: str = "test") -> pd.DataFrame:
    return pd.DataFrame({"image_id": ids, "label": range(len(ids)), "split": [split] * len(ids)})


def test_takes_the_smallest_hashes_in_the_order_of_the_manifest() -> None:
    ids = ["a", "b", "c", "d", "e"]
    ranked = sorted(ids, key=lambda name: hashlib.sha256(f"7:{name}".encode()).digest())
    chosen = select(manifest(ids), 3, seed=7)
    assert chosen["image_id"].tolist() == sorted(ranked[:3])
    assert chosen["label"].tolist() == [ids.index(name) for name in sorted(ranked[:3])]
    assert chosen.index.tolist() == [0, 1, 2]


def test_none_takes_all_rows_of_the_split() -> None:
    both = pd.concat([manifest(["a", "b"]), manifest(["c"], split="train")], ignore_index=True)
    assert select(both, None, seed=0)["image_id"].tolist() == ["a", "b", "c"]
    assert select(both, None, seed=0, split="train")["image_id"].tolist() == ["c"]


@given(ids=IDS, seed=st.integers(0, 99), data=st.data())
def test_row_order_does_not_matter_and_samples_are_nested(ids: list[str], seed: int, data: st.DataObject) -> None:
    n = data.draw(st.integers(1, len(ids)))
    shuffled = data.draw(st.permutations(ids))
    chosen = set(select(manifest(ids), n, seed)["image_id"])
    assert len(chosen) == n
    assert set(select(manifest(shuffled), n, seed)["image_id"]) == chosen
    if n > 1:
        assert set(select(manifest(ids), n - 1, seed)["image_id"]) < chosen


@given(ids=IDS, seed=st.integers(0, 99))
def test_an_added_image_takes_at_most_one_place(ids: list[str], seed: int) -> None:
    n = max(1, len(ids) // 2)
    before = set(select(manifest(ids), n, seed)["image_id"])
    after = set(select(manifest([*ids, "newcomer"]), n, seed)["image_id"])
    assert len(before - after) <= 1
    assert after - before <= {"newcomer"}


def test_the_draw_is_uniform_over_seeds() -> None:
    rows = manifest(["a", "b", "c", "d", "e"])
    counts = Counter(name for seed in range(1000) for name in select(rows, 2, seed)["image_id"])
    # Each id has probability 2/5: mean 400, standard deviation 15.5; the seeds are fixed, so this cannot flicker.
    assert all(abs(counts[name] - 400) < 4 * 15.5 for name in "abcde")


def test_the_input_is_not_changed() -> None:
    rows = manifest(["a", "b", "c"])
    copy = rows.copy()
    chosen = select(rows, None, seed=0)
    chosen["label"] = -1
    pd.testing.assert_frame_equal(rows, copy)


@pytest.mark.parametrize("n_images", [0, -1, 4])
def test_an_impossible_size_names_key_value_and_remedy(n_images: int) -> None:
    with pytest.raises(
        CaseSaliencyError, match=f"n_images is {n_images}, but there are 3 images; choose 1 to 3, or null for all"
    ):
        select(manifest(["a", "b", "c"]), n_images, seed=0)


def test_unknown_split_empty_manifest_and_repeated_ids_are_refused() -> None:
    with pytest.raises(CaseSaliencyError, match="split 'tset' holds no image; splits of the manifest: test"):
        select(manifest(["a"]), None, seed=0, split="tset")
    with pytest.raises(CaseSaliencyError, match="the manifest is empty"):
        select(manifest([]), None, seed=0)
    with pytest.raises(CaseSaliencyError, match="image_id 'a' appears more than once"):
        select(manifest(["a", "b", "a"]), None, seed=0)


def test_the_first_images_that_qualify():
    qualified = np.array([False, True, False, True, False, True])
    assert leading(qualified, 2).tolist() == [0, 1, 2, 3]
    assert leading(qualified, 3).tolist() == leading(qualified, 9).tolist() == [0, 1, 2, 3, 4, 5]
