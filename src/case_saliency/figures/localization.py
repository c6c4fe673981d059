"""Localization in mosaics: the share of a class's map that lies in the class's own cell."""

import math

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from case_saliency.figures.marks import ROW_HEIGHT, estimate, margin_note, method_rows, n_label, sizes, unique
from case_saliency.figures.names import ordered_methods
from case_saliency.figures.panels import n_lines, split, wrapped
from case_saliency.figures.style import FAINT, INK, TWO_COLUMNS, house_style

TITLE = "Localization: how much of a class's map lies in the class's own cell of a mosaic"
_COLUMNS = 3


def localization(table: pd.DataFrame) -> Figure:
    """Draw one panel per model, layer and seed, at most three in a line.

    Parameters
    ----------
    table
        The summary `localization.csv`; mean shares, intervals, hit rates and chance are read from it.
    """
    panels = split(table)
    methods = ordered_methods(table["method"])
    controls = set(table.loc[table["role"] == "control", "method"])
    columns = min(_COLUMNS, len(panels))
    with house_style():
        size = (
            TWO_COLUMNS * (columns + 0.5) / (_COLUMNS + 0.5),
            n_lines(panels, _COLUMNS) * (ROW_HEIGHT * len(methods) + 0.8),
        )
        figure = Figure(figsize=size, layout="constrained")
        for axes, panel, first in wrapped(figure, panels, _COLUMNS, sharex=True):
            _draw(axes, panel.rows, methods)
            method_rows(axes, methods, controls, named=first)
            axes.set_title(panel.label, pad=9)
            axes.set_xlabel(f"mean share in the class's own cell (%)\n{n_label(panel.rows, 'n_mosaics', 'mosaics')}")
            margin_note(axes, -0.9, "hits")
            axes.tick_params(labelbottom=True)
    return figure


def _draw(axes: Axes, rows: pd.DataFrame, methods: list[str]) -> None:
    axes.axvline(100 * rows["chance"].iloc[0], color=INK, linewidth=0.8, linestyle=(0, (4, 2)), zorder=1)
    for summary in rows.to_dict("records"):
        row = methods.index(summary["method"])
        value, low, high = (100 * summary[name] for name in ("mean_share", "ci_low", "ci_high"))
        estimate(axes, row, summary["method"], value, low, high)
        margin_note(axes, row, "–" if math.isnan(summary["hit_rate"]) else f"{100 * summary['hit_rate']:.0f}")
    axes.set_xlim(0, 103)
    axes.set_xticks(range(0, 101, 25))
    axes.grid(axis="y", color=FAINT, alpha=0.18, linewidth=0.5)
    axes.set_axisbelow(True)


def caption(table: pd.DataFrame, alpha: float = 0.05) -> str:
    """Say what the figure shows, with the counts from the table; its intervals have level 1 - alpha."""
    degenerate = int(table["n_degenerate"].sum())
    aside = f" {degenerate} maps without a positive value are set aside." if degenerate else ""
    return (
        f"{TITLE}. Four images of different classes make a mosaic ({unique(table['height'], '{:d}')} pixels high), "
        f"each classified correctly and with a confidence of at least {unique(table['min_confidence'], '{:g}')}; every "
        "method explains the class of every cell. Markers are the mean share of the map's positive values that lies "
        f"in that cell, over n = {sizes(table['n_mosaics'])} mosaics made of {sizes(table['n_images'])} images; bars "
        f"are {1 - alpha:.0%} intervals that allow for images which recur. 100% is best, 25% is chance (dashed): any "
        "map that does not depend on the class has exactly 25% on average. The numbers on the right are how many maps "
        f"in a hundred have their maximum in that cell, without an interval. Methods in italics are controls.{aside}"
    )
