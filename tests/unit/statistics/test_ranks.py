"""Ranks over methods: published tables, sums by hand, and the level under exchangeable methods."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from case_saliency.statistics.ranks import critical_difference, friedman, groups, ranks_table

# Demsar (2006), table 5a: the upper 5% point of the studentised range over sqrt(2)
NEMENYI = {2: 1.960, 3: 2.343, 4: 2.569, 5: 2.728, 6: 2.850, 7: 2.949, 8: 3.031, 9: 3.102, 10: 3.164}


@pytest.mark.parametrize("k", NEMENYI)
def test_critical_differences_are_the_published_ones(k):
    n = 14
    assert critical_difference(n, k, 0.05) == pytest.approx(NEMENYI[k] * math.sqrt(k * (k + 1) / (6 * n)), rel=4e-4)


def test_no_image_and_one_method_have_no_critical_difference():
    assert math.isnan(critical_difference(0, 4, 0.05))
    assert math.isnan(critical_difference(9, 1, 0.05))


def test_friedman_by_hand():
    # ranks 1 2 3, 1 2 3, 1 3 2, 2 1 3: sums 5 8 11; 12 / (4 3 4) (25 + 64 + 121) - 3 4 4 = 4.5
    blocks = np.array([[1.0, 2, 3], [10, 20, 30], [1, 9, 4], [5, 0, 7]])
    statistic, p = friedman(blocks)
    assert statistic == pytest.approx(4.5)
    assert p == pytest.approx(math.exp(-4.5 / 2))  # chi-squared with two degrees of freedom


def test_friedman_of_ties_and_of_too_little():
    assert friedman(np.ones((5, 3))) == (0, 1)
    for shape in ((5, 2), (0, 4)):
        assert all(math.isnan(value) for value in friedman(np.ones(shape)))


def test_methods_in_reach_of_each_other_share_a_letter():
    # Demsar (2006), 3.2.2: mean ranks of four variants on 14 data sets, critical difference 1.25: none differ
    ranks = np.array([3.143, 2.000, 2.893, 1.964])
    assert groups(ranks, 1.25) == ["a"] * 4
    # at level .10 it is 1.12: the first is worse than the second and the fourth, the third cannot be placed
    assert groups(ranks, 1.12) == ["b", "a", "ab", "a"]
    assert groups(ranks, 0.5) == ["b", "a", "b", "a"]
    assert groups(np.array([1.0, 2, 3]), 0.9) == ["a", "b", "c"]


def test_level_under_exchangeable_methods():
    n_runs, n, k = 2000, 18, 6
    rng = np.random.default_rng(0)
    ranks = stats.rankdata(rng.random((n_runs, n, k)), axis=2).mean(axis=1)
    told_apart = np.mean(np.ptp(ranks, axis=1) > critical_difference(n, k, 0.05))
    rejected = np.mean([friedman(rng.random((n, k)))[1] < 0.05 for _ in range(n_runs)])
    tolerance = 4 * math.sqrt(0.05 * 0.95 / n_runs)
    assert 0.02 < told_apart < 0.05 + tolerance
    assert 0.02 < rejected < 0.05 + tolerance


def scores(agreement, method, layer="conv", model="net", degenerate=None, qualified=None):
    n = len(agreement)
    qualified = np.ones(n, dtype=bool) if qualified is None else np.array(qualified)
    return pd.DataFrame({"agreement": np.array(agreement, dtype=float), "qualified": qualified}).assign(
        experiment="e", dataset="d", model=model, seed=0, layer=layer, method=method, k_percent=5.0,
        image_id=[f"image-{i}" for i in range(n)], degenerate=degenerate or [""] * n,
        reason=np.where(qualified, "", "misclassified"),
    )  # fmt: skip


def table(*frames, **settings):
    return ranks_table(pd.concat(frames, ignore_index=True), **{"controls": {"random"}, "alpha": 0.05} | settings)


A, B, C = [1, 10, 1, 5], [2, 20, 9, 0], [3, 30, 4, 7]


def test_rows_by_hand():
    rows = table(scores(B, "b"), scores(A, "a"), scores(C, "c"), scores([0] * 4, "random")).to_dict("records")
    assert [(row["method"], row["mean_rank"], row["groups"]) for row in rows] == [
        ("b", 2.0, "a"), ("a", 1.25, "a"), ("c", 2.75, "a"),
    ]  # fmt: skip
    assert {key: rows[0][key] for key in ("n", "n_incomplete", "n_methods", "layer")} == {
        "n": 4, "n_incomplete": 0, "n_methods": 3, "layer": "conv",
    }  # fmt: skip
    assert rows[0]["statistic_friedman"] == pytest.approx(4.5)
    assert rows[0]["critical_difference"] == pytest.approx(2.343 * math.sqrt(12 / 24), rel=4e-4)


def test_only_images_with_all_methods_are_ranked_whatever_their_order():
    holed = scores([1, np.nan, 1, 5, 3], "a", degenerate=["", "zero", "", "", ""], qualified=[True] * 4 + [False])
    full = [scores([*values, 9], name, qualified=[True] * 4 + [False]) for name, values in (("b", B), ("c", C))]
    found = table(holed, full[0].iloc[::-1], full[1]).set_index("method")
    assert found["mean_rank"].to_dict() == pytest.approx({"a": 4 / 3, "b": 2.0, "c": 8 / 3})
    assert set(found["n"]) == {3}
    assert set(found["n_incomplete"]) == {1}
    sensitive = table(holed, *full, degenerate_policy="sensitive").set_index("method")
    assert sensitive["mean_rank"].to_dict() == {"a": 1.25, "b": 2.0, "c": 2.75}
    insensitive = table(holed, *full, degenerate_policy="insensitive").set_index("method")
    assert insensitive["mean_rank"].to_dict() == {"a": 1.75, "b": 1.75, "c": 2.5}


def test_methods_of_the_input_are_ranked_at_every_layer_and_alone_where_there_is_none():
    frames = [scores(A, "a", layer) for layer in ("conv", "norm")] + [scores(B, "edges", "input")]
    found = table(*frames)
    assert found[["layer", "method", "mean_rank"]].to_numpy().tolist() == [
        ["conv", "a", 1.25], ["conv", "edges", 1.75], ["norm", "a", 1.25], ["norm", "edges", 1.75],
    ]  # fmt: skip
    assert found["p_friedman"].isna().all()  # two methods
    assert table(scores(A, "x", "input"), scores(B, "y", "input"))["layer"].tolist() == ["input", "input"]


def test_a_method_of_empty_maps_leaves_nothing_to_rank_and_says_so():
    found = table(scores([np.nan] * 4, "a", degenerate=["zero"] * 4), scores(B, "b"), scores(C, "c"))
    assert found[["n", "n_incomplete"]].to_numpy().tolist() == [[0, 4]] * 3
    assert found[["mean_rank", "p_friedman", "critical_difference", "groups"]].isna().all(axis=None)
