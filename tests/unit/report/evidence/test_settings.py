"""Analyses of settings: contrast sets, layers, channel activity, perturbation curves."""

import numpy as np
import pandas as pd

from case_saliency.report.content import Settings
from case_saliency.report.evidence.activity import activity
from case_saliency.report.evidence.contrast import contrast
from case_saliency.report.evidence.curves import curves
from case_saliency.report.evidence.layers import layers

VERDICTS = ("verdict", "verdict_if_insensitive", "verdict_if_sensitive")


def test_what_k_and_the_source_move_is_read_from_the_medians() -> None:
    table = pd.DataFrame(
        [
            {"model": "resnet50", "seed": 0, "layer": "last_conv", "source": source, "k": k, "combined": "mean",
             "n": 9, "median_agreement": median, "other_in_set": inside,
             **dict.fromkeys(VERDICTS, verdict)}
            for source, k, median, verdict, inside in (
                ("logits", 1, 2.0, "class-sensitive", 1.0),
                ("logits", 3, 10.0, "class-sensitive", 1.0),
                ("confusion", 1, 40.0, "undecided", 0.2),
                ("confusion", 3, 45.0, "undecided", 0.6),
            )
        ]
    )  # fmt: skip
    medians, moved, inside = contrast(table, Settings())
    assert "classes k (1, 3) and" in medians
    assert "confusion 40% to 45% (undecided on both rows); logits 2% to 10% (class-sensitive on both rows)" in medians
    assert (
        moved
        == "On one network, the number of classes moves the median by up to 8 points, the source by up to 38 points."
    )
    assert inside.endswith("partly built in: confusion, k = 3 (60%); logits, k = 1, 3 (100%).")


def layer(name, method, median, verdict, p, difference):
    return {
        "model": "resnet50", "seed": 0, "layer": name, "method": method, "role": "method", "n": 9,
        "median_agreement": median,
        **dict.fromkeys(VERDICTS, verdict), "p_difference": p, "p_difference_holm": p, "difference_to_main": difference,
    }  # fmt: skip


def test_layers_that_differ_from_the_main_one_are_named() -> None:
    table = pd.DataFrame(
        [
            layer("last_conv", "case", 5.0, "class-sensitive", np.nan, np.nan),
            layer("last_conv", "gradcam", 45.0, "undecided", np.nan, np.nan),
            layer("early", "case", 60.0, "insensitive", 0.001, 55.0),
            layer("early", "gradcam", 48.0, "undecided", 0.8, 3.0),
        ]
    )
    case, counts, differ = layers(table, Settings())
    assert "last_conv class-sensitive on the one network (5%); early insensitive on the one network (60%)" in case
    assert counts.endswith("last_conv 1 of 2; early 0 of 2.")
    assert differ.endswith("1 of 2 comparisons differ (Holm-corrected at 0.05): early higher on the one network CASE.")
    [alone] = layers(table[table["layer"] == "last_conv"], Settings())
    assert "one target layer, last_conv" in alone


def channels(name, count, total, threshold=0.001, kind="output"):
    share = count / total
    return {
        "model": "densenet201", "seed": 0, "layer": name, "kind": kind, "threshold": threshold, "mean_active": count,
        "active_fraction": share, "ci_low": share - 0.1, "ci_high": share + 0.1, "n_channels": total,
    }  # fmt: skip


def test_counts_that_mislead_are_said_to() -> None:
    rows = [channels("wide", 400.0, 1600), channels("narrow", 24.0, 32), channels("narrow", 30.0, 32, kind="rectified")]
    table = pd.DataFrame([*rows, channels("wide", 160.0, 1600, 0.1), channels("narrow", 16.0, 32, 0.1)])
    shares, misled, threshold = activity(table, Settings())
    assert shares.endswith("DenseNet-201 wide 25% (400 of 1600), narrow 75% (24 of 32).")
    assert misled.startswith("On 1 of 1 networks")
    assert threshold.endswith("the share is 25% to 75% there, 10% to 50% at 0.1.")
    one = table[table["layer"] == "wide"]
    assert len(activity(one, Settings())) == 2


def test_curves_say_which_direction_is_good_and_who_differs() -> None:
    common = {"model": "resnet50", "seed": 0, "layer": "last_conv", "fill": "mean", "measure": "auc"}
    table = pd.DataFrame(
        [
            {**common, "test": "deletion", "method": method, "role": role, "mean": mean, "p_holm": p,
             "difference_to_case": mean - 0.3}
            for method, role, mean, p in (
                ("case", "method", 0.3, np.nan), ("gradcam", "method", 0.5, 0.002), ("random", "control", 0.6, np.nan),
            )
        ]
    )  # fmt: skip
    [told] = curves(table, Settings())
    assert told == (
        "Deletion (fill: mean, low is good): mean area 0.30 with CASE, 0.60 with the controls; of 1 paired comparisons "
        "with CASE, 1 differs: Grad-CAM larger than CASE on ResNet-50 (p = .0020) (Holm-corrected at 0.05)."
    )
    assert "none differs" in curves(table.assign(p_holm=1.0), Settings())[0]


def test_shares_that_hardly_differ_do_not_make_counts_misleading() -> None:
    table = pd.DataFrame([channels("wide", 816.0, 1600), channels("narrow", 17.0, 32)])
    assert activity(table, Settings())[1].startswith("On 0 of 1 networks")
