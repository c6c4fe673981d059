"""The reliability index from hand-made scores."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from case_saliency.statistics.reliability import reliability_table

IDENTITY = {"experiment": "e", "dataset": "d", "model": "net", "seed": 0, "layer": "last_conv", "k_percent": 5.0}


def scores(method, augmentation, within, between, chance=10.0, keeps=1.0, **columns):
    within, between = np.array(within, dtype=float), np.array(between, dtype=float)
    return pd.DataFrame(
        {
            **IDENTITY, "method": method, "augmentation": augmentation, "within": within, "between": between,
            "chance": chance, "image_id": [f"image-{i}" for i in range(len(within))], "keeps_top1": keeps,
            "degenerate": "", "qualified": True, "reason": "", **columns,
        }
    )  # fmt: skip


def table(*frames, **settings):
    found = reliability_table(
        pd.concat(frames, ignore_index=True), **{"controls": {"random"}, "alpha": 0.05} | settings
    )
    return found.set_index(["method", "augmentation"])


def test_a_ratio_of_means_not_a_mean_of_ratios():
    # Single ratios: 40/80, 10/20, 0/50. Means: 50/3 over 50.
    row = table(scores("m", "flip", [90, 30, 60], [50, 20, 60])).loc[("m", "flip")]
    assert row[["n", "within", "between", "chance", "role"]].tolist() == [3, 60, pytest.approx(130 / 3), 10, "method"]
    assert row["reliability"] == pytest.approx(1 / 3)
    assert row["not_defined"] == ""


def test_the_interval_is_that_of_the_bootstrap_over_images():
    random = np.random.default_rng(0)
    within, between = random.uniform(60, 95, 18), random.uniform(10, 60, 18)
    row = table(scores("m", "flip", within, between), alpha=0.1, seed=3).loc[("m", "flip")]

    def ratio(over, under, axis=-1):
        return over.mean(axis) / under.mean(axis)

    expected = stats.bootstrap(
        (within - between, within - 10), ratio, paired=True, confidence_level=0.9, n_resamples=9999,
        rng=np.random.default_rng(3),
    ).confidence_interval  # fmt: skip
    assert (row["ci_low"], row["ci_high"]) == pytest.approx((expected.low, expected.high))
    assert row["ci_low"] < row["reliability"] < row["ci_high"]


def test_one_map_for_all_classes_has_an_index_of_zero():
    row = table(scores("eigencam", "flip", [80, 60, 95], [80, 60, 95])).loc[("eigencam", "flip")]
    assert row[["reliability", "ci_low", "ci_high"]].tolist() == [0, 0, 0]


def test_chance_between_classes_gives_an_index_of_one():
    row = table(scores("m", "flip", [80, 60, 95], [10, 10, 10])).loc[("m", "flip")]
    assert row[["reliability", "ci_low", "ci_high"]].tolist() == [1, 1, 1]


@pytest.mark.parametrize(("within", "defined"), [(20.0, True), (19.9, False), (8.0, False)])
def test_not_defined_below_ten_points(within, defined):
    row = table(scores("random", "flip", [within] * 3, [8, 9, 10])).loc[("random", "flip")]
    assert row["role"] == "control"
    if defined:
        assert (row["reliability"], row["not_defined"]) == (pytest.approx(1.1), "")
    else:
        assert row[["reliability", "ci_low", "ci_high"]].isna().all()
        assert row["not_defined"] == f"within exceeds chance by {within - 10:.1f} points, less than 10"


def test_pooling_averages_an_images_changes_first():
    flip, left = scores("m", "flip", [80, 60], [40, 20], 8.0, [1.0, 0.0]), scores("m", "left", [60, 40], [20, 40], 12.0)
    row = table(flip, left).loc[("m", "all")]
    assert row[["n", "within", "between", "chance", "kept_top1"]].tolist() == [2, 60, 30, 10, 0.75]
    assert row["reliability"] == pytest.approx(0.6)
    assert table(flip, left).index.tolist() == [("m", "all"), ("m", "flip"), ("m", "left")]


def test_what_is_set_aside_is_counted_and_an_image_counts_with_all_its_changes():
    nan = float("nan")
    missed = {"qualified": [True, True, True, False], "reason": ["", "", "", "misclassified"]}
    flip = scores("m", "flip", [80, nan, 60, nan], [20, nan, 20, nan], keeps=[1, 1, 0, nan], **missed)
    flip["degenerate"] = ["", "zero", "", ""]
    left = scores("m", "left", [80, 50, nan, nan], [20, 40, nan, nan], keeps=[1, 1, 1, nan], **missed)
    left["degenerate"] = ["", "", "small_support", ""]
    found = table(flip, left)
    counts = ["n", "n_degenerate", "n_excluded_misclassified", "n_total"]
    assert found.loc[("m", "flip"), counts].tolist() == [2, 1, 1, 4]
    assert found.loc[("m", "all"), counts].tolist() == [1, 2, 1, 4]
    assert found.loc[("m", "all"), ["within", "between"]].tolist() == [80, 20]
    assert found.loc[("m", "all"), ["ci_low", "ci_high"]].isna().all()
    assert found.loc[("m", "flip"), "kept_top1"] == pytest.approx(2 / 3)


def test_no_image_left():
    row = table(scores("m", "flip", [np.nan], [np.nan], degenerate="zero")).loc[("m", "all")]
    assert (row["n"], row["not_defined"]) == (0, "no image counts")
    assert row[["within", "reliability", "ci_low"]].isna().all()


def test_refuses_what_it_cannot_explain():
    once = scores("m", "flip", [80], [20])
    with pytest.raises(ValueError, match="an image occurs twice"):
        table(once, once)
    with pytest.raises(ValueError, match="missing for no stated reason"):
        table(scores("m", "flip", [np.nan], [np.nan]))
