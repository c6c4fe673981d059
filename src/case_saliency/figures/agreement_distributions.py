"""Per-image agreement between the maps of the top-1 and top-2 class: every image, the median and its interval."""

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from case_saliency.figures.marks import ROW_HEIGHT, estimate, margin_note, method_rows, population, unique, verdict_key
from case_saliency.figures.names import VERDICTS, method_style, ordered_methods
from case_saliency.figures.panels import SETTING, Panel, split
from case_saliency.figures.style import FAINT, INK, TWO_COLUMNS, house_style

TITLE = "Agreement between the maps of the top-1 and the top-2 class, image by image"
_COLUMNS = 3
_BIN = 2.0  # percent: points this close are drawn beside each other


def agreement_distributions(scores: pd.DataFrame, table: pd.DataFrame, threshold: float = 50.0) -> Figure:
    """Draw one panel per model, layer, seed and k, with one row per method.

    Parameters
    ----------
    scores
        Per-image agreement scores in percent (`agreement`); images that do not qualify and missing scores are not
        drawn.
    table
        The summary `agreement.csv` of the same scores: medians, intervals, n and verdicts are read from it.
    threshold
        Null hypothesis of the diagnostic, percent: the dashed line.

    Returns
    -------
    Figure
        Two columns wide; dots are images, the marker is the median, the bar its confidence interval.
    """
    panels = split(table, by=(*SETTING, "k_percent"))
    methods = ordered_methods(table["method"])
    controls = set(table.loc[table["role"] == "control", "method"])
    columns = min(_COLUMNS, len(panels))
    rows = -(-len(panels) // columns)
    with house_style():
        size = (TWO_COLUMNS, rows * (ROW_HEIGHT * len(methods) + 0.55) + 0.35)
        figure = Figure(figsize=size, layout="constrained")
        grid = figure.subplots(rows, columns, squeeze=False)
        for position, (axes, panel) in enumerate(zip(grid.flat, panels, strict=False)):
            _draw(axes, panel, scores[scores["qualified"]], methods)
            method_rows(axes, methods, controls, named=position % columns == 0)
            axes.set_xlabel(f"agreement (% of the top {unique(panel.rows['k_percent'], '{:g}')}% of pixels)")
            axes.axvline(threshold, color=INK, linewidth=0.8, linestyle=(0, (4, 2)), zorder=1)
        for axes in grid.flat[len(panels) :]:
            axes.set_visible(False)
        verdict_key(figure, threshold)
    return figure


def _draw(axes: Axes, panel: Panel, scores: pd.DataFrame, methods: list[str]) -> None:
    axes.set_title(panel.label, pad=9)
    axes.set_xlim(-3, 103)
    axes.set_xticks([0, 25, 50, 75, 100])
    margin_note(axes, -0.75, "n")
    points = panel.select(scores)
    for summary in panel.rows.to_dict("records"):
        row = methods.index(summary["method"])
        values = points.loc[points["method"] == summary["method"], "agreement"].dropna().to_numpy(dtype=float)
        axes.plot(
            values, row + _offsets(values), linestyle="none", marker="o", markersize=2.2, alpha=0.6,
            color=method_style(summary["method"]).colour, markeredgewidth=0, zorder=2,
        )  # fmt: skip
        bounds = summary["ci_low"], summary["ci_high"]
        estimate(axes, row, summary["method"], summary["median_agreement"], *bounds)
        margin_note(axes, row, f"{summary['n']:d} {VERDICTS[summary['verdict']].symbol}")
    axes.grid(axis="y", color=FAINT, alpha=0.18, linewidth=0.5)
    axes.set_axisbelow(True)


def _offsets(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Vertical offsets (in rows, within +-0.36) that set points of nearly equal value beside each other."""
    offsets = np.zeros(len(values))
    bins = np.round(values / _BIN)
    for position in np.unique(bins):
        members = np.flatnonzero(bins == position)
        step = min(0.13, 0.72 / max(len(members) - 1, 1))
        offsets[members] = (np.arange(len(members)) - (len(members) - 1) / 2) * step
    return offsets


def caption(table: pd.DataFrame, threshold: float = 50.0, *, labelled: bool = True) -> str:
    """Say what the figure shows, with n and the level of the intervals from the table; `labelled`: the images are."""
    return (
        f"{TITLE}. Agreement is the share of the top {unique(table['k_percent'], '{:g}')}% of pixels that the two maps "
        "have in common: 0% when the explanation moves altogether with the class, 100% when it does not change. Each "
        f"dot is one image {population(labelled=labelled)}; beside each row stand the number of images "
        f"(n = {unique(table['n'], '{:d}')}) and the verdict. The large marker is the median, the bar its exact "
        f"order-statistic confidence interval (attained level {unique(100 * table['ci_level'], '{:.1f}')}%). Dashed "
        f"line: {threshold:g}%, the null hypothesis. Methods in italics are controls.{_degenerate(table)}"
    )


def _degenerate(table: pd.DataFrame) -> str:
    missing = int(table["n_degenerate"].sum())
    return f" {missing} scores that an empty or constant map leaves undefined are not drawn." if missing else ""
