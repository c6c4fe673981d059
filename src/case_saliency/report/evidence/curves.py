"""Perturbation curves: how fast confidence falls, or returns, in the order that a map gives."""

import pandas as pd

from case_saliency.figures.names import method_style
from case_saliency.report.content import Settings
from case_saliency.report.phrases import compared
from case_saliency.report.ranges import spread

_CURVES = {
    "deletion": ("Deletion", "low is good"),
    "insertion": ("Insertion", "high is good"),
    "road": ("ROAD", "low is good"),
}


def curves(table: pd.DataFrame, settings: Settings) -> list[str]:
    """Tell for each curve the mean area of the reference and of the controls, and who differs."""
    label = method_style(settings.reference).label
    sentences = []
    for (curve, fill), rows in table[table["measure"] == "auc"].groupby(["test", "fill"], sort=False):
        others = rows[(rows["role"] == "method") & (rows["method"] != settings.reference)]
        differ = others[others["p_holm"] < settings.alpha]
        mine, controls = (
            spread(rows.loc[chosen, "mean"], "{:.2f}")
            for chosen in (rows["method"] == settings.reference, rows["role"] == "control")
        )
        name, good = _CURVES[str(curve)]
        sentences.append(
            f"{name} (fill: {fill}, {good}): mean area {mine} with {label}, {controls} "
            f"with the controls; of {len(others)} paired comparisons with {label}, {compared(differ, others, label)} "
            f"(Holm-corrected at {settings.alpha:g})."
        )
    return sentences
