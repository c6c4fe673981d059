"""Median agreement of CASE's maps by the size and the source of its contrast sets."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from case_saliency.figures.marks import n_label, sizes, unique
from case_saliency.figures.panels import n_lines, split, wrapped
from case_saliency.figures.style import INK, TWO_COLUMNS, house_style

TITLE = "Median agreement of CASE's maps by contrast set"
_SOURCES = {"confusion": ("#D55E00", "o"), "logits": ("#0072B2", "s"), "weights": ("#009E73", "^")}
_COMBINED = {"mean": "-", "span": (0, (2, 1.2))}


def contrast(table: pd.DataFrame) -> Figure:
    """Draw one panel per trained network and layer; a line for each source and way of combining, over k.

    Parameters
    ----------
    table
        The summary `contrast.csv`; medians and intervals are read from it.
    """
    panels = split(table)
    kinds = [(s, c) for s in _SOURCES for c in _COMBINED if _rows(table, s, c).any()]
    with house_style():
        figure = Figure(figsize=(TWO_COLUMNS, 2.02 * n_lines(panels) + 0.4), layout="constrained")
        placed = wrapped(figure, panels, sharex=True, sharey=True)
        for axes, panel, first in placed:
            _draw(axes, panel.rows, kinds)
            axes.set_title(panel.label)
            axes.set_xlabel(f"classes in the contrast set, k\n{n_label(panel.rows)}")
            axes.tick_params(labelbottom=True)
            if first:
                axes.set_ylabel("median agreement (%)")
        handles = [
            placed[0][0].plot([], [], label=f"{source}, {how}", **_line(source, how))[0] for source, how in kinds
        ]
        figure.legend(handles=handles, loc="outside lower center", ncols=max(1, len(kinds)))
    return figure


def _rows(table: pd.DataFrame, source: str, combined: str) -> "pd.Series[bool]":
    return (table["source"] == source) & (table["combined"] == combined)


def _line(source: str, combined: str) -> dict[str, Any]:
    colour, marker = _SOURCES[source]
    return {
        "color": colour, "marker": marker, "linestyle": _COMBINED[combined], "markersize": 3.5, "linewidth": 1.0,
        "markeredgewidth": 0.4, "markeredgecolor": INK,
    }  # fmt: skip


def _draw(axes: Axes, rows: pd.DataFrame, kinds: list[tuple[str, str]]) -> None:
    axes.axhline(50, color=INK, linewidth=0.8, linestyle=(0, (4, 2)), zorder=1)
    for source, combined in kinds:
        found = rows[_rows(rows, source, combined)].sort_values("k")
        colour = _SOURCES[source][0]
        axes.fill_between(found["k"], found["ci_low"], found["ci_high"], color=colour, alpha=0.12, linewidth=0)
        axes.plot(found["k"], found["median_agreement"], **_line(source, combined))
    axes.set_ylim(-3, 103)
    axes.set_xticks(sorted(rows["k"].unique()))


def caption(table: pd.DataFrame) -> str:
    """Say what the figure shows, with n and k from the table."""
    return (
        f"{TITLE}: where the k classes come from (colour), and whether the gradient is freed of their mean (solid) or "
        f"of all that they span (dashed). Median over n = {sizes(table['n'])} images whose top-1 prediction is correct "
        f"(top {unique(table['k_percent'], '{:g}')}% of pixels), bands are exact confidence intervals; the dashed "
        "horizontal line is the threshold of the diagnostic. The other compared class stands in "
        f"{100 * table['other_in_set'].min():.0f} to {100 * table['other_in_set'].max():.0f}% of a variant's contrast "
        "sets, which lowers the agreement by construction."
    )
