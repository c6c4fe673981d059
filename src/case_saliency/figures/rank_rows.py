"""Mean ranks of the trainings of a network: a row for each method, intervals as long as the critical difference."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from case_saliency.figures.marks import ROW_HEIGHT, estimate, method_rows, n_label, placed
from case_saliency.figures.names import ordered_methods
from case_saliency.figures.panels import Panel, line_width, n_lines, split, wrapped
from case_saliency.figures.style import FAINT, INK, TWO_COLUMNS, house_style

_BAR = -1.1  # the row of the bar, above the first method
_BEYOND = 0.03  # room beyond the longest interval that there can be, in numbers of methods


def rank_rows(table: pd.DataFrame) -> Figure:
    """Draw one panel per model, layer and k; in a method's row the mean ranks of the trainings, seed 0 uppermost.

    Each interval reaches half of its training's critical difference to either side, so that two of them part where
    the ranks differ by more than it.

    Parameters
    ----------
    table
        The summary `ranks.csv`; mean ranks and critical differences are read from it.
    """
    panels = split(table, by=("model", "layer", "k_percent"))
    methods = ordered_methods(table["method"])
    width = line_width(panels)
    limits = _limits(table)
    with house_style():
        size = (TWO_COLUMNS, n_lines(panels, width) * (ROW_HEIGHT * (len(methods) + 1) + 0.92))
        figure = Figure(figsize=size, layout="constrained")
        for axes, panel, first in wrapped(figure, panels, width):
            _draw(axes, panel, methods)
            axes.set_xlim(*limits)
            axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
            method_rows(axes, methods, set(), named=first)
            axes.set_ylim(len(methods) - 0.5, _BAR - 0.9)
    return figure


def _limits(table: pd.DataFrame) -> tuple[float, float]:
    """Return the ends of the axis of ranks: the interval of a method that is first or last on every image has room."""
    k, half = table["n_methods"].max(), table["critical_difference"].max() / 2
    reach = (0.5 if pd.isna(half) else half) + _BEYOND * k
    return 1 - reach, k + reach


def _draw(axes: Axes, panel: Panel, methods: list[str]) -> None:
    for row, place in placed(panel.rows, methods):
        mean, half = row["mean_rank"], row["critical_difference"] / 2
        estimate(axes, place, row["method"], mean, mean - half, mean + half, small=True)
    if panel.rows["mean_rank"].isna().all():
        middle = (1 + panel.rows["n_methods"].max()) / 2
        axes.text(middle, (len(methods) - 1) / 2, "no image has a value\nfor every method", ha="center", va="center")
    difference = panel.rows["critical_difference"].max()
    if pd.notna(difference):
        ends = [1, 1 + difference]
        axes.plot(ends, [_BAR, _BAR], color=INK, linewidth=1.1, marker="|", markersize=4, zorder=2)
        axes.text(1.3 + difference, _BAR, f"critical difference {difference:.2f}", va="center", fontsize=6)
    axes.set_title(panel.label, pad=6)
    axes.set_xlabel(f"mean rank\n{n_label(panel.rows)}")
    axes.grid(axis="y", color=FAINT, alpha=0.18, linewidth=0.5)
    axes.set_axisbelow(True)
