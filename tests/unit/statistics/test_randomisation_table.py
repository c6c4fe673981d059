"""Means, intervals and tests from hand-made similarities."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from case_saliency.diagnostic.resemblance import MEASURES
from case_saliency.statistics.randomisation import randomisation_table

IDENTITY = {"experiment": "e", "dataset": "d", "model": "net", "seed": 0, "layer": "last_conv"}


def rows(comparison, step, values, method="m", **columns):
    """`values` has for each image one value for each target; every measure gets the same."""
    targets = ["both"] if comparison == "other_class" else ["top1", "top2"]
    frame = pd.DataFrame(
        [
            {"image_id": f"image-{i}", "target": target, "score": value}
            for i, image in enumerate(values)
            for target, value in zip(targets, image, strict=True)
        ]
    )
    frame = frame.assign(**IDENTITY, method=method, comparison=comparison, step=step, share=step / 2)
    frame = frame.assign(response=1.0, degenerate="", qualified=True, reason="", **columns)
    return frame.assign(**dict.fromkeys(MEASURES, frame["score"])).drop(columns="score")


AFTER = [(0.5, 0.7), (0.2, 0.4), (0.9, 0.7)]  # means 0.6, 0.3, 0.8
OTHER = [(0.2, 0.2), (0.1, 0.3), (0.3, 0.3)]  # means 0.2, 0.2, 0.3: differences 0.4, 0.1, 0.5


def scores(method="m", after=AFTER, other=OTHER):
    return pd.concat(
        [
            rows("intact", 0, [(1, 1)] * 3, method),
            rows("other_class", 0, [(0.4,), (0.5,), (0.6,)], method),
            rows("intact", 1, after, method, ),
            rows("other_class", 1, [(0.1,), (0.2,), (0.6,)], method),
            rows("other_image", 0, other, method),
        ],
        ignore_index=True,
    )  # fmt: skip


def table(*frames, controls=("edges",), alpha=0.05):
    return randomisation_table(pd.concat(frames, ignore_index=True), controls=set(controls), alpha=alpha)


def test_a_row_by_hand():
    found = table(scores())
    assert found["measure"].tolist() == [name for name in MEASURES for _ in range(2)]
    row = found[(found["step"] == 1) & (found["measure"] == "ssim")].iloc[0]
    low, high = stats.t.interval(0.95, 2, np.mean([0.6, 0.3, 0.8]), stats.sem([0.6, 0.3, 0.8]))
    assert row[["n", "share", "n_pairs"]].tolist() == [3, 0.5, 3]
    assert row[["mean", "ci_low", "ci_high"]].tolist() == pytest.approx([1.7 / 3, low, high])
    assert row[["between_images", "between_classes"]].tolist() == pytest.approx([0.7 / 3, 0.3])
    low, high = stats.t.interval(0.95, 2, 1 / 3, stats.sem([0.4, 0.1, 0.5]))
    assert row[["difference", "difference_low", "difference_high"]].tolist() == pytest.approx([1 / 3, low, high])
    assert row["p_difference"] == pytest.approx(stats.ttest_1samp([0.4, 0.1, 0.5], 0).pvalue)


def test_at_step_zero_there_is_nothing_to_test():
    row = table(scores()).iloc[0]
    assert row[["step", "mean", "n", "n_pairs"]].tolist() == [0, 1, 3, 0]
    assert row[["difference", "p_difference", "p_holm"]].isna().all()
    assert row["between_images"] == pytest.approx(0.7 / 3)
    assert row["between_classes"] == pytest.approx(0.5)


def test_an_image_counts_only_with_both_classes_and_the_rest_is_counted():
    frame = scores()
    at = frame["comparison"].eq("intact") & frame["step"].eq(1)
    broken = at & frame["image_id"].eq("image-1") & frame["target"].eq("top2")
    frame.loc[broken, list(MEASURES)] = np.nan
    frame.loc[broken, "degenerate"] = "zero"
    wrong = frame[frame["image_id"] == "image-0"].assign(
        image_id="wrong", qualified=False, reason="misclassified", **dict.fromkeys(MEASURES, np.nan)
    )
    found = table(frame, wrong)
    row = found[(found["step"] == 1) & (found["measure"] == "overlap")].iloc[0]
    counts = ["n", "n_pairs", "n_total", "n_excluded_misclassified", "n_degenerate"]
    assert row[counts].tolist() == [2, 2, 4, 1, 1]
    assert row["mean"] == pytest.approx(0.7)
    assert row["between_images"] == pytest.approx(0.7 / 3)


def test_small_support_costs_the_overlap_alone():
    frame = scores()
    broken = frame["comparison"].eq("intact") & frame["image_id"].eq("image-1")
    frame.loc[broken, "overlap"] = np.nan
    frame.loc[broken, "degenerate"] = "small_support"
    found = table(frame).set_index(["measure", "step"])
    assert found.loc[("overlap", 1), ["n", "n_degenerate"]].tolist() == [2, 1]
    assert found.loc[("ssim", 1), ["n", "n_degenerate"]].tolist() == [3, 0]


def test_a_score_that_is_missing_for_no_reason_is_refused():
    frame = scores()
    frame.loc[0, "ssim"] = np.nan
    with pytest.raises(ValueError, match="ssim: 1 scores are missing for no stated reason"):
        table(frame)


def test_controls_stay_out_of_the_correction():
    better = [(0.5, 0.7), (0.3, 0.4), (0.9, 0.7)]
    found = table(scores("m"), scores("l", better), scores("edges", [(1, 1)] * 3))
    at = found[(found["step"] == 1) & (found["measure"] == "ssim")].set_index("method")
    smallest = at.loc[["m", "l"], "p_difference"].min()
    assert at.loc[["m", "l"], "p_holm"].min() == pytest.approx(2 * smallest)
    assert np.isnan(at.loc["edges", "p_holm"])
    assert at["role"].to_dict() == {"m": "method", "l": "method", "edges": "control"}


def test_a_single_image_has_no_others_to_be_compared_with():
    frame = scores()
    found = table(frame[(frame["image_id"] == "image-0") & (frame["comparison"] != "other_image")])
    row = found[found["step"] == 1].iloc[0]
    assert row[["n", "n_pairs"]].tolist() == [1, 0]
    assert row["mean"] == pytest.approx(0.6)
    assert row[["ci_low", "between_images", "difference", "p_difference", "p_holm"]].isna().all()
