"""Images that do not count in the diagnostic, by reason, for every method and network."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from case_saliency.figures.marks import ROW_HEIGHT, ends, margin_note, method_rows, n_label
from case_saliency.figures.names import ordered_methods
from case_saliency.figures.panels import Panel, n_lines, split, wrapped
from case_saliency.figures.style import FAINT, INK, TWO_COLUMNS, house_style

TITLE = "Images set aside in the agreement diagnostic, by reason"
KEPT = "kept"
_BY = ("model", "layer", "k_percent")
_REASONS = {  # in the order of the bars: not the method's doing first
    "misclassified": ("top-1 prediction wrong", "#BCC2C8"),
    "nan": ("map not finite", "#1F2429"),
    "zero": ("map all zero", "#D55E00"),
    "constant": ("map constant", "#CC79A7"),
    "small_support": ("too few pixels ranked", "#E69F00"),
}


def attrition(table: pd.DataFrame, controls: set[str]) -> Figure:
    """Draw one panel per network, layer and k, three side by side; trainings of a network share a panel.

    Parameters
    ----------
    table
        The summary `attrition.csv`; counts are read from it.
    controls
        Methods in italics, below the others.

    Returns
    -------
    Figure
        In each method's row a bar of the percentage of images set aside, all trainings together, split by reason; at
        the margin how many are kept, the fewest and the most of a training.
    """
    shown = _shown(table)
    panels = split(shown, by=_BY)
    methods = ordered_methods(shown["method"])
    lost = [reason for reason in _REASONS if reason in set(shown["reason"])]
    with house_style():
        size = (TWO_COLUMNS, n_lines(panels) * (ROW_HEIGHT * len(methods) + 0.84) + 0.25)
        figure = Figure(figsize=size, layout="constrained")
        limit = max(10.0, 1.05 * max(_longest(panel) for panel in panels))
        for axes, panel, first in wrapped(figure, panels):
            _draw(axes, panel, methods, lost)
            axes.set_xlim(0, limit)
            method_rows(axes, methods, controls, named=first)
        if lost:
            keys = [Patch(facecolor=_REASONS[name][1], edgecolor=INK, linewidth=0.4) for name in lost]
            names = [_REASONS[name][0] for name in lost]
            figure.legend(handles=keys, labels=names, loc="outside lower center", ncols=len(lost))
    return figure


def _shown(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["stage"] == "agreement"]


def _totals(table: pd.DataFrame) -> pd.DataFrame:
    """Count the images of every cell, kept or not."""
    return table.groupby(["model", "seed", "layer", "method", "k_percent"])[["n"]].sum().reset_index()


def _longest(panel: Panel) -> float:
    """Return the largest percentage of images that a method of the panel loses."""
    counts = panel.rows.assign(lost=panel.rows["n"].where(panel.rows["reason"] != KEPT, 0)).groupby("method")
    return float((100 * counts["lost"].sum() / counts["n"].sum()).max())


def _draw(axes: Axes, panel: Panel, methods: list[str], lost: list[str]) -> None:
    margin_note(axes, -0.75, "kept")
    for method, rows in panel.rows.groupby("method"):
        place, total, left = methods.index(str(method)), rows["n"].sum(), 0.0
        for reason in lost:
            width = 100 * rows.loc[rows["reason"] == reason, "n"].sum() / total
            if width:
                colour = _REASONS[reason][1]
                axes.barh(place, width, 0.62, left, color=colour, edgecolor=INK, linewidth=0.4, zorder=2)
                left += width
        kept = rows.loc[rows["reason"] == KEPT, "n"]
        fewest, most = kept.min(), kept.max()
        margin_note(axes, place, f"{fewest}" if fewest == most else f"{fewest}–{most}")
    axes.set_title(panel.label, pad=9)
    axes.set_xlabel(f"images set aside (%)\n{n_label(_totals(panel.rows))}")
    axes.grid(axis="x", color=FAINT, alpha=0.18, linewidth=0.5)
    axes.set_axisbelow(True)


def caption(table: pd.DataFrame) -> str:
    """Say what the figure shows, with the numbers of images and trainings from the table."""
    shown = _shown(table)
    n_seeds = int(shown.groupby("model")["seed"].nunique().max())
    trainings = f", over up to {n_seeds} trainings of a network together" if n_seeds > 1 else ""
    return (
        f"{TITLE}: percent of {ends(_totals(shown)['n'])} images{trainings}. An image whose top-1 prediction is wrong "
        "counts for no method; the other reasons are defects of either class's map, which the policy for degenerate "
        "maps treats. At the margin: images kept. The confidence drops keep maps of too few pixels; their counts are "
        "in attrition.csv. Methods in italics are controls."
    )
