"""Agreement scores from maps, by hand on maps of a few pixels."""

import numpy as np
import pytest

from case_saliency.diagnostic.agreement import COLUMNS, score_agreement


def score(maps, qualified=None, k_percents=(50,), input_size=None, ties="expected", resolution="input"):
    n = len(maps)
    return score_agreement(
        maps,
        image_ids=[f"image-{i}" for i in range(n)],
        targets=np.tile([7, 3], (n, 1)),
        qualified=np.ones(n, dtype=bool) if qualified is None else np.array(qualified),
        input_size=input_size or maps.shape[2:],
        k_percents=k_percents,
        ties=ties,
        resolution=resolution,
    )


def pair(first, second):
    return np.array([[first, second]], dtype=np.float32)


def test_shares_one_of_two_pixels():
    table = score(pair([[4, 3], [2, 1]], [[4, 1], [3, 2]]))
    assert table.columns.tolist() == list(COLUMNS[6:])
    assert table.loc[0].to_dict() == {
        "image_id": "image-0",
        "target_a": 7,
        "target_b": 3,
        "k_percent": 50.0,
        "resolution": "input",
        "ties": "expected",
        "n_top": 2,
        "agreement": 50.0,
        "agreement_paper": 50.0,
        "degenerate": "",
        "qualified": True,
        "reason": "",
    }


def test_the_top_set_is_formed_at_input_resolution():
    # (0, 1) becomes (0, 1/4, 3/4, 1): a single pixel of four is the top 25%; at native size it would be one of two.
    table = score(pair([[0, 1]], [[1, 0]]), input_size=(1, 4), k_percents=(25, 75))
    assert table["n_top"].tolist() == [1, 3]
    np.testing.assert_allclose(table["agreement"], [0, 100 * 2 / 3], rtol=1e-15)


def test_at_native_resolution_the_set_has_a_fractional_size_and_the_input_no_say():
    maps = pair([[5, 4], [3, 2]], [[5, 3], [4, 2]])
    table = score(maps, input_size=(64, 64), k_percents=(10, 62.5), resolution="native")
    assert table["n_top"].tolist() == [0.4, 2.5]
    # the largest cell is shared; of the top two one is, of the top three all: (1 + (3 - 1) / 2) / 2.5
    assert table["agreement"].tolist() == [100, 80]
    assert set(table["resolution"]) == {"native"}


def test_ties_follow_the_named_convention():
    maps = pair([[2, 1], [1, 1]], [[1, 1], [1, 2]])
    # expected: pi = (1, 1/3, 1/3, 1/3) and (1/3, 1/3, 1/3, 1), sum of products 1/3 + 1/9 + 1/9 + 1/3 = 8/9, over 2
    assert score(maps)["agreement"].item() == pytest.approx(400 / 9, rel=1e-15)
    assert score(maps)["agreement_paper"].item() == 50  # recorded beside it
    # paper: {0, 3} and {3, 2}
    table = score(maps, ties="paper")
    assert (table["agreement"].item(), table["ties"].item()) == (50, "paper")


SOUND = [[4.0, 3.0], [2.0, 1.0]]
ZERO, CONSTANT, NAN, SMALL = np.zeros((2, 2)), np.ones((2, 2)), np.full((2, 2), np.nan), [[1.0, 0.0], [0.0, 0.0]]


@pytest.mark.parametrize(
    ("first", "second", "kind"),
    [
        (ZERO, ZERO, "zero"),
        (SOUND, ZERO, "zero"),
        (CONSTANT, SOUND, "constant"),
        (CONSTANT, ZERO, "zero"),
        (ZERO, NAN, "nan"),
        (SMALL, SOUND, "small_support"),
        (SOUND, SMALL, "small_support"),
        (SMALL, CONSTANT, "constant"),
    ],
)
def test_a_degenerate_map_has_no_agreement_and_is_named_by_the_worse_defect(first, second, kind):
    table = score(pair(first, second))
    assert table["agreement"].isna().all()
    assert table["degenerate"].tolist() == [kind]


def test_small_support_depends_on_the_size_of_the_top_set():
    table = score(pair(SMALL, [[2, 0], [0, 1]]), k_percents=(25, 50))
    assert table["degenerate"].tolist() == ["", "small_support"]
    assert table["agreement"].tolist()[0] == 100


def test_images_that_do_not_qualify_are_scored_and_marked():
    table = score(np.concatenate([pair(SOUND, SOUND)] * 2), qualified=[True, False])
    assert table["agreement"].tolist() == [100, 100]
    assert table["reason"].tolist() == ["", "misclassified"]


def test_many_images_equal_one_by_one():
    maps = np.random.default_rng(0).normal(size=(70, 2, 3, 3)).clip(0).astype(np.float32)
    maps[[5, 40]] = 0
    before = maps.copy()
    together = score(maps, input_size=(9, 12), k_percents=(5, 20))
    singly = [score(maps[i : i + 1], input_size=(9, 12), k_percents=(5, 20)) for i in range(70)]
    np.testing.assert_array_equal(together["agreement"], np.concatenate([table["agreement"] for table in singly]))
    assert together["image_id"].tolist()[:3] == ["image-0", "image-0", "image-1"]
    assert (together["degenerate"] == "zero").sum() == 4
    np.testing.assert_array_equal(maps, before)


def test_no_images_give_an_empty_table():
    assert score(np.empty((0, 2, 3, 3), dtype=np.float32)).shape == (0, len(COLUMNS) - 6)


def test_refuses_shapes_that_do_not_fit():
    maps = pair(SOUND, SOUND)
    arguments = {"image_ids": ["a"], "input_size": (2, 2), "k_percents": [5]}
    targets, qualified = np.zeros((1, 2), dtype=int), np.array([True])
    with pytest.raises(ValueError, match="maps of shape"):
        score_agreement(maps[:, :1], targets=targets, qualified=qualified, **arguments)
    with pytest.raises(ValueError, match="targets of shape"):
        score_agreement(maps, targets=targets[0], qualified=qualified, **arguments)
    with pytest.raises(ValueError, match="qualified is int64"):
        score_agreement(maps, targets=targets, qualified=np.array([1]), **arguments)
