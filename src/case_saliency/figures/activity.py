"""Active channels of each layer, as a count and as a fraction of the layer's channels."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from case_saliency.figures.marks import n_label, sizes, unique
from case_saliency.figures.names import model_label, ordered_models
from case_saliency.figures.style import FAINT, INK, TWO_COLUMNS, house_style

TITLE = "Active channels of each target layer, as counts and as fractions"
_ROW = 0.17  # inches for one layer
_KINDS = {"output": "layer's output", "rectified": "positive part of the output"}
_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#882255")
_MARKERS = ("o", "s", "D", "^", "v", "P")


def activity(table: pd.DataFrame) -> Figure:
    """Draw counts (left) and fractions (right), one row of panels per kind of activation, one line per layer.

    Parameters
    ----------
    table
        The summary `activity.csv`. Each trained network is a marker; colour and shape tell the thresholds apart.
    """
    names = list(
        dict.fromkeys((model, layer) for model in ordered_models(table["model"]) for layer in _layers(table, model))
    )
    kinds = [kind for kind in _KINDS if kind in set(table["kind"])]
    with house_style():
        figure = Figure(figsize=(TWO_COLUMNS, len(kinds) * (_ROW * len(names) + 0.77) + 0.25), layout="constrained")
        grid = figure.subplots(len(kinds), 2, squeeze=False)
        for (counts, fractions), kind in zip(grid, kinds, strict=True):
            rows = table[table["kind"] == kind]
            _draw(counts, rows, names, "mean_active", ("min_class", "max_class"))
            _draw(fractions, rows, names, "active_fraction", ("ci_low", "ci_high"))
            counts.set_xlim(left=0)
            counts.set_xlabel(f"active channels ({_KINDS[kind]})\n{n_label(rows)}")
            fractions.set_xlabel(f"active share of the channels ({_KINDS[kind]})\n{n_label(rows)}")
            fractions.set_xlim(-0.02, 1.02)
            counts.set_yticks(range(len(names)), [f"{model_label(model)}, {layer}" for model, layer in names])
            fractions.set_yticks(range(len(names)), [""] * len(names))
        marks = [
            grid[0, 0].plot([], [], label=f"above {threshold:g}", **_mark(number))[0]
            for number, threshold in enumerate(_thresholds(table))
        ]
        figure.legend(handles=marks, loc="outside lower center", ncols=len(marks))
    return figure


def _layers(table: pd.DataFrame, model: str) -> list[str]:
    return list(dict.fromkeys(table.loc[table["model"] == model, "layer"]))


def _thresholds(table: pd.DataFrame) -> list[float]:
    return sorted(table["threshold"].unique())


def _mark(number: int) -> dict[str, Any]:
    return {
        "linestyle": "none", "marker": _MARKERS[number % len(_MARKERS)], "color": _COLOURS[number % len(_COLOURS)],
        "markersize": 4, "markeredgecolor": INK, "markeredgewidth": 0.4,
    }  # fmt: skip


def _draw(axes: Axes, rows: pd.DataFrame, names: list[tuple[str, str]], column: str, bounds: tuple[str, str]) -> None:
    thresholds = _thresholds(rows)
    for row in rows.to_dict("records"):
        number = thresholds.index(row["threshold"])
        height = names.index((row["model"], row["layer"])) + 0.22 * (number - (len(thresholds) - 1) / 2)
        axes.plot([row[bounds[0]], row[bounds[1]]], [height, height], color=INK, linewidth=0.7, zorder=2)
        axes.plot([row[column]], [height], zorder=3, **_mark(number))
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.grid(axis="y", color=FAINT, alpha=0.18, linewidth=0.5)
    axes.set_axisbelow(True)


def caption(table: pd.DataFrame) -> str:
    """Say what the figure shows, with n and thresholds from the table."""
    return (
        f"{TITLE}. A channel is active for an image if its activation, averaged over space, exceeds a threshold "
        f"({unique(table['threshold'], '{:g}')}). Left: mean over classes of the classes' mean counts, with the range "
        "of the classes, which is no interval. Right: mean over images of the share of the layer's channels, with its "
        f"95% bootstrap interval. One marker for each trained network and threshold; n = {sizes(table['n'])} images "
        "whose top-1 prediction is correct. A count says little without the number of channels, here "
        f"{sizes(table['n_channels'])}. The positive part is what an activation function passes on."
    )
