"""Confidence lost when the pixels that a map ranks highest are removed: mean and interval for each method."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from case_saliency.figures.fills import fills, fills_told, key_below, other_fills
from case_saliency.figures.marks import (
    ROW_HEIGHT,
    around,
    ends,
    estimate,
    margin_note,
    method_rows,
    n_label,
    placed,
    population,
    sizes,
    unique,
)
from case_saliency.figures.names import format_p, method_style, ordered_methods
from case_saliency.figures.panels import SETTING, by_setting, line_width, n_lines, several_trainings, split
from case_saliency.figures.style import FAINT, INK, TWO_COLUMNS, house_style

TITLE = "Drop of the predicted class's confidence after removing the top-ranked pixels"
_TOGETHER = (
    " The trainings of a network stand below each other in a method's row, seed 0 uppermost; beside it stands the "
    "least p of them. A bar is cut where it leaves the axis. Other fills are in the table."
)
_FORMULAS = {
    "drop_absolute": "c − c′",
    "drop_relative": "(c − c′) / c",
    "drop_relative_clipped": "max(c − c′, 0) / c",
    "drop_logit": "y − y′",
}

UNITS = {
    "drop_absolute": "probability",
    "drop_relative": "share",
    "drop_relative_clipped": "share",
    "drop_logit": "logits",
}


def confidence_drops(table: pd.DataFrame, measure: str = "drop_relative_clipped", reference: str = "case") -> Figure:
    """Draw one row of panels per share of removed pixels, models and layers side by side.

    Means, intervals and p-values are those of the first fill of the table, the primary one; small open marks stand at
    the means with the others. The trainings of a network stand below each other in a method's row, without other fills.

    Parameters
    ----------
    table
        The summary `fidelity.csv`; means, intervals and p-values are read from it.
    measure
        Which drop to show, a value of the table's column `measure`.
    reference
        The method that the p-values compare with; its mean is the dashed line.
    """
    shown = _shown(table, measure)
    together = several_trainings(shown)
    columns = split(shown, by=("model", "layer") if together else SETTING)
    width = line_width(columns)
    primary, *others = fills(shown)
    settings = sorted(shown["k_percent"].unique())
    methods = ordered_methods(shown["method"])
    controls = set(shown.loc[shown["role"] == "control", "method"])
    with house_style():
        size = (TWO_COLUMNS, len(settings) * n_lines(columns, width) * (ROW_HEIGHT * len(methods) + 0.82))
        figure = Figure(figsize=size, layout="constrained")
        for axes, k, panel, first in by_setting(figure, settings, columns, width):
            rows = panel.rows[panel.rows["k_percent"] == k]
            _draw(axes, rows[rows["fill"] == primary], methods, reference)
            if together:
                keep = (shown["k_percent"] == k) & (shown["fill"] == primary)
                around(axes, shown.loc[keep, "mean"])
            else:
                other_fills(axes, rows, methods, "mean", others)
            method_rows(axes, methods, controls, named=first)
            axes.set_title(panel.label, pad=9)
            axes.set_xlabel(
                f"top {k:g}% removed, fill: {primary}\n{_FORMULAS[measure]}, mean {UNITS[measure]}"
                f"\n{n_label(rows[rows['fill'] == primary])}"
            )
        key_below(figure, [] if together else others)
    return figure


def _shown(table: pd.DataFrame, measure: str) -> pd.DataFrame:
    return table[(table["test"] == "confidence_drop") & (table["measure"] == measure)]


def _draw(axes: Axes, rows: pd.DataFrame, methods: list[str], reference: str) -> None:
    small = several_trainings(rows)
    margin_note(axes, -0.75, "least p" if small else "Holm p")
    means = rows.loc[rows["method"] == reference, "mean"]
    if small:
        axes.axvspan(means.min(), means.max(), color=FAINT, alpha=0.25, linewidth=0, zorder=0)
    for mean in means if not small else ():
        axes.axvline(mean, color=INK, linewidth=0.8, linestyle=(0, (4, 2)), zorder=1)
    for summary, place in placed(rows, methods):
        bounds = summary["ci_low"], summary["ci_high"]
        estimate(axes, place, summary["method"], summary["mean"], *bounds, small=small)
    for method, found in rows[rows["method"] != reference].groupby("method"):
        margin_note(axes, methods.index(str(method)), format_p(found["p_holm"].min()))
    axes.grid(axis="y", color=FAINT, alpha=0.18, linewidth=0.5)
    axes.set_axisbelow(True)


def caption(
    table: pd.DataFrame,
    measure: str = "drop_relative_clipped",
    reference: str = "case",
    alpha: float = 0.05,
    *,
    labelled: bool = True,
) -> str:
    """Say what the figure shows, with n, k and fill from the table.

    Its intervals have level 1 - alpha; `labelled` says that the images have labels.
    """
    shown = _shown(table, measure)
    primary, *others = fills(shown)
    label = method_style(reference).label
    together = several_trainings(shown)
    n = ends(shown["n"]) if together else sizes(shown["n"])
    line = "the grey band holds the means" if together else "the dashed line is the mean"
    symbol, meaning, unit = "c", "softmax probability", ", a fraction"
    if measure == "drop_logit":
        symbol, meaning, unit = "y", "logit", ""
    return (
        f"{TITLE}. {symbol} is the {meaning} of the top-1 class on the whole photograph, {symbol}′ the same after the "
        f"pixels that a map ranks highest are removed (top {unique(shown['k_percent'], '{:g}%')}; fill: {primary}); "
        f"the drop is {_FORMULAS[measure]}{unit}. A larger drop means that the map found pixels that matter more. "
        f"Markers are means over n = {n} images {population(labelled=labelled)}, bars their {1 - alpha:.0%} t "
        f"intervals, {line} of {label}. p: two-sided paired t-test against {label} on the same images, Holm-corrected; "
        f"a large p does not show that two methods are equal. Methods in italics are controls."
        f"{_TOGETHER if together else fills_told(others)}"
    )
