import numpy as np
import pandas as pd
import pytest

from case_saliency.report.content import Settings
from case_saliency.report.evidence.circularity import circularity, left

MODELS = ("resnet50", "vgg19_bn")


def row(model, method, share, low, high, verdict="undecided", mean=30.0, **more):
    return {
        "model": model, "seed": 0, "layer": "last_conv", "method": method, "strength": np.nan, "membership": "all",
        "n": 18, "mean_agreement": mean, "verdict": verdict, "share_left": share, "share_ci_low": low,
        "share_ci_high": high, "share_note": "", "k_removed": 5.0, "fill": "mean", "interaction": 0.25,
        "interaction_ci_low": -0.1, **more,
    }  # fmt: skip


@pytest.fixture
def table() -> pd.DataFrame:
    rows = []
    for model in MODELS:
        rows += [
            row(model, "gradcam", 0.0, 0.0, 0.0, mean=50.0),
            row(model, "case", 1.0, 1.0, 1.0, "class-sensitive", mean=10.0, interaction_ci_low=0.1),
            row(model, "case_heldout", 0.4, 0.2, 0.6),
            row(model, "case_matched", 0.1, -0.1, 0.3),
            row(model, "case_random_direction", 0.0, -0.1, 0.1),
            row(model, "case_difference", 0.9, 0.8, 1.1, strength=0.5),
        ]
        rows += [row(model, "case", 1.0, 1.0, 1.0, membership=name, n=n) for name, n in (("both", 12), ("neither", 6))]
    table = pd.DataFrame(rows)
    at_50 = table[table["membership"] == "all"].assign(k_removed=50.0, interaction=9.0)
    return pd.concat([table, at_50], ignore_index=True)


def matched(table, **values):
    mine = (table["method"] == "case_matched") & (table["model"] == "vgg19_bn")
    return table.assign(**{name: table[name].mask(mine, value) for name, value in values.items()})


def test_shares_and_verdicts_are_read_from_the_table(table) -> None:
    share, judged, verdicts, specificity, sets = circularity(table, Settings())
    assert share == (
        "CASE lowers the mean agreement from 50% (Grad-CAM, no contrast) to 10%. Left of this reduction: "
        "CASE, held out 40% (intervals from 20% to 60%); CASE, matched 10% (intervals from -10% to 30%); "
        "CASE, random direction 0% (intervals from -10% to 10%)."
    )
    assert "most of it was built in (interval below 50%) on both networks; that anything is left" in judged
    assert judged.endswith("(interval above 0) is shown on 0 of 2 networks.")
    assert "CASE is class-sensitive on both networks; held out, undecided on both networks; matched, undec" in verdicts
    assert "top 5% removed" in specificity
    assert "CASE 0.25 (above 0 on both networks); CASE, held out 0.25 (above 0 on 0 of 2 networks)" in specificity
    assert sets.endswith("on both sides in 24 of 36 images and networks, on one side in 0, on none in 12.")


@pytest.mark.parametrize(
    ("low", "high", "words", "shown"),
    [
        (0.6, 0.9, "most of it remains (interval above 50%) on 1 of 2 networks", 1),
        (0.1, 0.7, "the share is not decided on 1 of 2 networks", 1),
        (np.nan, np.nan, "the share is not decided on 1 of 2 networks", 0),
    ],
)
def test_the_judgement_follows_the_interval_of_the_matched_share(table, low, high, words, shown) -> None:
    judged = circularity(matched(table, share_ci_low=low, share_ci_high=high), Settings())[1]
    assert "most of it was built in (interval below 50%) on 1 of 2 networks" in judged
    assert words in judged
    assert f"is shown on {shown} of 2 networks" in judged


def test_a_share_that_cannot_be_taken_is_told_with_its_reason(table) -> None:
    lost = matched(table, share_left=np.nan, share_ci_low=np.nan, share_note="effect of 5.2 points, 10 needed")
    told = circularity(lost, Settings())[2]
    assert told == "No share can be taken on 1 of 2 networks: effect of 5.2 points, 10 needed."


def test_in_short(table) -> None:
    assert left(table).startswith(
        "40% of its reduction of agreement against Grad-CAM is left when the compared classes"
    )
    assert "held out, and 10% when other classes" in left(table)
    lost = matched(table, share_left=np.nan)
    lost.loc[lost["model"] == "vgg19_bn", "share_left"] = np.nan
    assert left(lost).endswith("(matched), on 1 of 2 networks where there is one")


def test_without_a_reduction_there_is_no_share(table) -> None:
    names = ["share_left", "share_ci_low", "share_ci_high"]
    small = table.assign(**dict.fromkeys(names, np.nan), share_note="effect of 2.2 points, 10 needed")
    first, reason, verdicts, *_ = circularity(small, Settings())
    assert first == (
        "CASE lowers the mean agreement from 50% (Grad-CAM, no contrast) to 10%. That is too little to take a share of."
    )
    assert reason == "No share can be taken on both networks: effect of 2.2 points, 10 needed."
    assert verdicts.startswith("By the same rule")
    assert left(small).endswith("that there is no reduction to speak of")
