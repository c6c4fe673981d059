"""Both questions in one picture: class sensitivity against fidelity, with the best corner shaded."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from case_saliency.figures.marks import ends, n_label
from case_saliency.figures.names import method_style, ordered_methods
from case_saliency.figures.panels import SETTING, line_width, n_lines, several_trainings, split, wrapped
from case_saliency.figures.style import FAINT, INK, TWO_COLUMNS, house_style

TITLE = "Class sensitivity against fidelity"
_PER_LINE = 6  # methods in a line of the key
_BEST = "#009E73"
_FEW = 10  # images: a value over fewer has a hollow mark


def sensitivity_fidelity(table: pd.DataFrame, threshold: float = 50.0) -> Figure:
    """Draw one panel per model and layer: median agreement to the right, mean confidence drop upwards.

    Parameters
    ----------
    table
        The summary `summary.csv`; medians, means and intervals are read from it.
    threshold
        Null hypothesis of the diagnostic, percent: the dashed line.

    Returns
    -------
    Figure
        A mark for each method and training, with both intervals. Shaded: agreement below the threshold, and a larger
        drop than any control's.
    """
    together = several_trainings(table)
    panels = split(table, by=("model", "layer") if together else SETTING)
    width = line_width(panels)
    methods = ordered_methods(table["method"])
    with house_style():
        key_height = 0.17 * -(-len(methods) // _PER_LINE) + 0.1
        figure = Figure(figsize=(TWO_COLUMNS, 2.35 * n_lines(panels, width) + key_height), layout="constrained")
        low, high = _ends(table)
        for axes, panel, first in wrapped(figure, panels, width, sharex=True, sharey=True):
            _draw(axes, panel.rows, threshold, small=together)
            axes.set_title(panel.label, pad=5)
            axes.set_xlabel(f"median agreement (%)\n{n_label(panel.rows)}")
            axes.set_ylabel("mean confidence drop\n(share of the confidence)" if first else "")
            axes.tick_params(labelbottom=True)
            if high > low:
                axes.set_ylim(low, high)
        figure.legend(
            [_mark(method, 5) for method in methods], [method_style(method).label for method in methods],
            loc="outside lower center", ncols=_PER_LINE, handletextpad=0.1, columnspacing=1.2,
        )  # fmt: skip
    return figure


def _ends(table: pd.DataFrame) -> tuple[float, float]:
    """Return the ends of the upright axis: all marks, and the intervals that do not rest on few images."""
    many = table[table["n"] >= _FEW]
    low, high = table["mean_drop"].min(), table["mean_drop"].max()
    return 1.05 * min(0.0, low, many["drop_ci_low"].min()), 1.05 * max(high, many["drop_ci_high"].max())


def _draw(axes: Axes, rows: pd.DataFrame, threshold: float, *, small: bool) -> None:
    axes.set_xlim(-4, 104)
    axes.axvline(threshold, color=INK, linewidth=0.8, linestyle=(0, (4, 2)), zorder=1)
    floor = rows.loc[rows["role"] == "control", "mean_drop"].max()
    if pd.notna(floor):
        axes.axhline(floor, color=FAINT, linewidth=0.6, zorder=1)
        right = (threshold + 4) / 108
        axes.axhspan(floor, 1000, 0, right, color=_BEST, alpha=0.1, linewidth=0, zorder=0)
    axes.text(0.03, 0.97, "best", transform=axes.transAxes, ha="left", va="top", fontsize=6.5, fontstyle="italic")
    for row in rows.to_dict("records"):
        _bars(axes, row, small=small)
        place, few = ([row["median_agreement"]], [row["mean_drop"]]), row["n"] < _FEW
        axes.add_line(_mark(row["method"], 3 if small else 5, *place, hollow=few))


def _bars(axes: Axes, row: dict[Any, Any], *, small: bool) -> None:
    x, y, width = row["median_agreement"], row["mean_drop"], 0.4 if small else 0.6
    axes.plot([row["ci_low"], row["ci_high"]], [y, y], color=FAINT, linewidth=width, zorder=2)
    axes.plot([x, x], [row["drop_ci_low"], row["drop_ci_high"]], color=FAINT, linewidth=width, zorder=2)


def _mark(
    method: str, size: float, x: list[float] | None = None, y: list[float] | None = None, *, hollow: bool = False
) -> Line2D:
    style = method_style(method)
    return Line2D(
        x or [], y or [], marker=style.marker, markersize=size, markerfacecolor="none" if hollow else style.colour,
        markeredgecolor=style.colour if hollow else INK,
        markeredgewidth=0.3 if size < 5 else 0.6, linestyle="none", zorder=3,
    )  # fmt: skip


def caption(table: pd.DataFrame, threshold: float = 50.0) -> str:
    """Say what the figure shows, with n from the table."""
    marks = (
        "one mark for each training of the network, with the intervals of both over its images"
        if several_trainings(table)
        else "bars are the intervals of both"
    )
    return (
        f"{TITLE}: the median agreement of the maps of the top-1 and the top-2 class, and the mean drop of the "
        "predicted class's confidence without the pixels that a map ranks highest, both at the main setting; n = "
        f"{ends(table['n'])} images; {marks}, cut where they leave the axis. Dashed line: {threshold:g}%, the null "
        "hypothesis of the diagnostic; grey line: the largest drop of a control. The shaded corner at the upper left "
        "is the best: maps that change with the class and are more faithful than every control. A mark over fewer "
        f"than {_FEW} images is hollow; a method without any value has no mark."
    )
