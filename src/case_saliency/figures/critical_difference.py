"""Mean rank of every method's agreement, with bars that join the methods which the images do not tell apart."""

import math
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from case_saliency.figures.marks import ROW_HEIGHT, ends, n_label, sizes, unique
from case_saliency.figures.names import method_style, p_statement
from case_saliency.figures.panels import SETTING, Panel, n_lines, several_trainings, split, wrapped
from case_saliency.figures.rank_rows import rank_rows
from case_saliency.figures.style import FAINT, INK, TWO_COLUMNS, house_style

TITLE = "Mean rank of agreement over the same images, with the critical difference"
_COLUMNS = 2
_ABOVE = 2.4  # rows above the axis: its numbers and the bar of the critical difference
_BAR = 0.5  # rows between the bars of two groups
_MARGIN = 0.85  # room for names on either side, in lengths of the axis


def critical_difference(table: pd.DataFrame) -> Figure:
    """Draw one diagram per model, layer, seed and k; of networks with several trainings, `rank_rows`.

    Parameters
    ----------
    table
        The summary `ranks.csv`; mean ranks, critical differences and groups are read from it.

    Returns
    -------
    Figure
        Two columns wide. Each method's marker stands at its mean rank, its name at the end of a line from there; a
        thick bar joins the methods of a group.
    """
    if several_trainings(table):
        return rank_rows(table)
    panels = split(table, by=(*SETTING, "k_percent"))
    columns = min(_COLUMNS, len(panels))
    depth = max(_depth(panel.rows) for panel in panels)
    with house_style():
        size = (TWO_COLUMNS * columns / _COLUMNS, n_lines(panels, _COLUMNS) * (ROW_HEIGHT * (_ABOVE + depth) + 0.45))
        figure = Figure(figsize=size, layout="constrained")
        for axes, panel, _ in wrapped(figure, panels, _COLUMNS):
            _draw(axes, panel)
            axes.set_ylim(-depth, _ABOVE)
    return figure


def _draw(axes: Axes, panel: Panel) -> None:
    rows = panel.rows.sort_values("mean_rank", kind="stable").to_dict("records")
    k, n = len(rows), rows[0]["n"]
    axes.set_axis_off()
    axes.set_title(f"{panel.label}\n", pad=4)
    margin = _MARGIN * max(k - 1, 1)
    axes.set_xlim(1 - margin, k + margin)
    if n == 0:
        axes.text((1 + k) / 2, 0, "no image has a value for every method", ha="center")
        return
    said = "too few methods for Friedman's test" if math.isnan(rows[0]["p_friedman"]) else _friedman(rows[0])
    axes.text(0.5, 1.01, f"{n_label(panel.rows)}; {said}", transform=axes.transAxes, ha="center", fontsize=6)
    _axis(axes, k, rows[0]["critical_difference"])
    bars = _bars(panel.rows)
    for position, (first, last) in enumerate(bars):
        height = -_BAR * (position + 1)
        axes.plot([first, last], [height, height], color=INK, linewidth=2.2, solid_capstyle="butt", zorder=3)
    for place, row in enumerate(rows):
        left = place < (k + 1) // 2
        height = -_BAR * len(bars) - 1 - (place if left else k - 1 - place)
        _name(axes, row, height, 1 - 0.06 * margin if left else k + 0.06 * margin, "right" if left else "left")


def _friedman(row: dict[Any, Any]) -> str:
    return f"Friedman's test: {p_statement(row['p_friedman'])}"


def _axis(axes: Axes, k: int, difference: float) -> None:
    axes.plot([1, k], [0, 0], color=INK, linewidth=0.8, zorder=2)
    for rank in range(1, k + 1):
        axes.plot([rank, rank], [0, 0.25], color=INK, linewidth=0.6, zorder=2)
        if k < 10 or rank % 2:  # numbers of two digits need the room of two
            axes.text(rank, 0.35, f"{rank}", ha="center", va="bottom", fontsize=6.5)
    axes.text(k + 0.07 * k, 0.35, "mean rank", ha="left", va="bottom", fontsize=6)
    if not math.isnan(difference):
        axes.plot([1, 1 + difference], [1.65, 1.65], color=INK, linewidth=1.1, marker="|", markersize=4, zorder=2)
        text = f"critical difference {difference:.2f}"
        axes.text(1 + difference / 2, 1.8, text, ha="center", va="bottom", fontsize=6)


def _name(axes: Axes, row: dict[Any, Any], height: float, end: float, side: str) -> None:
    style, rank = method_style(row["method"]), row["mean_rank"]
    axes.plot([rank, rank, end], [0, height, height], color=FAINT, linewidth=0.6, zorder=1)
    axes.plot(
        [rank], [0], marker=style.marker, markersize=5, color=style.colour, markeredgecolor=INK, markeredgewidth=0.6,
        linestyle="none", zorder=4,
    )  # fmt: skip
    text = f"{style.label}  {rank:.2f} " if side == "right" else f" {rank:.2f}  {style.label}"
    axes.text(end, height, text, ha=side, va="center", fontsize=6.5)


def _bars(rows: pd.DataFrame) -> list[tuple[float, float]]:
    """First and last mean rank of every group that joins several methods, the lowest ranks first."""
    found = []
    for letter in sorted(set("".join(rows["groups"].dropna()))):
        ranks = rows.loc[rows["groups"].str.contains(letter, regex=False), "mean_rank"]
        if len(ranks) > 1:
            found.append((float(ranks.min()), float(ranks.max())))
    return sorted(found)


def _depth(rows: pd.DataFrame) -> float:
    return _BAR * len(_bars(rows)) + 1 + (len(rows) + 1) // 2


def caption(table: pd.DataFrame, alpha: float = 0.05) -> str:
    """Say what the figure shows, with n and k from the table; the critical difference has level alpha."""
    incomplete = int(table.drop_duplicates([*SETTING, "k_percent"])["n_incomplete"].sum())
    left_out = f" {incomplete} images that lack a value for some method are left out." if incomplete else ""
    together = several_trainings(table)
    n = ends(table["n"]) if together else sizes(table["n"])
    shown = (
        "Each mark is the mean rank on one training of the network, seed 0 uppermost; its bar reaches half of "
        "Nemenyi's critical difference to either side. Two methods whose bars of one training overlap are not told "
        "apart by its images: the bars serve to compare ranks, and are no intervals of one rank alone. The bar above "
        "the rows is the critical difference (the largest of the trainings)"
        if together
        else "The number beside a name is its mean rank. A thick bar joins methods whose mean ranks differ by no more "
        "than Nemenyi's critical difference, drawn above: these images do not tell them apart. It stands for the "
        "intervals, which for ranks concern differences: one of half its length to either side of each mean rank would "
        "say the same"
    )
    return (
        f"{TITLE}. On every image the methods are ranked by the agreement between the maps of the top-1 and the top-2 "
        f"class (top {unique(table['k_percent'], '{:g}')}% of pixels; n = {n} images whose top-1 prediction is "
        f"correct); rank 1 is the lowest agreement. {shown} (level {alpha:g} over all pairs of a network). Controls "
        "are not ranked. A low rank says that a method's maps change with the class, not that they are "
        f"right.{left_out}"
    )
