"""Likeness of two classes' maps: agreement over k at both resolutions, rank correlation and SSIM, beside chance."""

import math
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from case_saliency.figures.marks import ROW_HEIGHT, estimate, method_line, method_rows, n_label, sizes, unique
from case_saliency.figures.names import method_style, ordered_methods
from case_saliency.figures.panels import Panel, split
from case_saliency.figures.style import FAINT, INK, ONE_COLUMN, TWO_COLUMNS, house_style

TITLE = "Likeness of the maps of two classes: other k, other measures, and chance"
_COLUMNS = 4  # panels side by side
_SWEEPS = {"input": "at input resolution", "native": "at the maps' own"}
_HEIGHTS = {"input": 1.72, "native": 1.72}  # inches
_SPREAD = 0.5  # of a step of k: the methods stand side by side in it
_WHOLE = {"spearman": -0.17, "ssim": 0.17}  # where a measure's mark stands in the method's row
_CHANCE: dict[str, Any] = {"color": INK, "linestyle": (0, (1, 1.2)), "linewidth": 1.3, "zorder": 1}


def similarity(table: pd.DataFrame) -> Figure:
    """Draw three panels for each model, layer and seed: both sweeps of k, and the measures of whole maps.

    Parameters
    ----------
    table
        The summary `similarity.csv`; medians, means, intervals and the level of chance are read from it.
    """
    panels, methods = split(table), ordered_methods(table["method"])
    controls = set(table.loc[table["role"] == "control", "method"])
    columns = min(len(panels), _COLUMNS)
    blocks = math.ceil(len(panels) / columns)
    heights = [*_HEIGHTS.values(), ROW_HEIGHT * len(methods) + 0.62] * blocks
    legend_columns = 2 if columns == 1 else 4
    below = 0.14 * (2 + len(methods) // legend_columns)
    with house_style():
        size = (ONE_COLUMN if columns == 1 else TWO_COLUMNS, sum(heights) + below)
        figure = Figure(figsize=size, layout="constrained")
        grid = figure.subplots(3 * blocks, columns, height_ratios=heights, squeeze=False)
        for place in range(blocks * columns):
            row, column = 3 * (place // columns), place % columns
            axes = grid[row : row + 3, column]
            if place >= len(panels):
                for empty in axes:
                    empty.remove()
                continue
            _draw(axes.tolist(), panels[place], methods, controls, first=column == 0)
        handles = [
            grid[0, 0].plot([], [], label=method_style(name).label, **method_line(name, control=name in controls))[0]
            for name in methods
        ]
        handles += grid[0, 0].plot([], [], label="chance", **_CHANCE)
        figure.legend(handles=handles, loc="outside lower center", ncols=legend_columns)
    return figure


def _draw(axes: list[Axes], panel: Panel, methods: list[str], controls: set[str], *, first: bool) -> None:
    axes[0].set_title(panel.label)
    for target, (resolution, words) in zip(axes, _SWEEPS.items(), strict=False):
        rows = panel.rows[(panel.rows["measure"] == "agreement") & (panel.rows["resolution"] == resolution)]
        _sweep(target, rows, methods, controls)
        if first:
            target.set_ylabel(f"median agreement (%)\n{words}")
    _whole(axes[2], panel.rows, methods)
    method_rows(axes[2], methods, controls, named=first)


def _sweep(axes: Axes, rows: pd.DataFrame, methods: list[str], controls: set[str]) -> None:
    """Draw the medians over k, evenly spaced; open markers where k% is less than one cell."""
    ks = sorted(rows["k_percent"].unique())
    at = {k: position for position, k in enumerate(ks)}
    levels = {tuple(curve.sort_values("k_percent")["chance_median"]) for _, curve in rows.groupby("method")}
    for level in sorted(levels):
        axes.plot(range(len(ks)), level, **_CHANCE)
    for number, method in enumerate(methods):
        curve = rows[rows["method"] == method].sort_values("k_percent")
        if curve.empty:
            continue
        shift = _SPREAD * ((number + 0.5) / len(methods) - 0.5)  # as intervals would lie over each other
        places = curve["k_percent"].map(at) + shift
        line = method_line(method, control=method in controls)
        axes.vlines(places, curve["ci_low"], curve["ci_high"], color=line["color"], linewidth=0.6, alpha=0.6, zorder=2)
        axes.plot(places, curve["median"], **line, zorder=3)
        small = curve["below_one_cell"].astype(bool)
        if small.any():
            style = method_style(method)
            axes.plot(
                places[small], curve.loc[small, "median"], linestyle="none", marker=style.marker, markersize=3,
                markerfacecolor="white", markeredgecolor=style.colour, markeredgewidth=0.7, zorder=4,
            )  # fmt: skip
    axes.set_xticks(range(len(ks)), [f"{k:g}" for k in ks])
    axes.set_xlabel(f"k (%)\n{n_label(rows)}")
    axes.set_ylim(-3, 103)
    axes.grid(axis="y", color=FAINT, alpha=0.18, linewidth=0.5)


def _whole(axes: Axes, rows: pd.DataFrame, methods: list[str]) -> None:
    """Draw the means of Spearman's correlation (filled, above) and SSIM (open, below), with chance as a bar."""
    for measure, offset in _WHOLE.items():
        for summary in rows[rows["measure"] == measure].to_dict("records"):
            row = methods.index(summary["method"]) + offset
            axes.plot([summary["chance"]] * 2, [row - 0.17, row + 0.17], **{**_CHANCE, "linestyle": "-"})
            estimate(axes, row, summary["method"], summary["mean"], summary["mean_ci_low"], summary["mean_ci_high"])
            mark = axes.lines[-1]
            mark.set_markersize(4)
            if measure == "ssim":
                mark.set_markerfacecolor("white")
    axes.set_xlim(min(-0.25, *axes.get_xlim()), 1.05)
    axes.set_xlabel(f"Spearman's ρ; open: SSIM\n{n_label(rows[rows['measure'].isin(_WHOLE)])}")
    axes.grid(axis="x", color=FAINT, alpha=0.18, linewidth=0.5)


def caption(table: pd.DataFrame, alpha: float = 0.05) -> str:
    """Say what the figure shows, with n and k from the table; its intervals have level 1 - alpha."""
    sweep = table[table["measure"] == "agreement"]
    small = sweep[sweep["below_one_cell"].astype(bool)]
    text = (
        f"{TITLE}. Lines: median over images of the share of their top k% ({unique(sweep['k_percent'], '{:g}')}%) that "
        "the maps of the top-1 and top-2 class have in common, at input resolution and at the maps' own, where the "
        "top set has a fractional size, with its exact interval; the methods stand side by side at each k. Dotted: "
        "the median of pairs of independent random maps, one line for each size of map; a method's line near it shows "
        "maps that have no more in common than chance gives. Chance rises with k, and is 50% at k = 50, where a "
        "threshold of 50% tells nothing. Below: means of Spearman's rank correlation and SSIM at input resolution "
        f"with their {1 - alpha:.0%} BCa intervals; upright bars are the means of independent maps. "
    )
    if len(small):
        text += f"Open markers: k = {unique(small['k_percent'], '{:g}')}% is less than one cell. "
    return (
        f"{text}All values are over n = {sizes(table['n'])} images whose top-1 prediction is correct and "
        "whose maps rank pixels. 100% and 1: the same map for both classes. Low values are good only where the map is "
        "also faithful. Dashed lines and names in italics are controls."
    )
