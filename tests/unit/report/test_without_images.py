"""Where no image is left there is no verdict: nothing calls it undecided, and no count of tests holds it."""

from dataclasses import replace

import pandas as pd
import pytest

from case_saliency.report.answer import answer
from case_saliency.report.content import Settings
from case_saliency.report.evidence.circularity import circularity
from case_saliency.report.evidence.similarity import similarity
from case_saliency.report.faithfulness import specificity
from case_saliency.report.front import line
from case_saliency.report.overview import overview

LOST = {
    "n": 0, "verdict": "undecided", "verdict_if_insensitive": "insensitive", "verdict_if_sensitive": "class-sensitive",
    **dict.fromkeys(["median_agreement", "ci_low", "ci_high", "p_wilcoxon", "p_sign", "p_holm"], float("nan")),
}  # fmt: skip


@pytest.fixture
def bare(experiment):
    """CASE has no image on the second network, Grad-CAM on none."""
    agreement = experiment.agreement.copy()
    lost = (agreement["method"] == "gradcam") | (
        (agreement["method"] == "case") & (agreement["model"] == "efficientnet_lite1")
    )
    agreement.loc[lost, list(LOST)] = list(LOST.values())
    return replace(experiment, agreement=agreement.astype({"n": int}))


def test_the_answer_counts_it_apart(bare) -> None:
    found = answer(bare)
    assert found.headline.startswith(
        "CASE gives no uniform answer, class-sensitive on 2 of 3 networks, no image left on 1 of 3 networks: "
    )
    assert "No image left on all 3 networks: Grad-CAM (no value)." in found.sensitivity
    assert line(bare).verdict.startswith("class-sensitive on 2 of 3 networks, no image left on 1 of 3 networks (median")


def test_a_cell_of_the_overview_says_it(bare) -> None:
    row = next(row for row in overview(bare).rows if row.label == "Grad-CAM")
    assert {(told.kind, told.verdict.symbol, told.verdict.words) for cell in row.cells for told in cell.told} == {
        ("no image", "–", "no image left")
    }


def test_comparisons_without_images_are_no_comparisons(experiment) -> None:
    fidelity = experiment.fidelity.copy()
    names = ["mean", "difference_to_case", "p_vs_case", "p_holm"]
    fidelity.loc[fidelity["method"] == "gradcam", names] = float("nan")
    found = answer(replace(experiment, fidelity=fidelity))
    lost = "(3 more have too few images in common to be made)"
    assert f"In 12 paired comparisons with CASE {lost} no difference is shown" in found.faithful
    assert f"Of 12 paired comparisons of other methods with CASE {lost}, none shows a difference" in found.fidelity[0]
    blur = pd.concat([fidelity, fidelity.assign(fill="blur")])
    assert "0 of 12 comparisons show a difference" in answer(replace(experiment, fidelity=blur)).fidelity[0]


def test_a_joint_verdict_without_images_is_not_among_the_undecided(synthetic) -> None:
    table = synthetic.cross_deletion_table((5.0,))
    table.loc[table["method"] == "gradcam", ["n", "joint_verdict"]] = [0, "undecided"]
    [told] = specificity(table)
    assert "No image is left on all 3 networks Grad-CAM. The others are undecided." in told
    other = table.assign(fill="blur", joint_verdict="class-specific")
    [told] = specificity(pd.concat([table, other]))
    assert f" of {len(table) - 3} with blur." in told


def test_variants_without_images_have_no_verdict() -> None:
    row = {
        "model": "net", "seed": 0, "layer": "last", "membership": "all", "strength": float("nan"), "n": 0,
        "verdict": "undecided", "mean_agreement": float("nan"), "share_left": float("nan"), "share_note": "no image",
        "interaction": float("nan"), "share_ci_low": float("nan"), "share_ci_high": float("nan"),
    }  # fmt: skip
    methods = ("gradcam", "case", "case_heldout", "case_matched")
    told = " ".join(circularity(pd.DataFrame([row | {"method": name} for name in methods]), Settings()))
    assert "CASE is no image left on the one network" in told
    assert "undecided" not in told


def test_maps_of_no_image_do_not_agree_on_a_verdict() -> None:
    rows = []
    for method, n in (("case", 9), ("gradcam", 0)):
        common = {"model": "net", "seed": 0, "layer": "last", "method": method, "n": n, "chance": 5.0,
                  "above_chance": 0.1, "mean": 10.0, "mean_ci_low": 4.0, "mean_ci_high": 20.0}  # fmt: skip
        agreement = common | {"measure": "agreement", "verdict": "undecided"}
        rows += [agreement | {"resolution": where, "k_percent": 5.0} for where in ("input", "native")]
        rows.append(agreement | {"resolution": "input", "k_percent": 50.0})
        rows.append(common | {"measure": "spearman", "resolution": "input", "k_percent": None, "verdict": ""})
    told = similarity(pd.DataFrame(rows), Settings())
    assert any("the verdict at the same k is the same in 1 of 1 cases." in sentence for sentence in told)
