"""Randomisation of the weights: similarity to the intact network's maps, step by step from the classifier down."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from case_saliency.figures.marks import ROW_HEIGHT, method_line, n_label, sizes
from case_saliency.figures.names import method_style, ordered_methods
from case_saliency.figures.panels import Panel, n_lines, split, wrapped
from case_saliency.figures.style import FAINT, INK, TWO_COLUMNS, house_style

TITLE = "Randomisation: how alike maps stay when the network's weights are replaced, from the classifier down"
MEASURE = "rank_correlation"
_PER_ROW = 3  # panels
_SPREAD = 0.36  # of a step: the methods stand side by side in it


def randomisation(table: pd.DataFrame) -> Figure:
    """Draw one panel per model, layer and seed, three in a row, with one line per method.

    Parameters
    ----------
    table
        The summary `randomisation.csv`; means and intervals of the rank correlation are read from it.
    """
    shown = table[table["measure"] == MEASURE]
    panels = split(shown)
    methods = ordered_methods(shown["method"])
    controls = set(shown.loc[shown["role"] == "control", "method"])
    with house_style():
        size = (TWO_COLUMNS, 2.42 * n_lines(panels, _PER_ROW) + ROW_HEIGHT * (1 + len(methods) // 4))
        figure = Figure(figsize=size, layout="constrained")
        placed = wrapped(figure, panels, _PER_ROW, sharey=True)
        for axes, panel, first in placed:
            _draw(axes, panel, methods, controls)
            axes.set_title(panel.label)
            axes.set_xlabel(f"share of parameters replaced\n{n_label(panel.rows)}")
            if first:
                axes.set_ylabel("rank correlation (Spearman's ρ)")
        leading = placed[0][0]
        leading.set_ylim(max(-1.05, min(-0.25, shown["ci_low"].min()) - 0.05), 1.08)
        handles = [leading.plot([], [], label=method_style(name).label, **_line(name, controls))[0] for name in methods]
        figure.legend(handles=handles, loc="outside lower center", ncols=4)
    return figure


def _draw(axes: Axes, panel: Panel, methods: Sequence[str], controls: set[str]) -> None:
    axes.axhline(0, color=INK, linewidth=0.6)
    steps = panel.rows.drop_duplicates("step").sort_values("step")
    apart = float(steps["step"].max()) + 1  # where the similarity of different images stands
    for position, method in enumerate(methods):
        rows = panel.rows[panel.rows["method"] == method].sort_values("step")
        shift = _SPREAD * ((position + 0.5) / len(methods) - 0.5)
        style = _line(method, controls)
        axes.vlines(rows["step"] + shift, rows["ci_low"], rows["ci_high"], color=style["color"], linewidth=0.6)
        axes.plot(rows["step"] + shift, rows["mean"], **style)
        axes.plot(
            [apart + 2 * shift] * len(rows[:1]), rows["between_images"][:1],
            **style | {"linestyle": "none", "markerfacecolor": "none", "markeredgewidth": 0.6},
        )  # fmt: skip
    axes.axvline(apart - 0.5, color=FAINT, linewidth=0.5)
    names = [
        f"{share:.0%}" if 0 < share < 0.995 else f"{share:.1%}" if share < 1 else "all" for share in steps["share"]
    ]
    axes.set_xticks([*steps["step"], apart], ["none", *names[1:], "other\nimage"])
    axes.tick_params(axis="x", labelsize=5.5)
    axes.grid(axis="y", color=FAINT, alpha=0.18, linewidth=0.5)
    axes.set_axisbelow(True)


def _line(method: str, controls: set[str]) -> dict[str, Any]:
    return {**method_line(method, control=method in controls), "linewidth": 0.9}


def caption(table: pd.DataFrame) -> str:
    """Say what the figure shows, with n from the table."""
    shown = table[table["measure"] == MEASURE]
    return (
        f"{TITLE}. Spearman's rank correlation of a map by the randomised network with that of the same image and "
        f"class by the intact one, mean over n = {sizes(shown['n'])} images whose top-1 prediction is correct (the two "
        "most likely classes averaged, random weights of its own for each image); bars are 95% t intervals. The first "
        "step replaces the classifier, each further one equally many of the layers before. Low on the right is good: "
        "a map that stays alike when nothing learned is left does not explain the network. Hollow markers, without "
        "intervals, are the mean correlation of the intact network's maps of different images; the interval of each "
        "step's difference from them is in the table. Dashed lines are controls; one that does not depend on the "
        "network stays at 1. Other measures, and the similarity of the two classes' maps in the randomised network, "
        "are in the table."
    )
