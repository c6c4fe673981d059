"""Reliability: agreement within a class and between classes across harmless changes of the image, and chance."""

import math
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from case_saliency.figures.marks import ROW_HEIGHT, margin_note, method_rows, n_label, sizes, unique
from case_saliency.figures.names import method_style, ordered_methods
from case_saliency.figures.panels import n_lines, split, wrapped
from case_saliency.figures.style import FAINT, INK, TWO_COLUMNS, house_style

TITLE = "Reliability: agreement of a method with itself, and between classes, across harmless changes of the image"
_ACROSS = 3  # panels in a line
_POOLED = "all"
_MARK: dict[str, Any] = {"linestyle": "none", "markeredgecolor": INK, "markeredgewidth": 0.6}
_KEY: dict[str, dict[str, Any]] = {
    "between classes": {"marker": "o", "markersize": 4, "markerfacecolor": "white", **_MARK},
    "within a class": {"marker": "o", "markersize": 4, "markerfacecolor": FAINT, **_MARK},
    "chance": {"marker": "|", "markersize": 6, "color": INK, "linestyle": "none"},
}


def reliability(table: pd.DataFrame) -> Figure:
    """Draw one panel per model, layer and seed, at most three in a line.

    Parameters
    ----------
    table
        The summary `reliability.csv`; its rows that pool the augmentations are drawn, with the index beside them.
    """
    shown = table[table["augmentation"] == _POOLED]
    panels = split(shown)
    methods = ordered_methods(shown["method"])
    controls = set(shown.loc[shown["role"] == "control", "method"])
    columns = min(_ACROSS, len(panels))
    with house_style():
        size = (
            TWO_COLUMNS * (columns + 0.5) / (_ACROSS + 0.5),
            n_lines(panels, _ACROSS) * (ROW_HEIGHT * len(methods) + 0.87) + 0.2,
        )
        figure = Figure(figsize=size, layout="constrained")
        for axes, panel, first in wrapped(figure, panels, _ACROSS):
            _draw(axes, panel.rows, methods)
            method_rows(axes, methods, controls, named=first)
            axes.set_title(panel.label, pad=9)
            margin_note(axes, -0.9, "index")
            axes.set_xlabel(f"mean agreement (%)\n{n_label(panel.rows)}")
        handles = [Line2D([], [], label=name, **mark) for name, mark in _KEY.items()]
        figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    return figure


def _draw(axes: Axes, rows: pd.DataFrame, methods: list[str]) -> None:
    for summary in rows.to_dict("records"):
        row, style = methods.index(summary["method"]), method_style(summary["method"])
        within, between = summary["within"], summary["between"]
        axes.plot([between, within], [row, row], color=INK, linewidth=1.1, solid_capstyle="butt", zorder=2)
        axes.plot([summary["chance"]], [row], **_KEY["chance"], zorder=3)
        mark = {"marker": style.marker, "markersize": 5, **_MARK}
        axes.plot([within], [row], markerfacecolor=style.colour, zorder=4, **mark)
        axes.plot([between], [row], markerfacecolor="white", zorder=5, **{**mark, "markersize": 3.5})
        margin_note(axes, row, _index(summary["reliability"], summary["ci_low"], summary["ci_high"]))
    axes.set_xlim(-3, 103)
    axes.set_xticks(range(0, 101, 25))
    axes.grid(axis="y", color=FAINT, alpha=0.18, linewidth=0.5)
    axes.set_axisbelow(True)


def _index(value: float, low: float, high: float) -> str:
    if math.isnan(value):
        return "n/a"
    return f"{value:.2f}" if math.isnan(high - low) else f"{value:.2f} [{low:.2f}, {high:.2f}]"


def caption(table: pd.DataFrame, alpha: float = 0.05) -> str:
    """Say what the figure shows, with the counts from the table; its intervals have level 1 - alpha."""
    shown = table[table["augmentation"] == _POOLED]
    changes = ", ".join(table.loc[table["augmentation"] != _POOLED, "augmentation"].unique())
    degenerate = int(shown["n_degenerate"].sum())
    aside = f" {degenerate} images with a degenerate map are set aside." if degenerate else ""
    kept = shown["kept_top1"]
    return (
        f"{TITLE} ({changes}; the maps are brought back before they are compared). Filled marks: agreement of a "
        "class's map with the same class's map of the changed image; open marks: with the other class's; ticks: of "
        f"two random maps. Means over n = {sizes(shown['n'])} images whose top-1 prediction is correct and over the "
        f"changes, top {unique(table['k_percent'], '{:g}')}% of pixels; {100 * kept.min():.0f}% to "
        f"{100 * kept.max():.0f}% of the changed images keep that prediction. The index on the right is (within − "
        f"between) / (within − chance), with its {1 - alpha:.0%} bootstrap interval: 0 if a method does not tell the "
        "classes apart, 1 if their maps share no more than by chance; n/a where within exceeds chance by less than 10 "
        "points. The marks have no interval of their own. It is never a verdict by itself: it says how steady "
        f"differences are, not that they are right.{aside} Methods in italics are controls."
    )
