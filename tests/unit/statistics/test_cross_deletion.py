"""The interaction of map and class from hand-made drops of logits."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from case_saliency.statistics.cross_deletion import cross_deletion_table

IDENTITY = {"experiment": "e", "dataset": "d", "model": "net", "seed": 0, "layer": "last_conv"}


def scores(method, drops, degenerate=None, qualified=None):
    """Rows of both targets; `drops` has for each image d(a, a), d(b, a), d(a, b), d(b, b), the map second."""
    drops = np.array(drops, dtype=float)
    n = len(drops)
    qualified = np.ones(n, dtype=bool) if qualified is None else np.array(qualified)
    frames = []
    for target, own, other in (("top1", 0, 1), ("top2", 3, 2)):
        frames.append(
            pd.DataFrame(
                {
                    **IDENTITY,
                    "method": method,
                    "image_id": [f"image-{i}" for i in range(n)],
                    "target": target,
                    "fill": "mean",
                    "k_percent": 5.0,
                    "drop_logit": drops[:, own],
                    "logit_other": 10.0,
                    "logit_other_ablated": 10 - drops[:, other],
                    "degenerate": (degenerate or {}).get(target, [""] * n),
                    "qualified": qualified,
                    "reason": np.where(qualified, "", "misclassified"),
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def agreement(**verdicts):
    return pd.DataFrame([{**IDENTITY, "method": name, "verdict": verdict} for name, verdict in verdicts.items()])


def table(frames, verdicts, **settings):
    defaults = {"controls": {"random"}, "alpha": 0.05}
    found = cross_deletion_table(pd.concat(frames, ignore_index=True), agreement(**verdicts), **defaults | settings)
    return found.set_index("method")


# interactions (aa - ba) + (bb - ab): 4, 2, 3
CASE = [(3, 1, 1, 3), (2, 1, 0, 1), (4, 2, 1, 2)]
OTHER = [(1, 1, 1, 1), (2, 0, 2, 1), (1, 2, 1, 1)]  # 0, 1, -1


def test_rows_by_hand():
    found = table([scores("case", CASE), scores("m", OTHER)], {"case": "class-sensitive", "m": "undecided"})
    case, other = found.loc["case"], found.loc["m"]
    low, high = stats.t.interval(0.95, 2, 3, 1 / np.sqrt(3))
    assert case[["drop_a_map_a", "drop_b_map_a", "drop_a_map_b", "drop_b_map_b"]].tolist() == pytest.approx(
        [3, 4 / 3, 2 / 3, 2]
    )
    assert (case["interaction"], case["sd"], case["n"]) == (pytest.approx(3), pytest.approx(1), 3)
    assert (case["ci_low"], case["ci_high"]) == (pytest.approx(low), pytest.approx(high))
    assert case["p_interaction"] == pytest.approx(stats.ttest_1samp([4, 2, 3], 0).pvalue)
    assert np.isnan([case["p_vs_case"], case["difference_to_case"]]).all()
    assert other["interaction"] == pytest.approx(0)
    assert other["difference_to_case"] == pytest.approx(-3)
    assert other["p_vs_case"] == pytest.approx(stats.ttest_rel([0, 1, -1], [4, 2, 3]).pvalue)
    assert other["p_vs_case_holm"] == other["p_vs_case"]
    assert other["p_interaction"] == pytest.approx(1)
    assert case["p_holm"] == pytest.approx(2 * case["p_interaction"])


def test_a_map_that_knows_no_class_is_never_faithful():
    # Its pixels matter much, for class a more than for b: own drops alone would commend it.
    found = table([scores("edges", [(5, 1, 5, 1), (7, 2, 7, 2), (6, 0.1, 6, 0.1)])], {"edges": "undecided"})
    row = found.loc["edges"]
    assert (row["interaction"], row["ci_low"], row["ci_high"], row["p_interaction"]) == (0, 0, 0, 1)
    assert row["faithful"] == "not faithful"
    assert row["joint_verdict"] == "not class-specific"


@pytest.mark.parametrize(
    ("distinct", "interactions", "faithful", "verdict"),
    [
        ("class-sensitive", [1, 1.1, 0.9], "faithful", "class-specific"),
        ("undecided", [1, 1.1, 0.9], "faithful", "undecided"),
        ("insensitive", [1, 1.1, 0.9], "faithful", "not class-specific"),
        ("class-sensitive", [-1, -1.1, -0.9], "not faithful", "not class-specific"),
        ("class-sensitive", [-1, 1, 0.5], "undecided", "undecided"),
        ("insensitive", [-1, 1, 0.5], "undecided", "not class-specific"),
        ("class-sensitive", [1], "undecided", "undecided"),
    ],
)
def test_the_joint_verdict(distinct, interactions, faithful, verdict):
    drops = [(value, 0, 0, 0) for value in interactions]
    row = table([scores("m", drops)], {"m": distinct}).loc["m"]
    assert (row["agreement_verdict"], row["faithful"], row["joint_verdict"]) == (distinct, faithful, verdict)


def test_an_image_counts_only_with_both_maps():
    nan = float("nan")
    drops = [*CASE, (1, 1, nan, nan), (nan, nan, 1, 1), (nan,) * 4]
    defects = {"top1": ["", "small_support", "", "small_support", "zero", ""], "top2": ["", "", "", "nan", "", ""]}
    row = table([scores("case", drops, defects, [True] * 5 + [False])], {"case": "undecided"}).loc["case"]
    assert row[["n", "n_total", "n_excluded_misclassified", "n_degenerate"]].tolist() == [3, 6, 1, 2]
    assert row["interaction"] == pytest.approx(3)


def test_no_image_left():
    empty = scores("case", [(float("nan"),) * 4], qualified=[False])
    row = table([empty], {"case": "undecided"}).loc["case"]
    assert row["n"] == 0
    assert row[["interaction", "ci_low", "p_interaction", "p_holm", "drop_a_map_a"]].isna().all()
    assert (row["faithful"], row["joint_verdict"]) == ("undecided", "undecided")


def test_controls_are_tested_but_not_corrected_for():
    found = table([scores("case", CASE), scores("random", OTHER)], {"case": "undecided", "random": "undecided"})
    assert found.loc["case", "p_holm"] == found.loc["case", "p_interaction"]
    assert np.isnan(found.loc["random", "p_holm"])
    assert found.loc["random", "p_vs_case"] > 0
    assert found.loc["random", "role"] == "control"


def test_refuses_what_does_not_pair():
    both = scores("case", CASE)
    with pytest.raises(ValueError, match="3 rows of target top1 and 2 of top2"):
        cross_deletion_table(both.iloc[:-1], agreement(case="undecided"), controls=(), alpha=0.05)
    other = both.assign(image_id=both["image_id"].where(both["target"] == "top1", "another-" + both["image_id"]))
    with pytest.raises(ValueError, match="a row of one target only"):
        cross_deletion_table(other, agreement(case="undecided"), controls=(), alpha=0.05)
    with pytest.raises(ValueError, match="no verdict in the table of agreement"):
        table([both], {"m": "undecided"})
