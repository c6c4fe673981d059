"""Areas under curves by hand, and the tables made of them."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from case_saliency.statistics.curves import areas, curve_points, curve_table

FRACTIONS = [0, 0.25, 1]


def points(curves, method="m", test="deletion", degenerate="", qualified=True):
    """`curves`: image -> confidences of the explained class at the three steps; the other class has 1 minus that."""
    rows = [
        {
            "experiment": "e", "dataset": "d", "model": "net", "seed": 0, "layer": "last_conv", "method": method,
            "image_id": image, "test": test, "fill": "mean", "step": step, "fraction": fraction,
            "confidence": value, "confidence_intact": values[0], "confidence_other": 1 - value,
            "degenerate": degenerate, "qualified": qualified, "reason": "" if qualified else "misclassified",
        }
        for image, values in curves.items()
        for step, (fraction, value) in enumerate(zip(FRACTIONS, values, strict=True))
    ]  # fmt: skip
    return pd.DataFrame(rows)


FIRST = {"a": [0.8, 0.4, 0.2], "b": [0.5, 0.5, 0.1]}
SECOND = {"a": [0.8, 0.8, 0.2], "b": [0.5, 0.1, 0.1]}
NAN = float("nan")


def test_areas_by_hand():
    found = areas(points(FIRST))
    # trapezoids: .25 (.8 + .4) / 2 + .75 (.4 + .2) / 2, and .25 (.5 + .5) / 2 + .75 (.5 + .1) / 2
    assert found["auc"].tolist() == pytest.approx([0.375, 0.35])
    assert found["auc_normalised"].tolist() == pytest.approx([0.375 / 0.8, 0.7])
    assert found["auc_other"].tolist() == pytest.approx([0.625, 0.65])
    assert found["image_id"].tolist() == ["a", "b"]


def test_a_constant_curve_has_its_height_as_area():
    assert areas(points({"a": [0.3] * 3}))[["auc", "auc_normalised"]].to_numpy().tolist() == [[pytest.approx(0.3), 1]]


def test_incomplete_curves_are_refused():
    with pytest.raises(ValueError, match="steps of a curve must follow each other"):
        areas(points(FIRST).drop(index=1))
    with pytest.raises(ValueError, match="steps of a curve must follow each other"):
        areas(points(FIRST).iloc[::-1])


def test_the_table_compares_with_the_reference_on_the_same_images():
    missing = points({"c": [NAN] * 3}, degenerate="zero"), points({"d": [NAN] * 3}, qualified=False)
    frame = pd.concat([points(FIRST, "case"), points(SECOND), *missing], ignore_index=True)
    found = curve_table(frame, controls=(), alpha=0.05).set_index(["method", "measure"])
    assert not {"k_percent", "p_noninferior", "p_superior", "p_superior_holm"} & set(found)
    case, other = found.loc["case", "auc"], found.loc["m", "auc"]
    assert case["mean"] == pytest.approx(0.3625)
    # the other method's areas: .2 + .375 = .575, and .075 + .075 = .15
    assert other["mean"] == pytest.approx(0.3625)
    assert other["difference_to_case"] == pytest.approx(0)
    assert other["p_vs_case"] == pytest.approx(stats.ttest_rel([0.575, 0.15], [0.375, 0.35]).pvalue)
    assert other[["n", "n_total", "n_degenerate", "n_excluded_misclassified"]].tolist() == [2, 4, 1, 1]
    assert found.loc["m", "auc_other"]["mean"] == pytest.approx(1 - 0.3625)


def test_mean_curves_by_hand():
    missing = points({"c": [NAN] * 3}, degenerate="zero"), points({"d": [NAN] * 3}, qualified=False)
    found = curve_points(pd.concat([points(FIRST), *missing], ignore_index=True), controls={"m"}, alpha=0.05)
    assert found["mean_confidence"].tolist() == pytest.approx([0.65, 0.45, 0.15])
    assert found["mean_confidence_other"].tolist() == pytest.approx([0.35, 0.55, 0.85])
    low, high = stats.t.interval(0.95, 1, 0.45, 0.05)
    assert found.loc[1, ["ci_low", "ci_high"]].tolist() == pytest.approx([low, high])
    assert found["n"].tolist() == [2, 2, 2]
    assert found["fraction"].tolist() == FRACTIONS
    assert set(found["role"]) == {"control"}


def test_a_cell_without_images_has_no_curve():
    found = curve_points(points({"d": [NAN] * 3}, qualified=False), controls=(), alpha=0.05)
    assert found["n"].tolist() == [0, 0, 0]
    assert np.isnan(found[["mean_confidence", "ci_low", "mean_confidence_other"]].to_numpy()).all()
