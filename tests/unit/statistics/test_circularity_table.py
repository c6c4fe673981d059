"""The table of circularity from hand-made scores."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from case_saliency.statistics.circularity import circularity_table
from case_saliency.statistics.intervals import bca_mean_interval
from case_saliency.statistics.shares import share_left

NETWORK = {"experiment": "e", "dataset": "d", "model": "net", "seed": 0, "layer": "last"}
N = 8
PLAIN = np.array([60.0, 40, 50, 70, 30, 50, 45, 55])
CASE = np.array([20.0, 0, 10, 40, 10, 10, 5, 25])
HELD_OUT = np.array([45.0, 20, 30, 50, 20, 30, 35, 50])
MATCHED = PLAIN - 2
AGREEMENT = {
    ("gradcam", np.nan): PLAIN, ("case", np.nan): CASE, ("case_both_in", np.nan): CASE,
    ("case_heldout", np.nan): HELD_OUT, ("case_matched", np.nan): MATCHED,
    ("case_random_direction", np.nan): PLAIN[::-1].copy(),
    ("case_difference", 0.0): PLAIN, ("case_difference", 0.5): HELD_OUT,
}  # fmt: skip
MEMBERSHIP = ["both", "both", "both", "both", "both", "both", "first", "neither"]
COSINES = {"case_heldout": 0.3, "case_matched": 0.48}


def agreement_rows(method, strength, values, **columns):
    cosine = COSINES.get(method, 0.5)
    given = {
        "method": method, "strength": strength, "image_id": [f"image-{i}" for i in range(N)], "k_percent": 5.0,
        "agreement": values, "degenerate": "", "qualified": True, "reason": "", "test": "agreement",
        "cosine_a": cosine, "cosine_b": cosine + 0.1, "norm_ratio_a": 0.5, "norm_ratio_b": 1.5,
        "pair_cosine": 0.25, "compared_in": MEMBERSHIP,
    }  # fmt: skip
    return pd.DataFrame({**NETWORK, **given, **columns})


def drop_rows(method, strength, own, interaction):
    """Rows of both targets at k = 5 and 50; the map of class a gives the whole interaction."""
    frames = []
    for k, target in itertools.product((5.0, 50.0), ("top1", "top2")):
        first = target == "top1"
        columns = {
            "method": method, "strength": strength, "image_id": [f"image-{i}" for i in range(N)],
            "target": target, "test": "confidence_drop", "fill": "mean", "k_percent": k,
            "drop_relative_clipped": own * k / 5 if first else 0.0, "drop_logit": interaction if first else 0.0,
            "logit_other": 3.0, "logit_other_ablated": 3.0, "degenerate": "", "qualified": True, "reason": "",
        }  # fmt: skip
        frames.append(pd.DataFrame({**NETWORK, **columns}))
    return pd.concat(frames)


def scores(model="net", **changed):
    frames = []
    for position, ((method, strength), values) in enumerate(AGREEMENT.items()):
        frames.append(agreement_rows(method, strength, values, **changed))
        noise = np.linspace(-0.05, 0.05, N)
        frames.append(drop_rows(method, strength, 0.1 * position + noise, position + 10 * noise))
    return pd.concat(frames, ignore_index=True).assign(model=model)


def table(rows, **settings):
    defaults = {"alpha": 0.05, "threshold": 50, "measure": "relative_clipped"}
    return circularity_table(rows, **defaults | settings)


@pytest.fixture(scope="module")
def found():
    return table(scores())


def row(found, method, strength=None, membership="all", k_removed=5):
    rows = found[(found["method"] == method) & (found["membership"] == membership)]
    rows = rows[rows["strength"].isna() if strength is None else rows["strength"] == strength]
    rows = rows[rows["k_removed"] == k_removed] if membership == "all" else rows
    assert len(rows) == 1
    return rows.iloc[0]


def test_agreement_against_case_by_hand(found):
    held_out = row(found, "case_heldout")
    assert (held_out["n"], held_out["median_agreement"]) == (8, 32.5)
    assert (held_out["ci_low"], held_out["ci_high"]) == (20, 50)  # n = 8: the whole range, 99.2%
    assert held_out["verdict"] == "undecided"
    assert held_out["mean_agreement"] == 35
    difference = HELD_OUT - CASE
    assert held_out["difference_to_case"] == difference.mean() == 20
    interval = bca_mean_interval(difference, 0.95, 0)
    assert held_out[["difference_ci_low", "difference_ci_high"]].tolist() == [interval.low, interval.high]
    assert held_out["p_vs_case"] == pytest.approx(stats.wilcoxon(difference, zero_method="pratt").pvalue)
    share = share_left(PLAIN, HELD_OUT, CASE, 0.95, 0)
    assert held_out["share_left"] == share.estimate == pytest.approx(15 / 35)
    assert held_out[["share_ci_low", "share_ci_high"]].tolist() == [share.low, share.high]
    assert row(found, "case_matched")["share_left"] == pytest.approx(2 / 35)


def test_case_and_the_plain_map_are_the_ends_of_the_scale(found):
    assert row(found, "gradcam")["share_left"] == 0
    case, twin = row(found, "case"), row(found, "case_both_in")
    assert case["share_left"] == twin["share_left"] == 1
    assert case["n_pairs"] == 0
    assert np.isnan([case["difference_to_case"], case["p_vs_case"], case["p_holm"]]).all()
    assert (twin["n_pairs"], twin["difference_to_case"], twin["p_vs_case"]) == (8, 0, 1)


def test_holm_within_the_network_without_duplicates_and_sweeps():
    found = table(pd.concat([scores(), scores("other")], ignore_index=True))
    assert (found.groupby("model")["p_holm"].apply(lambda p: p.notna().sum()) == 3 * 2).all()  # 2 settings
    mine = found[found["model"] == "net"]
    family = ["case_heldout", "case_matched", "case_random_direction"]
    p = np.array([row(mine, method)["p_vs_case"] for method in family])
    order = np.argsort(p)
    expected = np.minimum(1, np.maximum.accumulate(p[order] * [3, 2, 1]))
    assert [row(mine, family[i])["p_holm"] for i in order] == pytest.approx(expected.tolist())
    for name, strength in (("case_both_in", None), ("gradcam", None), ("case_difference", 0.5)):
        assert np.isnan(row(mine, name, strength)["p_holm"])
    assert row(mine, "case_random_direction")["role"] == "control"


def test_geometry_is_averaged_over_both_classes(found):
    held_out = row(found, "case_heldout")
    assert held_out["cosine"] == pytest.approx(0.35)
    assert held_out["cosine_gap"] == pytest.approx(0.2)
    assert held_out["norm_ratio"] == 1
    assert held_out["pair_cosine"] == 0.25
    assert row(found, "case_matched")["cosine_gap"] == pytest.approx(0.02)
    assert row(found, "case")["cosine_gap"] == 0


def test_two_by_two(found):
    counts = {name: row(found, "case", membership=name)["n"] for name in ("both", "first", "second", "neither")}
    assert counts == {"both": 6, "first": 1, "second": 0, "neither": 1}
    both = row(found, "case", membership="both")
    assert (both["median_agreement"], both["ci_low"], both["ci_high"]) == (10, 0, 40)
    assert row(found, "case", membership="neither")["median_agreement"] == 25
    empty = row(found, "case", membership="second")
    assert (empty["n_total"], empty["verdict"]) == (0, "undecided")
    assert np.isnan(empty["median_agreement"])
    plain = row(found, "gradcam", membership="both")
    assert plain["difference_to_case"] == (PLAIN - CASE)[:6].mean()
    assert plain[["fill", "own_drop", "share_left"]].isna().all()
    assert set(found.loc[found["membership"] != "all", "method"]) == {"gradcam", "case"}


def test_drops_of_the_same_variants(found):
    assert len(found) == 2 * len(AGREEMENT) + 8
    for k, factor in ((5, 1), (50, 10)):
        held_out = row(found, "case_heldout", k_removed=k)  # the fourth: own drop .3, interaction 3
        assert held_out["own_drop"] == pytest.approx(0.3 * factor)
        assert held_out["interaction"] == pytest.approx(3)
        values = 3 + 10 * np.linspace(-0.05, 0.05, N)
        expected = stats.t.interval(0.95, N - 1, 3, values.std(ddof=1) / np.sqrt(N))
        assert held_out[["interaction_ci_low", "interaction_ci_high"]].tolist() == pytest.approx(expected)
        assert (held_out["fill"], held_out["k_removed"]) == ("mean", k)
    assert row(found, "case")["joint_verdict"] == "class-specific"  # agreement below 50, interaction about 1
    assert row(found, "gradcam")["joint_verdict"] == "undecided"  # so is its agreement


def test_strengths_are_rows_of_their_own(found):
    assert row(found, "case_difference", 0.0)["mean_agreement"] == 50
    assert row(found, "case_difference", 0.5)["mean_agreement"] == 35
    assert row(found, "case_difference", 0.5)["share_left"] == row(found, "case_heldout")["share_left"]


def test_nothing_is_set_aside_in_silence():
    rows = scores()
    first, second = rows["image_id"] == "image-0", rows["image_id"] == "image-1"
    rows.loc[first, ["qualified", "reason"]] = [False, "misclassified"]
    empty = second & (rows["method"] == "case_heldout") & (rows["test"] == "agreement")
    rows.loc[empty, ["agreement", "degenerate"]] = [np.nan, "zero"]
    counts = ["n", "n_pairs", "n_total", "n_excluded_misclassified", "n_degenerate"]
    assert row(table(rows), "case_heldout")[counts].tolist() == [6, 6, 8, 1, 1]
    assert row(table(rows), "case_matched")[counts].tolist() == [7, 7, 8, 1, 0]
    as_insensitive = row(table(rows, degenerate_policy="insensitive"), "case_heldout")
    assert as_insensitive[counts].tolist() == [7, 7, 8, 1, 1]
    assert as_insensitive["mean_agreement"] == pytest.approx((100 + HELD_OUT[2:].sum()) / 7)


def test_no_image_left():
    rows = scores().assign(qualified=False, reason="misclassified")
    rows[["drop_relative_clipped", "drop_logit", "logit_other", "logit_other_ablated"]] = np.nan
    found = row(table(rows), "case_heldout")
    assert (found["n"], found["n_excluded_misclassified"]) == (0, 8)
    assert found[["median_agreement", "difference_to_case", "p_vs_case", "p_holm", "share_left", "cosine"]].isna().all()


def test_refuses_scores_without_case_or_twice():
    rows = scores()
    with pytest.raises(ValueError, match="expected case and one of"):
        table(rows[rows["method"] != "case"])
    with pytest.raises(ValueError, match="an image occurs twice"):
        table(pd.concat([rows, rows.iloc[:1]]))
    with pytest.raises(ValueError, match="missing for no stated reason"):
        table(rows.assign(agreement=np.nan))
