"""The table of RQ1 from hand-made scores."""

import math

import numpy as np
import pandas as pd
import pytest

from case_saliency.statistics.class_sensitivity import agreement_table
from case_saliency.statistics.clusters import cluster_median_interval
from case_saliency.statistics.intervals import bca_mean_interval, median_interval
from case_saliency.statistics.paired import wilcoxon_less


def scores(agreement, method="case", model="net", k_percent=5.0, degenerate=None, qualified=None, pairs=None):
    n = len(agreement)
    qualified = np.ones(n, dtype=bool) if qualified is None else np.array(qualified)
    return pd.DataFrame(
        {
            "experiment": "e",
            "dataset": "d",
            "model": model,
            "seed": 0,
            "layer": "last_conv",
            "method": method,
            "image_id": [f"image-{i}" for i in range(n)],
            "target_a": np.arange(n) if pairs is None else np.array(pairs),
            "target_b": 0,
            "k_percent": k_percent,
            "agreement": np.array(agreement, dtype=float),
            "agreement_paper": np.array(agreement, dtype=float),
            "degenerate": degenerate or [""] * n,
            "qualified": qualified,
            "reason": np.where(qualified, "", "misclassified"),
        }
    )


def table(*frames, **settings):
    defaults = {"controls": {"random"}, "alpha": 0.05, "threshold": 50.0, "zero_method": "wilcox"}
    return agreement_table(pd.concat(frames, ignore_index=True), **defaults | settings)


LOW = [float(i) for i in range(1, 19)]
HIGH = [60.0 + i for i in range(18)]
SPREAD = [5.0 * i for i in range(2, 20)]


def test_a_row_by_hand():
    row = table(scores(LOW)).loc[0].to_dict()
    assert row.pop("p_wilcoxon") == pytest.approx(2**-18, rel=1e-12)  # all 18 differences negative
    assert row.pop("p_wilcoxon_paper") == pytest.approx(2**-18, rel=1e-12)
    assert row.pop("p_sign") == pytest.approx(2**-18, rel=1e-12)
    assert row.pop("p_holm") == pytest.approx(2**-18, rel=1e-12)
    assert row.pop("ci_level") == pytest.approx(0.969116, abs=5e-7)
    assert row.pop("power") == pytest.approx(0.71745, abs=5e-6)
    interval = bca_mean_interval(np.array(LOW), 0.95, seed=0)
    assert (row.pop("mean_ci_low"), row.pop("mean_ci_high")) == (interval.low, interval.high)
    over_pairs = cluster_median_interval(np.array(LOW), np.arange(18), 0.95, seed=0)
    assert (row.pop("cluster_ci_low"), row.pop("cluster_ci_high")) == (over_pairs.low, over_pairs.high)
    assert row == {
        "experiment": "e",
        "dataset": "d",
        "model": "net",
        "seed": 0,
        "layer": "last_conv",
        "method": "case",
        "k_percent": 5.0,
        "n": 18,
        "median_agreement": 9.5,
        "median_agreement_paper": 9.5,
        "ci_low": 5.0,
        "ci_high": 14.0,
        "mean_agreement": 9.5,
        "hodges_lehmann": 9.5,
        "rank_biserial": -1.0,
        "verdict": "class-sensitive",
        "verdict_if_insensitive": "class-sensitive",
        "verdict_if_sensitive": "class-sensitive",
        "n_for_power80": 28,
        "role": "method",
        "rejects_paper": True,
        "degenerate_rate": 0.0,
        "n_degenerate": 0,
        "n_excluded_misclassified": 0,
        "n_total": 18,
        "n_pairs_of_classes": 18,
        "fragile": False,
    }


def test_the_papers_order_of_ties_has_its_own_median_and_test_and_changes_nothing_else():
    ours = scores(**MIXED)
    theirs = ours.assign(agreement_paper=ours["agreement"].where(ours.index != 13, 20.0) + 15)
    plain, found = table(ours).loc[0], table(theirs).loc[0]
    kept = [*(value + 15 for value in LOW[:10]), 35.0]  # 80 is misclassified, 90 has become 20
    assert found["median_agreement_paper"] == np.median(kept)
    assert found["p_wilcoxon_paper"] == pytest.approx(2**-11, rel=1e-12)  # all eleven below 50
    own = ["median_agreement_paper", "p_wilcoxon_paper"]
    pd.testing.assert_series_equal(found.drop(own), plain.drop(own))
    bound = table(theirs, degenerate_policy="insensitive").loc[0]
    assert bound["median_agreement_paper"] == np.median([*kept, 100, 100])


def test_verdicts_and_order_of_methods():
    result = table(scores(SPREAD, "z"), scores(LOW, "b"), scores(HIGH, "a"))
    assert result["method"].tolist() == ["z", "b", "a"]
    assert result["verdict"].tolist() == ["undecided", "class-sensitive", "insensitive"]
    assert result["rejects_paper"].tolist() == [False, True, False]


def test_holm_corrects_over_methods_and_networks_at_one_k_without_controls():
    thirteen, fourteen = LOW[:13] + HIGH[:5], LOW[:14] + HIGH[:4]
    result = table(
        scores(thirteen, "a"),
        scores(fourteen, "b"),
        scores(LOW, "random"),
        scores(LOW, "a", model="other"),
        scores(thirteen, "a", k_percent=10.0),
    )
    p13, p14 = (sum(math.comb(18, i) for i in range(c, 19)) / 2**18 for c in (13, 14))
    np.testing.assert_allclose(result["p_sign"], [p13, p14, 2**-18, 2**-18, p13], rtol=1e-12)
    # three tests at k = 5: smallest times 3, next times 2, largest times 1
    np.testing.assert_allclose(result["p_holm"], [p13, 2 * p14, np.nan, 3 * 2**-18, p13], rtol=1e-12)
    assert result["role"].tolist() == ["method", "method", "control", "method", "method"]


MIXED = {
    "agreement": [*LOW[:10], np.nan, np.nan, 80.0, 90.0],
    "degenerate": [""] * 10 + ["zero", "small_support", "", ""],
    "qualified": [True] * 12 + [False, True],
}


@pytest.mark.parametrize(
    ("policy", "values"),
    [
        ("exclude", [*LOW[:10], 90]),
        ("insensitive", [*LOW[:10], 90, 100, 100]),
        ("sensitive", [*LOW[:10], 90, 0, 0]),
    ],
)
def test_degenerate_maps_count_as_the_policy_says(policy, values):
    row = table(scores(**MIXED), degenerate_policy=policy).loc[0]
    values = np.array(values)
    interval = median_interval(values, 0.95)
    assert (row["n"], row["n_total"], row["n_degenerate"], row["n_excluded_misclassified"]) == (len(values), 14, 2, 1)
    assert row["degenerate_rate"] == pytest.approx(2 / 13)
    assert (row["median_agreement"], row["ci_low"], row["ci_high"]) == (
        interval.estimate,
        interval.low,
        interval.high,
    )
    assert row["p_wilcoxon"] == wilcoxon_less(values, 50, "wilcox")


def test_a_method_of_empty_maps_is_sensitive_only_under_the_policy_that_says_so():
    frame = scores([np.nan] * 18, degenerate=["zero"] * 18)
    verdicts = {
        policy: table(frame, degenerate_policy=policy)["verdict"].item()
        for policy in ("exclude", "insensitive", "sensitive")
    }
    assert verdicts == {"exclude": "undecided", "insensitive": "insensitive", "sensitive": "class-sensitive"}


@pytest.mark.parametrize("policy", ["exclude", "insensitive", "sensitive"])
def test_the_verdicts_under_both_bounds_stand_beside_the_chosen_one(policy):
    # 14 of 18 low images are class-sensitive; with 4 pairs at 100 instead only 14 of 18 lie below: still so
    few = table(scores([*LOW[:14], *[np.nan] * 4], degenerate=[""] * 14 + ["zero"] * 4), degenerate_policy=policy)
    # with 8 of 18 degenerate the verdict is what the policy says
    many = table(scores([*LOW[:10], *[np.nan] * 8], degenerate=[""] * 10 + ["zero"] * 8), degenerate_policy=policy)
    bounds = ["verdict_if_insensitive", "verdict_if_sensitive"]
    assert few.loc[0, bounds].tolist() == ["class-sensitive", "class-sensitive"]
    assert many.loc[0, bounds].tolist() == ["undecided", "class-sensitive"]


def test_a_verdict_that_rests_on_one_pair_of_classes_is_fragile():
    # 40 images below 50 of one pair and 20 above of 19 others: the exact interval takes all for independent
    values, pairs = [*np.linspace(1, 40, 40), *np.linspace(60, 90, 20)], [0] * 40 + [*range(1, 20), 19]
    alike, apart = table(scores(values, pairs=pairs)).loc[0], table(scores(values)).loc[0]
    assert (alike["verdict"], alike["n_pairs_of_classes"], alike["fragile"]) == ("class-sensitive", 20, True)
    assert alike["cluster_ci_low"] < 50 < alike["cluster_ci_high"]
    assert (apart["verdict"], apart["n_pairs_of_classes"], apart["fragile"]) == ("class-sensitive", 60, False)


@pytest.mark.parametrize(("n_pairs", "fragile"), [(9, True), (10, False)])
def test_a_definite_verdict_on_too_few_pairs_is_fragile(n_pairs, fragile):
    row = table(scores(LOW, pairs=np.arange(18) % n_pairs)).loc[0]
    assert (row["verdict"], row["n_pairs_of_classes"], row["fragile"]) == ("class-sensitive", n_pairs, fragile)
    assert row[["cluster_ci_low", "cluster_ci_high"]].isna().all() == fragile
    undecided = table(scores(SPREAD, pairs=[0] * 18)).loc[0]
    assert (undecided["verdict"], undecided["fragile"]) == ("undecided", False)


def test_pairs_are_counted_among_the_images_that_count():
    # two degenerate pairs of maps and a wrong prediction are left out, with their classes
    row = table(scores(**MIXED)).loc[0]
    assert (row["n"], row["n_pairs_of_classes"]) == (11, 11)
    assert table(scores(**MIXED), degenerate_policy="sensitive").loc[0, "n_pairs_of_classes"] == 13


def test_the_bootstrap_depends_on_the_seed_and_on_no_other_method():
    alone, again, other = table(scores(SPREAD)), table(scores(LOW, "a"), scores(SPREAD)), table(scores(SPREAD), seed=1)
    bounds = ["mean_ci_low", "mean_ci_high"]
    assert alone.loc[0, bounds].tolist() == again.loc[1, bounds].tolist()
    assert alone.loc[0, bounds].tolist() != other.loc[0, bounds].tolist()


def test_no_image_left_is_undecided_and_shown():
    row = table(scores([1.0, 2.0], qualified=[False, False])).loc[0]
    assert (row["n"], row["n_total"], row["n_excluded_misclassified"], row["verdict"]) == (0, 2, 2, "undecided")
    missing = ["median_agreement", "ci_low", "ci_high", "mean_agreement", "p_wilcoxon", "p_sign", "p_holm"]
    missing += ["cluster_ci_low", "cluster_ci_high"]
    missing += ["mean_ci_low", "mean_ci_high", "hodges_lehmann", "rank_biserial"]
    assert row[[*missing, "degenerate_rate"]].isna().all()
    assert (row["rejects_paper"], row["power"], row["fragile"], row["n_pairs_of_classes"]) == (False, 0, False, 0)


def test_all_scores_on_the_threshold_reject_nothing():
    row = table(scores([50.0] * 18)).loc[0]
    assert (row["p_wilcoxon"], row["p_sign"], row["verdict"]) == (1.0, 1.0, "undecided")


def test_no_scores_give_an_empty_table():
    assert table(scores([])).empty


def test_a_score_missing_without_a_reason_is_refused():
    with pytest.raises(ValueError, match=r"1 scores are missing for no stated reason.*image-1"):
        table(scores([1.0, np.nan, 3.0]))
    with pytest.raises(ValueError, match="no stated reason"):
        table(scores([1.0], qualified=[False]).assign(reason=""))


def test_an_image_that_occurs_twice_is_refused():
    with pytest.raises(ValueError, match="twice"):
        table(scores(LOW), scores(LOW))


def test_an_unknown_policy_is_refused():
    with pytest.raises(ValueError, match="degenerate_policy is 'drop'"):
        table(scores(LOW), degenerate_policy="drop")
