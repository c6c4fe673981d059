"""Agreement of every two classes, on maps of four pixels and against the agreement of RQ1."""

from itertools import combinations

import numpy as np
import pytest

from case_saliency.diagnostic.agreement import score_agreement
from case_saliency.diagnostic.pairwise import COLUMNS, class_matrix, most_likely, score_pairwise
from case_saliency.errors import CaseSaliencyError


def test_a_matrix_by_hand():
    # Top two of four: {0, 1}, {0, 2}, {3, 2}, and a tie: 3 is in for certain, 0, 1 and 2 with probability 1/3.
    maps = np.array([[[4, 3], [2, 1]], [[4, 1], [3, 2]], [[1, 2], [3, 4]], [[1, 1], [1, 2]]], dtype=float)
    found = class_matrix(maps, (2, 2), k_percent=50)
    expected = [
        [100, 50, 0, 100 / 3],
        [50, 100, 50, 100 / 3],
        [0, 50, 100, 200 / 3],
        [100 / 3, 100 / 3, 200 / 3, 200 / 3],  # with itself: (1 + 3 / 9) / 2
    ]
    np.testing.assert_allclose(found.agreement, expected, rtol=1e-14)
    assert found.n_top == 2
    np.testing.assert_allclose(found.pairs, [50, 0, 100 / 3, 50, 100 / 3, 200 / 3])
    assert found.summary() == {
        "n_pairs": 6, "n_degenerate": 0, "mean": pytest.approx(700 / 18), "median": pytest.approx(125 / 3),
        "lowest": 0, "highest": pytest.approx(200 / 3),
    }  # fmt: skip


def test_degenerate_maps_empty_their_row_and_column():
    sound = [[4.0, 3.0], [2.0, 1.0]]
    maps = np.array([sound, np.zeros((2, 2)), sound, [[1.0, 0.0], [0.0, 0.0]]])
    found = class_matrix(maps, (2, 2), k_percent=50)
    kinds = [["", "zero", "", "small_support"], ["zero"] * 4, ["", "zero", "", "small_support"]]
    assert found.degenerate[:3].tolist() == kinds
    assert np.isnan(found.agreement).tolist() == [[kind != "" for kind in row] for row in found.degenerate]
    assert (found.agreement[0, 2], found.summary()["n_pairs"], found.summary()["n_degenerate"]) == (100, 1, 5)
    empty = class_matrix(np.zeros((3, 2, 2)), (2, 2))
    assert (empty.summary()["n_pairs"], empty.summary()["n_degenerate"]) == (0, 3)
    assert np.isnan([empty.summary()["mean"], empty.summary()["highest"]]).all()


def test_every_pair_equals_the_agreement_of_the_diagnostic():
    maps = np.random.default_rng(0).normal(size=(5, 4, 3, 3)).clip(-0.5).astype(np.float32)
    maps[3, 1] = 0
    names = [f"image-{i}" for i in range(5)]
    classes = np.array([[9, 8, 7, 6]] * 5) + np.arange(5)[:, None]
    qualified = np.array([True, True, False, True, True])
    table = score_pairwise(
        maps, image_ids=names, classes=classes, input_size=(9, 12), k_percent=10, qualified=qualified
    )
    assert table.columns.tolist() == list(COLUMNS[6:])
    assert table["image_id"].tolist() == [name for name in names for _ in range(6)]
    for a, b in combinations(range(4), 2):
        reference = score_agreement(
            maps[:, [a, b]], image_ids=names, targets=classes[:, [a, b]], qualified=qualified, input_size=(9, 12),
            k_percents=[10],
        )  # fmt: skip
        found = table[(table["rank_a"] == a + 1) & (table["rank_b"] == b + 1)].reset_index(drop=True)
        np.testing.assert_array_equal(found["agreement"], reference["agreement"].where(qualified))
        assert found["degenerate"].tolist() == reference["degenerate"].tolist()
        assert found["reason"].tolist() == reference["reason"].tolist()
        assert found["n_top"].tolist() == reference["n_top"].tolist()
        assert found[["class_a", "class_b"]].to_numpy().tolist() == reference[["target_a", "target_b"]].values.tolist()


def test_the_most_likely_classes_and_equal_logits():
    logits = np.array([[1.0, 5.0, 1.0, 3.0], [0.0, 0.0, 0.0, 0.0]])
    assert most_likely(logits, 3).tolist() == [[1, 3, 0], [0, 1, 2]]
    with pytest.raises(CaseSaliencyError, match=r"pairwise.n_classes: 5 found, the network tells 4 classes apart"):
        most_likely(logits, 5)


def test_refuses_shapes_that_do_not_fit():
    with pytest.raises(ValueError, match=r"maps of shape \(1, 2, 2\), expected \(C, h, w\)"):
        class_matrix(np.ones((1, 2, 2)), (2, 2))
    with pytest.raises(ValueError, match="score_pairwise: maps of shape"):
        score_pairwise(
            np.ones((1, 3, 2, 2)), image_ids=["a"], classes=np.array([[0, 1]]), input_size=(2, 2), k_percent=5,
            qualified=np.array([True]),
        )  # fmt: skip
