from dataclasses import replace

import numpy as np
import pandas as pd

from case_saliency.report.content import Background
from case_saliency.report.overview import overview
from case_saliency.report.page import render


def test_cells_hold_the_tables_values(experiment) -> None:
    agreement, fidelity = experiment.agreement.copy(), experiment.fidelity.copy()
    here = (agreement["method"] == "gradcam") & (agreement["model"] == "efficientnet_lite1")
    names = ["median_agreement", "ci_low", "ci_high", "p_holm", "verdict"]
    agreement.loc[here, names] = [44.6, 30.2, 55.5, 0.35, "undecided"]
    here = (fidelity["method"] == "gradcam") & (fidelity["model"] == "efficientnet_lite1")
    fidelity.loc[here & (fidelity["k_percent"] == 5), "mean"] = 0.1234
    found = overview(replace(experiment, agreement=agreement, fidelity=fidelity))
    cell = next(row for row in found.rows if row.label == "Grad-CAM").cells[1]
    assert (cell.told[0].kind, cell.median, cell.interval, cell.p, cell.drop) == (
        "undecided", "45%", "30 to 56", "p = .35", "0.12",
    )  # fmt: skip
    assert found.networks == ["EfficientNet-Lite0", "EfficientNet-Lite1", "EfficientNet-Lite2"]
    assert found.drop == "top 5%, mean fill"


def test_the_drop_is_that_of_the_first_fill(experiment) -> None:
    blurred = experiment.fidelity.assign(fill="blur", mean=0.99)
    both = replace(experiment, fidelity=pd.concat([experiment.fidelity, blurred], ignore_index=True))
    assert overview(both) == overview(experiment)


def test_controls_come_last_and_have_no_corrected_p(experiment) -> None:
    rows = overview(experiment).rows
    assert [row.label for row in rows if row.control] == ["Random", "Sobel edges"] == [row.label for row in rows[-2:]]
    assert rows[-1].cells[0].p_holm == "control"


def test_what_is_missing_is_told_apart(experiment) -> None:
    agreement = experiment.agreement.drop(index=0)
    agreement.loc[1, ["median_agreement", "ci_low", "ci_high", "p_holm", "verdict"]] = [*[np.nan] * 4, "undecided"]
    found = overview(replace(experiment, agreement=agreement, fidelity=experiment.fidelity.drop(index=15 + 2)))
    cells = {row.label: row.cells[0] for row in found.rows}
    assert cells["Grad-CAM"] is None
    assert (cells["Grad-CAM++"].median, cells["Grad-CAM++"].interval, cells["Grad-CAM++"].p_holm) == (
        "no value", "no interval", "–",
    )  # fmt: skip


def test_seeds_of_a_network_share_a_cell(experiment) -> None:
    parts, drops = [], []
    names = ["median_agreement", "ci_low", "ci_high", "p_wilcoxon", "p_holm"]
    for seed, (median, verdict) in enumerate([(4.0, "class-sensitive"), (9.0, "class-sensitive"), (40.0, "undecided")]):
        case = experiment.agreement["method"] == "case"
        rows = experiment.agreement.assign(seed=seed)
        rows.loc[case, names] = [median, median - 2, median + 2, 0.01 * (seed + 1), 0.2]
        rows.loc[case, "verdict"] = verdict
        parts.append(rows)
        drops.append(experiment.fidelity.assign(seed=seed, mean=0.1 * (seed + 1)))
    found = overview(replace(experiment, agreement=pd.concat(parts), fidelity=pd.concat(drops)))
    assert found.networks == ["EfficientNet-Lite0", "EfficientNet-Lite1", "EfficientNet-Lite2"]
    assert found.seeds == 3
    cell = found.rows[0].cells[0]
    assert [(told.kind, told.count) for told in cell.told] == [("class-sensitive", "2 of 3"), ("undecided", "1 of 3")]
    assert (cell.median, cell.interval, cell.p, cell.p_holm, cell.drop) == (
        "4% to 40%", "2 to 42", "p = .0100 to .0300", ".20", "0.10 to 0.30",
    )  # fmt: skip


def test_a_verdict_that_depends_on_the_policy_for_empty_maps_is_told_as_that(experiment) -> None:
    agreement = experiment.agreement.copy()
    names = ["verdict", "verdict_if_insensitive", "verdict_if_sensitive"]
    agreement[names] = "class-sensitive"
    here = agreement["method"] == "gradcam"
    agreement.loc[here & (agreement["model"] == "efficientnet_lite1"), "verdict_if_insensitive"] = "undecided"
    agreement.loc[here & (agreement["model"] == "efficientnet_lite2"), "verdict"] = "undecided"
    changed = replace(experiment, agreement=agreement)
    told = [
        [one.kind for one in cell.told]
        for row in overview(changed).rows
        if row.label == "Grad-CAM"
        for cell in row.cells
    ]
    assert told == [["class-sensitive"], ["depends on the policy"], ["undecided"]]
    page = render([changed], Background({}, {}, "0"))
    cell = '<span class="verdict depends-on-the-policy"><span aria-hidden="true">⇅</span> dependent on the policy for'
    assert page.count(cell) == 1
    assert "⇅ dependent on the policy for empty maps,\n  another verdict where images with an empty map count" in page
