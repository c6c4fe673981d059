"""Median agreement at every target layer of a network, from the input to the output."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from case_saliency.figures.marks import method_line, n_label, sizes, unique
from case_saliency.figures.names import method_style, ordered_methods
from case_saliency.figures.panels import n_lines, split, wrapped
from case_saliency.figures.style import INK, TWO_COLUMNS, house_style

TITLE = "Median agreement at every target layer"
_NETWORK = ("model", "seed")


def layers(table: pd.DataFrame) -> Figure:
    """Draw one panel per trained network; a line for each method joins its medians over the layers.

    Parameters
    ----------
    table
        The summary `layers.csv`: medians, intervals and layers, in the order of the network, are read from it.
    """
    networks = split(table, by=_NETWORK)
    methods = ordered_methods(table["method"])
    controls = set(table.loc[table["role"] == "control", "method"])
    with house_style():
        size = (TWO_COLUMNS, 2.35 * n_lines(networks) + 0.17 * (1 + len(methods) // 4))
        figure = Figure(figsize=size, layout="constrained")
        placed = wrapped(figure, networks, sharey=True)
        for axes, panel, first in placed:
            _draw(axes, panel.rows, methods, controls)
            axes.set_title(panel.label)
            axes.set_xlabel(f"target layer\n{n_label(panel.rows)}")
            if first:
                axes.set_ylabel("median agreement (%)")
        handles = [
            placed[0][0].plot([], [], label=method_style(name).label, **method_line(name, control=name in controls))[0]
            for name in methods
        ]
        figure.legend(handles=handles, loc="outside lower center", ncols=4)
    return figure


def _draw(axes: Axes, rows: pd.DataFrame, methods: list[str], controls: set[str]) -> None:
    order = list(dict.fromkeys(rows["layer"]))
    axes.axhline(50, color=INK, linewidth=0.8, linestyle=(0, (4, 2)), zorder=1)
    for number, method in enumerate(methods):
        found = rows[rows["method"] == method]
        places = [order.index(layer) + 0.04 * (number - len(methods) / 2) for layer in found["layer"]]
        for place, low, high in zip(places, found["ci_low"], found["ci_high"], strict=True):
            axes.plot([place, place], [low, high], color=method_style(method).colour, linewidth=0.6, alpha=0.6)
        axes.plot(places, found["median_agreement"], **method_line(method, control=method in controls))
    axes.set_xticks(range(len(order)), order)
    axes.set_ylim(-3, 103)


def caption(table: pd.DataFrame) -> str:
    """Say what the figure shows, with n and k from the table."""
    return (
        f"{TITLE}, from the input to the output of each network: median over n = {sizes(table['n'])} images "
        f"whose top-1 prediction is correct (top {unique(table['k_percent'], '{:g}')}% of pixels), with its exact "
        "confidence interval. Lower is more class-sensitive. Maps of early layers are finer. Dashed lines are controls."
    )
