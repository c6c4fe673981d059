"""What the claims rest on, from scores made by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from case_saliency.statistics import claims
from case_saliency.statistics.multiplicity import holm
from case_saliency.statistics.power import paired_t_detectable, paired_t_power

CASE = np.array([10.0, 20, 15, 40, 12, 33, 8, 25])
OTHER = np.array([60.0, 80, 70, 90, 75, 85, 30, 20])


def scores(values, method, layer="late", model="net", seed=0, degenerate=None):
    n = len(values)
    return pd.DataFrame(
        {
            "experiment": "e", "dataset": "d", "model": model, "seed": seed, "layer": layer, "method": method,
            "image_id": [str(i) for i in range(n)], "target_a": 0, "target_b": 1, "k_percent": 5.0,
            "agreement": values, "degenerate": degenerate or [""] * n, "qualified": True, "reason": "",
        }
    )  # fmt: skip


def test_the_worst_policy_counts_empty_maps_as_agreement():
    empty = np.where(np.arange(8) < 2, np.nan, CASE)
    marks = ["zero"] * 2 + [""] * 6
    [row] = claims.worst_sign_tests(scores(empty, "case", degenerate=marks), 50.0).to_dict("records")
    assert row["p_sign"] == pytest.approx(stats.binomtest(6, 6, 0.5, "greater").pvalue)
    assert row["p_sign_worst"] == pytest.approx(stats.binomtest(6, 8, 0.5, "greater").pvalue)


def test_without_any_image_nothing_is_tested():
    none = scores(CASE, "case").assign(qualified=False, reason="misclassified")
    [row] = claims.worst_sign_tests(none, 50.0).to_dict("records")
    assert np.isnan(row["p_sign"])
    assert np.isnan(row["p_sign_worst"])
    layers = {"net": "late"}
    assert claims.against_reference(none, "case", ["gradcam"], layers, 0.05).empty
    assert claims.sensitivity_gains(none, "case", ["gradcam"], layers, alpha=0.05, seed=0).empty
    without = claims.sensitivity_gains(scores(OTHER, "gradcam"), "case", ["gradcam"], layers, alpha=0.05, seed=0)
    assert without.empty


def test_methods_are_compared_with_the_reference_on_the_images_that_both_have():
    short = np.where(np.arange(8) == 0, np.nan, OTHER)
    table = pd.concat([scores(CASE, "case"), scores(short, "gradcam", degenerate=["zero"] + [""] * 7)])
    [row] = claims.against_reference(table, "case", ["gradcam"], {"net": "late"}, 0.05).to_dict("records")
    tested = stats.ttest_rel(OTHER[1:], CASE[1:], alternative="greater")
    assert row["n_pairs"] == 7
    assert row["difference"] == pytest.approx((OTHER - CASE)[1:].mean())
    assert (row["p_lower"], row["p_higher"]) == pytest.approx((tested.pvalue, 1 - tested.pvalue))
    assert row["detectable"] == pytest.approx(paired_t_detectable((OTHER - CASE)[1:], 0.05))


def test_a_method_without_a_layer_is_compared_at_the_main_one_and_an_absent_one_has_no_pairs():
    table = pd.concat([scores(CASE, "case"), scores(CASE, "case", "early"), scores(OTHER, "gradients", "input")])
    found = claims.against_reference(table, "case", ["gradients", "none"], {"net": "late"}, 0.05)
    assert found["n_pairs"].tolist() == [8, 0]
    assert np.isnan(found.loc[1, "p_lower"])


def test_a_rise_between_layers_is_tested_one_sided_and_corrected():
    table = pd.concat(
        [
            scores(CASE, "a", "conv2"),
            scores(OTHER, "a", "norm5"),
            scores(OTHER, "b", "conv2"),
            scores(CASE, "b", "norm5"),
        ]
    )
    found = claims.layer_rises(table, {"net": ("conv2", "norm5")}, ["a", "b", "c"], 0.05).set_index("method")
    p = stats.ttest_rel(OTHER, CASE, alternative="greater").pvalue
    assert found.loc["a", "p_rise"] == pytest.approx(holm(np.array([p, 1 - p]))[0])
    assert found.loc["b", "p_fall"] == pytest.approx(holm(np.array([1 - p, p]))[1])
    assert found["difference"].tolist()[:2] == pytest.approx([(OTHER - CASE).mean(), (CASE - OTHER).mean()])
    assert found.loc["c", "n_pairs"] == 0


def active(model, layer, shares, kind="rectified"):
    return pd.DataFrame(
        {
            "model": model, "seed": 0, "layer": layer, "kind": kind, "threshold": 0.1,
            "image_id": [str(i) for i in range(len(shares))], "active_fraction": shares, "qualified": True,
        }
    )  # fmt: skip


def test_active_shares_are_compared_after_the_activation_on_shared_images():
    sparse, other = np.linspace(0.1, 0.2, 9), np.linspace(0.7, 0.9, 8)
    table = pd.concat(
        [active("dense", "conv2", sparse), active("vgg", "late", other), active("vgg", "late", other / 9, "output")]
    )
    found = claims.active_ratios(table, {"dense": "conv2"}, {"dense": "conv2", "vgg": "late"}, alpha=0.05, seed=0)
    [row] = found.to_dict("records")
    assert (row["other"], row["n"]) == ("vgg", 8)
    assert row["ratio"] == pytest.approx(sparse[:8].mean() / other.mean())
    assert row["ci_low"] < row["ratio"] < row["ci_high"]
    assert claims.active_ratios(None, {}, {}, alpha=0.05, seed=0).empty


def test_the_gain_in_sensitivity_is_a_ratio_of_means_over_networks_and_images():
    table = pd.concat(
        [
            scores(CASE, "case"),
            scores(OTHER, "gradcam"),
            scores(CASE + 1, "case", model="b"),
            scores(OTHER, "gradcam", model="b"),
        ]
    )
    layers = {"net": "late", "b": "late"}
    found = claims.sensitivity_gains(table, "case", ["gradcam", "absent"], layers, alpha=0.05, seed=0)
    [row] = found.to_dict("records")
    assert row["gain"] == pytest.approx((100 - CASE - 0.5).mean() / (100 - OTHER).mean() - 1)
    assert row["ci_low"] < row["gain"] < row["ci_high"]


def curve(method, test, heights):
    n = len(heights)
    rows = {
        "experiment": "e", "dataset": "d", "model": "net", "seed": 0, "layer": "late", "method": method, "test": test,
        "fill": "mean", "degenerate": "", "qualified": True, "reason": "", "confidence_intact": 1.0,
        "image_id": np.repeat([str(i) for i in range(n)], 2), "step": np.tile([0, 1], n),
        "fraction": np.tile([0.0, 1.0], n), "confidence": np.repeat(heights, 2), "confidence_other": 0.0,
    }  # fmt: skip
    return pd.DataFrame(rows)


def test_a_smaller_area_is_a_gain_under_deletion_and_a_loss_under_insertion():
    low, high = np.linspace(0.2, 0.3, 8), np.linspace(0.4, 0.7, 8)
    points = pd.concat(
        [
            curve(name, test, heights)
            for test in ("deletion", "insertion")
            for name, heights in (("case", low), ("gradcam", high))
        ],
        ignore_index=True,
    )
    found = claims.area_gains(points, "case", ["gradcam"], {"net": "late"}, alpha=0.05, seed=0).set_index("quantity")
    assert found.loc["deletion", "gain"] == pytest.approx(1 - low.mean() / high.mean())
    assert found.loc["insertion", "gain"] == pytest.approx(low.mean() / high.mean() - 1)
    assert (found["ci_low"] < found["gain"]).all()
    assert (found["gain"] < found["ci_high"]).all()
    assert claims.area_gains(None, "case", ["gradcam"], {}, alpha=0.05, seed=0).empty


def test_the_power_of_the_paired_test_by_simulation():
    rng = np.random.default_rng(0)
    samples = rng.normal(0.4, 1, (4000, 30))
    t = samples.mean(1) / (samples.std(1, ddof=1) / np.sqrt(30))
    assert paired_t_power(30, 0.4, 0.05) == pytest.approx((t > stats.t.ppf(0.95, 29)).mean(), abs=0.02)
    differences = rng.normal(0, 2, 30)
    effect = paired_t_detectable(differences, 0.05) / differences.std(ddof=1)
    assert paired_t_power(30, effect, 0.05) == pytest.approx(0.8, abs=0.01)
    assert np.isnan(paired_t_power(1, 0.4, 0.05))
    assert np.isnan(paired_t_detectable(np.array([1.0]), 0.05))
