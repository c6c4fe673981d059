import numpy as np
import pandas as pd
import pytest
from scipy import stats

from case_saliency.statistics.layers import layers_table

SETTINGS = {
    "main_layers": {"m": "late"},
    "controls": ["random"],
    "alpha": 0.05,
    "threshold": 50,
    "zero_method": "wilcox",
}
EARLY = np.array([60.0, 80, 70, 90, 75, 85])
LATE = np.array([10.0, 20, 15, 40, 12, 33])


def scores(values, layer, method="gradcam"):
    return pd.DataFrame(
        {
            "experiment": "e", "dataset": "d", "model": "m", "seed": 0, "layer": layer, "method": method,
            "image_id": [str(i) for i in range(len(values))], "target_a": 0, "target_b": 1, "k_percent": 5.0,
            "agreement": values, "agreement_paper": values, "degenerate": np.where(np.isnan(values), "zero", ""),
            "qualified": True, "reason": "",
        }
    )  # fmt: skip


def table(*parts):
    found = layers_table(pd.concat(parts, ignore_index=True), **SETTINGS)
    return found.set_index(["layer", "method"])


def test_a_layer_is_compared_with_the_main_one_image_by_image():
    found = table(scores(EARLY, "early"), scores(LATE, "late"))
    row = found.loc[("early", "gradcam")]
    assert row["difference_to_main"] == pytest.approx((EARLY - LATE).mean())
    assert row["p_difference"] == pytest.approx(stats.ttest_rel(EARLY, LATE).pvalue)
    assert row["p_difference_holm"] == pytest.approx(row["p_difference"])
    interval = stats.ttest_rel(EARLY, LATE).confidence_interval(0.95)
    assert (row["difference_ci_low"], row["difference_ci_high"]) == pytest.approx((interval.low, interval.high))
    assert row["verdict"] == "insensitive"
    assert found.loc[("late", "gradcam"), "verdict"] == "class-sensitive"


def test_the_main_layer_is_not_compared_with_itself():
    row = table(scores(EARLY, "early"), scores(LATE, "late")).loc[("late", "gradcam")]
    assert row["n_pairs"] == 0
    assert np.isnan(row[["difference_to_main", "p_difference", "p_difference_holm"]].astype(float)).all()


def test_only_images_that_both_layers_have_are_paired():
    late = np.where(np.arange(6) < 2, np.nan, LATE)
    row = table(scores(EARLY, "early"), scores(late, "late")).loc[("early", "gradcam")]
    assert row["n_pairs"] == 4
    assert row["difference_to_main"] == pytest.approx((EARLY - LATE)[2:].mean())


def test_holm_leaves_controls_out_and_counts_every_other_comparison():
    parts = [scores(EARLY, "early"), scores(LATE, "late")]
    parts += [scores(EARLY, "early", "case"), scores(LATE + 1, "late", "case")]
    parts += [scores(EARLY, "early", "random"), scores(LATE, "late", "random")]
    found = table(*parts)
    assert np.isnan(found.loc[("early", "random"), "p_difference_holm"])
    smallest = min(found.loc[("early", method), "p_difference"] for method in ("gradcam", "case"))
    assert found["p_difference_holm"].min() == pytest.approx(2 * smallest)
