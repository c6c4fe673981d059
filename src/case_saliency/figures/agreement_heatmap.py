"""Median agreement of every method on every model, with the verdict in symbols."""

from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle

from case_saliency.figures.column_names import name_columns
from case_saliency.figures.marks import ends, method_rows, n_label, sizes, unique, verdict_key
from case_saliency.figures.names import VERDICTS, ordered_methods
from case_saliency.figures.panels import SETTING, Panel, split
from case_saliency.figures.style import INK, TWO_COLUMNS, house_style
from case_saliency.statistics.standing import POLICY, with_standing

TITLE = "Median agreement and verdict, method by model"
SCALE = Normalize(0, 100)
COLOUR_MAP = "cividis"
"""How agreement in percent is coloured, in every figure."""
_CELL_HEIGHT = 0.32  # inches
_BESIDE = 1.1  # inches: the names of the methods, and a margin
_NARROWEST = 0.3  # inches that a cell needs
_SMALL = 5.5  # points: the smallest text
_SPACIOUS = 5  # columns that have room for their counts on one line
_WIDE = 12  # columns that have room for percent signs and brackets, and for the scale beside them
_OUTLINE = 0.88  # of a cell's sides
_LIGHT = 0.216  # luminance above which dark ink contrasts more than white


def agreement_heatmap(table: pd.DataFrame, threshold: float = 50.0) -> Figure:
    """Draw a grid of methods (rows) and models (columns); colour and text give the median agreement in percent.

    Parameters
    ----------
    table
        The summary `agreement.csv`; the cells' values are read from it. Where the verdict depends on the policy for
        empty maps, the cell has a symbol of its own and a dashed outline.
    threshold
        Null hypothesis of the diagnostic, percent: the white line of the scale.
    """
    table = with_standing(table)
    panels = split(table, by=(*SETTING, "k_percent"))
    methods = ordered_methods(table["method"])
    narrow = len(panels) > _WIDE
    with house_style():
        width = max(min(TWO_COLUMNS, 1.9 + 1.25 * len(panels)), _BESIDE + _NARROWEST * len(panels))
        figure = Figure(figsize=(width, 1.1 + _CELL_HEIGHT * len(methods)), layout="constrained")
        axes = figure.subplots()
        cells = _fill(axes, panels, methods, narrow=narrow)
        axes.spines[:].set_visible(False)
        name_columns(axes, panels, (width - _BESIDE) / len(panels))
        method_rows(axes, methods, set(table.loc[table["role"] == "control", "method"]))
        _scale(figure, axes, cells, threshold, below=narrow)
        verdict_key(figure, threshold, table["verdict"])
    return figure


def _fill(axes: Axes, panels: Sequence[Panel], methods: list[str], *, narrow: bool) -> AxesImage:
    """Colour and write the cells, a column for each panel, and the counts below."""
    medians = np.full((len(methods), len(panels)), np.nan)
    for column, panel in enumerate(panels):
        for summary in panel.rows.to_dict("records"):
            row = methods.index(summary["method"])
            medians[row, column] = summary["median_agreement"]
            _write(axes, row, column, summary, narrow=narrow)
        n = _n(panel.rows, stacked=len(panels) > _SPACIOUS)
        axes.text(column, len(methods) - 0.4, n, ha="center", va="top", fontsize=_SMALL)
    axes.set_facecolor("#E4E7EA")  # cells without a value
    return axes.imshow(medians, cmap=COLOUR_MAP, norm=SCALE, aspect="auto", zorder=0)


def _scale(figure: Figure, axes: Axes, cells: AxesImage, threshold: float, *, below: bool) -> None:
    """Explain the colours beside the grid, or below it where its columns need the width."""
    place: dict[str, Any] = {"location": "bottom", "aspect": 60} if below else {"location": "right"}
    bar = figure.colorbar(cells, ax=axes, fraction=0.05, pad=0.02, ticks=[0, 25, 50, 75, 100], **place)
    bar.set_label("median agreement (%)")
    mark = bar.ax.axvline if below else bar.ax.axhline
    mark(threshold, color="white", linewidth=1.2)


def _write(axes: Axes, row: int, column: int, summary: dict[Any, Any], *, narrow: bool) -> None:
    median, symbol = summary["median_agreement"], VERDICTS[summary["verdict"]].symbol
    style: dict[str, Any] = {"ha": "center", "color": text_colour(median)}
    if summary["verdict"] == POLICY:
        corner = (column - _OUTLINE / 2, row - _OUTLINE / 2)
        look: dict[str, Any] = {"edgecolor": text_colour(median), "linewidth": 0.8, "linestyle": "--"}
        axes.add_patch(Rectangle(corner, _OUTLINE, _OUTLINE, fill=False, **look))
    if np.isnan(median):
        axes.text(column, row, "–" if narrow else "no value", va="center", fontsize=_SMALL, **style)
        return
    text = f"{symbol} {median:.0f}" if narrow else f"{symbol} {median:.0f}%"
    axes.text(column, row + 0.08, text, va="bottom", fontsize=_SMALL if narrow else 7, linespacing=0.85, **style)
    low, high = summary["ci_low"], summary["ci_high"]
    if not np.isnan(high - low):
        bound = f"{low:.0f}", f"{high:.0f}"
        bounds = "–".join(dict.fromkeys(bound)) if narrow else f"[{', '.join(dict.fromkeys(bound))}]"
        axes.text(column, row + 0.12, bounds, va="top", fontsize=_SMALL, **style)


def _n(rows: pd.DataFrame, *, stacked: bool) -> str:
    """Write the counts of a column below it."""
    return "n =\n" + ends(rows["n"]).replace(" to ", "–\n") if stacked else n_label(rows)


def text_colour(agreement: float) -> str:
    """Return the colour of text on a cell that shows an agreement in percent, NaN for a cell without a value."""
    return INK if np.isnan(agreement) or _luminance(agreement) > _LIGHT else "white"


def _luminance(median: float) -> float:
    """Relative luminance of a cell's colour (WCAG 2, section 1.4.3)."""
    channels = np.array(mpl.colormaps[COLOUR_MAP](SCALE(median))[:3])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def caption(table: pd.DataFrame, threshold: float = 50.0) -> str:
    """Say what the figure shows, with n and k from the table."""
    return (
        f"{TITLE}. Each cell gives the median over images of the agreement between the maps of the top-1 and the top-2 "
        f"class (top {unique(table['k_percent'], '{:g}')}% of pixels; n = {sizes(table['n'])} images whose top-1 "
        "prediction is correct). Below it stands its exact confidence interval, one number where its ends are equal. "
        f"Lower is more class-sensitive. The symbol is the verdict from this interval against {threshold:g}%, the "
        f"white line of the scale.{_policy(table)} Methods in italics are controls."
    )


def _policy(table: pd.DataFrame) -> str:
    """Say how many verdicts depend on the policy for empty maps, and how these cells are marked."""
    count = int((with_standing(table)["verdict"] == POLICY).sum())
    entry = VERDICTS[POLICY]
    if not count:
        return ""
    return f" {count} of {len(table)} verdicts, {entry.symbol} in a dashed outline, depend on the policy: {entry.rule}."
