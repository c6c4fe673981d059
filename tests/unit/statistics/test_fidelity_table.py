"""The table of RQ2 and the table of attrition from hand-made scores."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from case_saliency.statistics.attrition import attrition_table
from case_saliency.statistics.fidelity import fidelity_table


def scores(drops, method, model="net", k_percent=5.0, degenerate=None, qualified=None):
    drops = np.array(drops, dtype=float)
    n = len(drops)
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
            "test": "confidence_drop",
            "fill": "mean",
            "k_percent": k_percent,
            "drop_absolute": drops,
            "drop_relative": drops * 2,
            "drop_relative_clipped": np.maximum(drops * 2, 0),
            "degenerate": degenerate or [""] * n,
            "qualified": qualified,
            "reason": np.where(qualified, "", "misclassified"),
        }
    )


def table(*frames, **settings):
    defaults = {"controls": {"random"}, "alpha": 0.05, "measures": ["drop_absolute"]}
    return fidelity_table(pd.concat(frames, ignore_index=True), **defaults | settings)


CASE = [0.1, 0.2, 0.3, 0.4, 0.5]
OTHER = [0.2, 0.2, 0.5, 0.5, 0.8]


def test_rows_by_hand():
    case, other = table(scores(CASE, "case"), scores(OTHER, "m")).to_dict(orient="records")
    low, high = stats.t.interval(0.95, 4, 0.3, np.sqrt(0.025 / 5))
    assert (case["mean"], case["sd"]) == (pytest.approx(0.3), pytest.approx(np.sqrt(0.025)))
    assert (case["ci_low"], case["ci_high"]) == (pytest.approx(low), pytest.approx(high))
    assert (case["n"], case["n_total"], case["n_pairs"]) == (5, 5, 0)
    assert np.isnan([case["p_vs_case"], case["difference_to_case"], case["p_holm"]]).all()
    # differences .1 0 .2 .1 .3: mean .14, sd sqrt(.052 / 4), t = .14 / sqrt(.013 / 5)
    expected = 2 * stats.t.sf(0.14 / np.sqrt(0.013 / 5), 4)
    assert other["difference_to_case"] == pytest.approx(0.14)
    assert other["p_vs_case"] == pytest.approx(expected)
    assert other["p_holm"] == other["p_vs_case"]
    assert other["n_pairs"] == 5
    assert np.isnan([case["p_tost"], case["least_margin"]]).all()
    assert not case["equivalent"]
    assert other["p_tost"] == pytest.approx(stats.t.sf((0.02 - 0.14) / np.sqrt(0.013 / 5), 4))
    assert other["least_margin"] == pytest.approx(0.14 + stats.t.ppf(0.95, 4) * np.sqrt(0.013 / 5))
    assert not other["equivalent"]
    assert np.isnan([case["p_noninferior"], case["p_superior"], case["p_superior_holm"]]).all()
    differences = np.array(OTHER) - CASE
    greater = stats.ttest_1samp(differences, 0, alternative="greater").pvalue
    assert other["p_superior"] == other["p_superior_holm"] == pytest.approx(greater)
    assert other["p_superior"] == pytest.approx(other["p_vs_case"] / 2)
    within = stats.ttest_1samp(-differences, -0.02, alternative="greater").pvalue
    assert other["p_noninferior"] == pytest.approx(within)
    assert other["p_noninferior"] > 0.9


@pytest.mark.parametrize(("margin", "equivalent"), [(0.248, False), (0.249, True)])
def test_equivalence_begins_at_the_least_margin(margin, equivalent):
    row = table(scores(CASE, "case"), scores(OTHER, "m"), equivalence_margin=margin).set_index("method").loc["m"]
    assert row["least_margin"] == pytest.approx(0.2487, abs=5e-5)
    assert (row["equivalent"], row["p_tost"] < 0.05) == (equivalent, equivalent)


def test_pairs_are_the_images_that_both_methods_have():
    case = scores([0.1, 0.2, np.nan, 0.4, 0.5], "case", degenerate=["", "", "zero", "", ""])
    other = scores(OTHER, "m", qualified=[True, True, True, True, False])
    shuffled = other.iloc[::-1]
    row = table(case, shuffled).set_index("method").loc["m"]
    assert (row["n"], row["n_pairs"], row["n_total"], row["n_excluded_misclassified"]) == (4, 3, 5, 1)
    assert row["difference_to_case"] == pytest.approx(np.mean([0.1, 0.0, 0.1]))
    assert row["p_vs_case"] == pytest.approx(stats.ttest_rel([0.2, 0.2, 0.5], [0.1, 0.2, 0.4]).pvalue)


def test_each_measure_setting_and_network_is_its_own_comparison():
    result = table(
        scores(CASE, "case"),
        scores(OTHER, "m"),
        scores(OTHER, "case", model="other"),
        scores(CASE, "m", model="other"),
        scores(CASE, "case", k_percent=50.0),
        scores([0.9] * 5, "m", k_percent=50.0),
        measures=["drop_absolute", "drop_relative"],
    )
    differences = result.set_index(["measure", "model", "k_percent", "method"])["difference_to_case"]
    assert differences["drop_absolute", "net", 5.0, "m"] == pytest.approx(0.14)
    assert differences["drop_relative", "net", 5.0, "m"] == pytest.approx(0.28)
    assert differences["drop_absolute", "other", 5.0, "m"] == pytest.approx(-0.14)
    assert differences["drop_absolute", "net", 50.0, "m"] == pytest.approx(0.6)
    # two networks make a family of two at k = 5 with equal p: both doubled; a single test at k = 50 stays
    corrected = result.set_index(["measure", "model", "k_percent", "method"])
    small, large = corrected.loc[("drop_absolute", "net", 5.0, "m")], corrected.loc[("drop_absolute", "net", 50.0, "m")]
    assert small["p_holm"] == pytest.approx(2 * small["p_vs_case"])
    assert large["p_holm"] == large["p_vs_case"]
    assert small["p_superior_holm"] == pytest.approx(2 * small["p_superior"])
    assert large["p_superior_holm"] == large["p_superior"]


def test_another_fill_changes_nothing_in_the_family_of_the_first():
    primary = [scores(CASE, "case"), scores(OTHER, "m"), scores([0.9, 0.8, 0.9, 0.7, 0.9], "n")]
    other = [frame.assign(fill="blur", drop_absolute=frame["drop_absolute"] ** 2) for frame in primary]
    alone, both = table(*primary), table(*primary, *other)
    pd.testing.assert_frame_equal(both[both["fill"] == "mean"].reset_index(drop=True), alone)
    pd.testing.assert_frame_equal(both[both["fill"] == "blur"].reset_index(drop=True), table(*other))
    assert alone.set_index("method").loc["n", "p_holm"] > alone.set_index("method").loc["n", "p_vs_case"]


def test_controls_are_tested_but_not_corrected():
    result = table(scores(CASE, "case"), scores(OTHER, "random")).set_index("method")
    assert result.loc["random", "p_vs_case"] == pytest.approx(stats.ttest_rel(OTHER, CASE).pvalue)
    assert np.isnan(result.loc["random", ["p_holm", "p_superior_holm"]].to_list()).all()
    assert result.loc["random", "p_superior"] < 0.05
    assert result.loc["random", "role"] == "control"


def test_small_support_is_kept_and_an_empty_map_is_counted():
    row = table(scores([0.1, np.nan, 0.3], "m", degenerate=["small_support", "zero", ""])).loc[0]
    assert (row["n"], row["n_degenerate"]) == (2, 1)
    assert row["mean"] == pytest.approx(0.2)


def test_without_the_reference_nothing_is_compared():
    row = table(scores(CASE, "m")).loc[0]
    assert row["n_pairs"] == 0
    assert np.isnan(row["p_vs_case"])


@pytest.mark.parametrize("n", [0, 1])
def test_few_images_give_missing_values(n):
    result = table(scores([0.1, 0.2], "case", qualified=[n == 1, False]), scores([0.3, 0.4], "m"))
    case, other = result.to_dict(orient="records")
    assert (case["n"], other["n_pairs"]) == (n, n)
    assert np.isnan([case["sd"], case["ci_low"], other["p_vs_case"]]).all()


def test_equal_scores_are_no_difference():
    row = table(scores(CASE, "case"), scores(CASE, "m")).set_index("method").loc["m"]
    assert (row["difference_to_case"], row["p_vs_case"]) == (0, 1)
    assert (row["p_tost"], row["equivalent"], row["least_margin"]) == (0, True, 0)
    assert (row["p_noninferior"], row["p_superior"]) == (0, 1)


def test_refuses_unexplained_gaps_and_repeated_images():
    with pytest.raises(ValueError, match="missing for no stated reason"):
        table(scores([0.1, np.nan], "case"))
    with pytest.raises(ValueError, match="twice"):
        table(scores(CASE, "case"), scores(CASE, "case"))


def test_attrition_adds_up():
    agreement = pd.DataFrame(
        {
            "agreement": [1.0, np.nan, np.nan, 5.0],
            "degenerate": ["", "zero", "small_support", ""],
            "qualified": [True, True, True, False],
            "reason": ["", "", "", "misclassified"],
        }
    ).assign(
        experiment="e", dataset="d", model="net", seed=0, layer="last_conv", method="m", k_percent=5.0, image_id="i"
    )
    fidelity = scores([0.1, np.nan, 0.3, np.nan], "m", degenerate=["", "nan", "", ""], qualified=[True] * 3 + [False])
    result = attrition_table(agreement, fidelity)
    assert result[["stage", "fill", "reason", "n"]].to_numpy().tolist() == [
        ["agreement", "none", "kept", 1],
        ["agreement", "none", "misclassified", 1],
        ["agreement", "none", "small_support", 1],
        ["agreement", "none", "zero", 1],
        ["confidence_drop", "mean", "kept", 2],
        ["confidence_drop", "mean", "misclassified", 1],
        ["confidence_drop", "mean", "nan", 1],
    ]


def test_attrition_shows_that_nothing_was_kept():
    fidelity = scores([np.nan], "m", qualified=[False])
    agreement = fidelity.assign(agreement=np.nan)
    result = attrition_table(agreement, fidelity)
    assert result[["stage", "reason", "n"]].to_numpy().tolist() == [
        ["agreement", "kept", 0],
        ["agreement", "misclassified", 1],
        ["confidence_drop", "kept", 0],
        ["confidence_drop", "misclassified", 1],
    ]


def test_a_method_without_a_target_layer_is_compared_with_the_reference_at_its_first_layer():
    second = scores(np.array(CASE) + 1, "case").assign(layer="other")
    found = table(scores(CASE, "case"), second, scores(OTHER, "edges").assign(layer="input"), controls={"edges"})
    row = found.set_index(["layer", "method"]).loc[("input", "edges")]
    assert row["difference_to_case"] == pytest.approx(0.14)
    assert row["n_pairs"] == 5


def test_the_margin_of_equivalence_does_not_apply_to_logits():
    frames = [scores(CASE, "case"), scores(CASE, "m")]
    frames = [frame.assign(drop_logit=frame["drop_absolute"]) for frame in frames]
    found = table(*frames, measures=["drop_absolute", "drop_logit"]).set_index(["method", "measure"])
    assert found.loc[("m", "drop_absolute"), "equivalent"]
    assert not found.loc[("m", "drop_logit"), "equivalent"]
    assert np.isnan(found.loc[("m", "drop_logit"), ["p_tost", "p_noninferior"]].to_list()).all()
    assert found.loc[("m", "drop_logit"), "p_superior"] == 1
