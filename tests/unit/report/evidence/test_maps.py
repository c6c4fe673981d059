"""Analyses that draw maps anew: reliability, pairs of classes, randomised weights, mosaics."""

import numpy as np
import pandas as pd

from case_saliency.report.content import Settings
from case_saliency.report.evidence.localization import localization
from case_saliency.report.evidence.pairwise import pairwise
from case_saliency.report.evidence.randomisation import randomisation
from case_saliency.report.evidence.reliability import reliability

NETWORK = {"model": "resnet50", "seed": 0, "layer": "last_conv"}
HIGH = {"within": 80.0, "between": 20.0, "chance": 5.0, "reliability": 0.8, "ci_low": 0.6, "ci_high": 0.9}


def test_reliability_is_told_and_is_no_verdict() -> None:
    none = {"reliability": np.nan, "ci_low": np.nan, "ci_high": np.nan}
    table = pd.DataFrame(
        [
            {**NETWORK, "augmentation": "all", "method": method, **HIGH, **more}
            for method, more in (
                ("case", {}),
                ("case_heldout", {"between": 50.0, "reliability": 0.4, "ci_low": 0.2, "ci_high": 0.5}),
                ("sobel", {"reliability": 0.0, "ci_low": 0.0, "ci_high": 0.0}),
                ("random", none),
            )
        ]
        + [{**NETWORK, "augmentation": "flip", "method": "case", **HIGH, "reliability": 0.1}]
    )
    case, heldout, others, missing, no_verdict = reliability(table, Settings())
    assert case.endswith("80% with each other, by 20% with the other class's, and by chance by 5%: index 0.80 "
                         "(interval from 0.60 to 0.90).")  # fmt: skip
    assert heldout.startswith("CASE, held out: ")
    assert "index 0.40 (interval from 0.20 to 0.50)" in heldout
    assert others.startswith("The index of the others: Sobel edges 0.00.")
    assert others.endswith("on the one network Sobel edges.")
    assert missing.endswith("on the one network Random.")
    assert "It is no verdict" in no_verdict


def pairs(method, every, first):
    names = ("mean_agreement", "mean_ci_low", "mean_ci_high")
    return [
        {**NETWORK, "method": method, "rank_a": a, "rank_b": b, "n": 10, **dict(zip(names, values, strict=True))}
        for a, b, values in (("all", "all", every), ("1", "2", first), ("2", "3", (0.0, 0.0, 1.0)))
    ]


def test_a_special_pair_is_found_by_intervals_that_lie_apart() -> None:
    table = pd.DataFrame(
        pairs("gradcam", (30, 25, 35), (60, 50, 70))
        + pairs("case", (30, 25, 35), (32, 20, 45))
        + pairs("hirescam", (30, 25, 35), (10, 5, 15))
    )
    means, special = pairwise(table, Settings())
    assert "all pairs of the 3 likeliest classes" in means
    assert "(n = 10 images): CASE 30% against 32%; Grad-CAM 30% against 60%; HiResCAM" in means
    assert "over all pairs): on the one network Grad-CAM. Less alike: on the one network HiResCAM." in special


def test_maps_that_stay_are_named_and_controls_are_told_apart() -> None:
    rows = []
    for method, role, means, lows in (
        ("case", "method", (1.0, 0.4, 0.0), (np.nan, 0.1, -0.2)),
        ("layercam", "method", (1.0, 0.9, 0.7), (np.nan, 0.4, 0.2)),
        ("hirescam", "method", (1.0, 0.2, 0.1), (np.nan, -0.1, np.nan)),
        ("sobel", "control", (1.0, 1.0, 1.0), (np.nan, 0.5, 0.5)),
    ):
        for step, (mean, low) in enumerate(zip(means, lows, strict=True)):
            common = {**NETWORK, "method": method, "role": role, "step": step, "n": 5, "mean": mean}
            common |= {"ci_low": mean - 0.1, "ci_high": mean + 0.1, "difference_low": low}
            rows += [{**common, "measure": "rank_correlation"}, {**common, "measure": "ssim", "difference_low": 1.0}]
    first, found, controls, untested, rough = randomisation(pd.DataFrame(rows), Settings())
    assert "n = 5 images" in first
    assert first.endswith("All weights replaced, CASE has 0.00 (interval from -0.10 to 0.10).")
    assert found == (
        "Above it with all weights replaced: on the one network LayerCAM. "
        "With only the classifier replaced: on the one network CASE; LayerCAM."
    )
    assert controls == "Sobel edges stay at 1 by construction: these controls do not look at the network."
    assert untested.endswith("on the one network HiResCAM.")
    assert "rough" in rough


def mosaic(method, share, p, *, role="method", contrasted=np.nan):
    return {
        **NETWORK, "method": method, "role": role, "n_mosaics": 20, "mean_share": share, "ci_low": share - 0.1,
        "ci_high": share + 0.1, "chance": 0.25, "p_vs_case_holm": p, "difference_to_case": share - 0.8,
        "median_rank": 3.0, "contrasted": contrasted,
    }  # fmt: skip


def test_localization_is_compared_with_chance_and_with_the_reference() -> None:
    table = pd.DataFrame(
        [
            mosaic("case", 0.8, np.nan, contrasted=1.5),
            mosaic("case_heldout", 0.78, 0.9, contrasted=0.0),
            mosaic("layercam", 0.3, 0.001),
            mosaic("sobel", 0.25, np.nan, role="control"),
        ]
    )
    shares, chance, differ, hints = localization(table, Settings())
    assert "chance 25%: CASE 80% (interval from 70% to 90%); CASE, held out 78%" in shares
    assert "down to it): on the one network LayerCAM. Controls: 25%." in chance
    assert "Of 2 comparisons with CASE, 1 differs: LayerCAM smaller than CASE on ResNet-50 (p = .0010)" in differ
    assert "ranks a cell's class 3 in the median. CASE's contrast sets hold 1.5 of" in hints
