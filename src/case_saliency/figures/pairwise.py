"""Agreement of every two classes: one small heatmap for each method and network."""

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from case_saliency.figures.agreement_heatmap import COLOUR_MAP, SCALE, text_colour
from case_saliency.figures.marks import n_label, sizes, unique
from case_saliency.figures.names import method_style, ordered_methods
from case_saliency.figures.panels import split
from case_saliency.figures.style import FAINT, TWO_COLUMNS, house_style, wrap

TITLE = "Agreement of every two of the most likely classes, by rank"
_ALL = "all"
_CELL, _FRAME, _HEAD = 0.14, 0.14, 0.42  # inches: a cell, what a panel has beside its cells, and above and below them
_LETTER = 0.048  # inches: the mean of a title
_MARGIN = 0.85  # inches: labels of the networks and the scale


def pairwise(table: pd.DataFrame) -> Figure:
    """Draw a block of panels per model, layer and seed, one panel per method, as many in a line as there is room for.

    Parameters
    ----------
    table
        The summary `pairwise.csv`; the cells hold its medians, the line below a panel the mean over all pairs.
    """
    blocks = split(table)
    methods = ordered_methods(table["method"])
    n_classes = max(int(rank) for rank in table["rank_b"] if rank != _ALL)
    width, height = _CELL * n_classes + _FRAME, _CELL * n_classes + _HEAD
    columns = min(len(methods), max(1, int((TWO_COLUMNS - _MARGIN) / width)))
    lines = math.ceil(len(methods) / columns)
    with house_style():
        size = (_MARGIN + width * columns, len(blocks) * lines * height + 0.35)
        figure = Figure(figsize=size, layout="constrained")
        grid = figure.subplots(len(blocks) * lines, columns, squeeze=False)
        for position, block in enumerate(blocks):
            panels = grid[position * lines : (position + 1) * lines].ravel()
            for axes, method in zip(panels, methods, strict=False):
                _draw(axes, block.rows[block.rows["method"] == method], method, n_classes)
            for axes in panels[len(methods) :]:
                axes.set_visible(False)
            n = n_label(block.rows[block.rows["rank_a"] == _ALL])
            panels[0].set_ylabel(f"{block.label}\n{n}", fontweight="bold", fontsize=6)
        cells = grid[0, 0].images[0]
        bar = figure.colorbar(cells, ax=grid, aspect=30, fraction=0.02, pad=0.01, ticks=[0, 25, 50, 75, 100])
        bar.set_label("median agreement (%)")
        figure.supxlabel("rank of the class among the network's predictions", fontsize=6)
    return figure


def _draw(axes: Axes, rows: pd.DataFrame, method: str, n_classes: int) -> None:
    medians = np.full((n_classes, n_classes), np.nan)
    pairs = rows[rows["rank_a"] != _ALL]
    for a, b, median in zip(
        pairs["rank_a"].astype(int), pairs["rank_b"].astype(int), pairs["median_agreement"], strict=True
    ):
        medians[a - 1, b - 1] = medians[b - 1, a - 1] = median
    axes.imshow(medians, cmap=COLOUR_MAP, norm=SCALE)
    for (a, b), median in np.ndenumerate(medians):
        if not np.isnan(median):
            axes.text(b, a, f"{median:.0f}", ha="center", va="center", color=text_colour(median), fontsize=4.5)
    axes.set_facecolor("#E4E7EA")  # the diagonal, and cells without a value
    ticks = range(n_classes)
    axes.set_xticks(ticks, [str(rank + 1) for rank in ticks], fontsize=4.5, color=FAINT)
    axes.set_yticks(ticks, [str(rank + 1) for rank in ticks], fontsize=4.5, color=FAINT)
    axes.tick_params(length=0, pad=1.5)
    axes.spines[:].set_visible(False)
    control = (rows["role"] == "control").any()
    letters = int((_CELL * n_classes + _FRAME) / _LETTER)
    lines = [wrap(line, letters, 2) for line in method_style(method).label.replace(", ", ",\n").split("\n")]
    axes.set_title("\n".join(lines), fontsize=5, fontstyle="italic" if control else "normal", pad=2)
    axes.set_xlabel(_whole(rows[rows["rank_a"] == _ALL]), fontsize=5, labelpad=1)


def _whole(rows: pd.DataFrame) -> str:
    """Write the mean over all pairs with its interval."""
    if rows["mean_agreement"].isna().all():
        return "no value"
    mean, low, high = rows[["mean_agreement", "mean_ci_low", "mean_ci_high"]].iloc[0]
    return f"{mean:.0f}" if math.isnan(high - low) else f"{mean:.0f} [{low:.0f}, {high:.0f}]"


def caption(table: pd.DataFrame, alpha: float = 0.05) -> str:
    """Say what the figure shows, with the counts from the table; the table's intervals have level 1 - alpha."""
    whole = table[table["rank_a"] == _ALL]
    degenerate = int(whole["n_degenerate"].sum())
    aside = f" {degenerate} pairs of maps with a degenerate one are set aside." if degenerate else ""
    return (
        f"{TITLE}. Each cell gives the median over images of the agreement between the maps of two classes of the same "
        f"image, in percent of the top {unique(table['k_percent'], '{:g}')}% of pixels (n = {sizes(whole['n'])} images "
        "whose top-1 prediction is correct); rank 1 is the most likely class, so that cell (1, 2) is what the "
        "diagnostic tests. Below each panel stands the mean over images of their mean over all pairs, with its "
        f"{1 - alpha:.0%} interval; the intervals of the cells are in the table. Lower is more class-sensitive; random "
        f"maps are low too.{aside} Methods in italics are controls."
    )
