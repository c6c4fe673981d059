"""Per-image agreement between the maps of the top-1 and top-2 class: every image, the median and its interval."""

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from case_saliency.figures.marks import (
    ROW_HEIGHT,
    counted,
    ends,
    estimate,
    margin_note,
    method_rows,
    n_label,
    placed,
    population,
    sizes,
    unique,
    verdict_key,
)
from case_saliency.figures.names import VERDICTS, method_style, ordered_methods
from case_saliency.figures.panels import Panel, line_width, n_lines, several_trainings, split, wrapped
from case_saliency.figures.style import FAINT, INK, TWO_COLUMNS, house_style
from case_saliency.statistics.standing import with_standing

TITLE = "Agreement between the maps of the top-1 and the top-2 class, image by image"
_SYMBOLS = {name: verdict.symbol for name, verdict in VERDICTS.items()}
NEEDED = ("model", "seed", "layer", "method", "k_percent", "agreement", "qualified")
"""Columns of the scores that are read."""
_MANY = 2000  # points of a row from which on they are drawn as one picture, not each by itself
_BIN = 2.0  # percent: points this close are drawn beside each other


def agreement_distributions(scores: pd.DataFrame, table: pd.DataFrame, threshold: float = 50.0) -> Figure:
    """Draw one panel per model, layer and k, with one row per method, in which a model's trainings stand together.

    Parameters
    ----------
    scores
        Per-image agreement scores in percent (`agreement`); images that do not qualify and missing scores are not
        drawn.
    table
        The summary `agreement.csv` of the same scores: medians, intervals, n and verdicts are read from it; of a
        verdict that depends on the policy for empty maps, this is shown.
    threshold
        Null hypothesis of the diagnostic, percent: the dashed line.

    Returns
    -------
    Figure
        Two columns wide; dots are images, the marker is the median, the bar its confidence interval.
    """
    table = with_standing(table)
    panels = split(table, by=("model", "layer", *(() if several_trainings(table) else ("seed",)), "k_percent"))
    methods = ordered_methods(table["method"])
    controls = set(table.loc[table["role"] == "control", "method"])
    width = line_width(panels)
    with house_style():
        size = (TWO_COLUMNS, n_lines(panels, width) * (ROW_HEIGHT * len(methods) + 0.77) + 0.35)
        figure = Figure(figsize=size, layout="constrained")
        for axes, panel, first in wrapped(figure, panels, width):
            _draw(axes, panel, scores[scores["qualified"]], methods)
            method_rows(axes, methods, controls, named=first)
            of = f"% of the top {unique(panel.rows['k_percent'], '{:g}')}% of pixels"
            axes.set_xlabel(f"agreement\n({of})\n{n_label(panel.rows)}")
            axes.axvline(threshold, color=INK, linewidth=0.8, linestyle=(0, (4, 2)), zorder=1)
        verdict_key(figure, threshold, table["verdict"])
    return figure


def _draw(axes: Axes, panel: Panel, scores: pd.DataFrame, methods: list[str]) -> None:
    axes.set_title(panel.label, pad=9)
    axes.set_xlim(-3, 103)
    axes.set_xticks([0, 25, 50, 75, 100])
    points = panel.select(scores)
    small = several_trainings(panel.rows)
    margin_note(axes, -0.75, "trainings" if small else "n")
    for method, found in panel.rows.groupby("method", sort=False):
        row = methods.index(str(method))
        values = points.loc[points["method"] == method, "agreement"].dropna().to_numpy(dtype=float)
        axes.plot(
            values, row + _offsets(values), linestyle="none", marker="o", markersize=1.5 if small else 2.2,
            alpha=0.1 if small else 0.6, color=method_style(str(method)).colour, markeredgewidth=0, zorder=2,
            rasterized=small or len(values) > _MANY,
        )  # fmt: skip
        n = "" if small else f"{found['n'].iloc[0]:d} "
        margin_note(axes, row, n + counted(found["verdict"], _SYMBOLS))
    for summary, place in placed(panel.rows, methods):
        bounds = summary["ci_low"], summary["ci_high"]
        estimate(axes, place, summary["method"], summary["median_agreement"], *bounds, small=small)
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
    together = several_trainings(table)
    n = ends(table["n"]) if together else sizes(table["n"])
    beside = (
        "in how many trainings which verdict is reached. The trainings of a network stand below each other, seed 0 "
        f"uppermost, their images (n = {n}) together. "
        if together
        else f"the number of images (n = {n}) and the verdict. "
    )
    level = 100 * table["ci_level"]
    levels = f"{level.min():.1f} to {level.max():.1f}" if together else unique(level, "{:.1f}")
    return (
        f"{TITLE}. Agreement is the share of the top {unique(table['k_percent'], '{:g}')}% of pixels that the two maps "
        "have in common: 0% when the explanation moves altogether with the class, 100% when it does not change. Each "
        f"dot is one image {population(labelled=labelled)}; beside each row stands {beside}The large marker is the "
        f"median, the bar its exact order-statistic confidence interval (attained level {levels}%). Dashed line: "
        f"{threshold:g}%, the null hypothesis. Methods in italics are controls.{_degenerate(table)}"
    )


def _degenerate(table: pd.DataFrame) -> str:
    missing = int(table["n_degenerate"].sum())
    return f" {missing} scores that an empty or constant map leaves undefined are not drawn." if missing else ""
