"""Deletion, insertion and ROAD curves: mean confidence against the fraction of pixels, and the areas under them."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from case_saliency.figures.marks import ROW_HEIGHT, method_line, n_label, population, sizes
from case_saliency.figures.names import method_style, ordered_methods
from case_saliency.figures.panels import SETTING, line_width, lines, several_trainings, split
from case_saliency.figures.style import FAINT, INK, TWO_COLUMNS, house_style

TITLE = "Perturbation curves: the predicted class's confidence while pixels go or come in the order of the map"
_TOGETHER = ", a line for each training"
_STRIP = (1.03, 0.0, 0.3, 1.0)  # beside a panel, in its own height and width: the areas
_BAND = 0.08  # opacity of an interval: those of many methods lie over each other
_FRACTION = {"deletion": "deleted", "insertion": "inserted", "road": "removed and imputed"}


def perturbation_curves(points: pd.DataFrame, table: pd.DataFrame) -> Figure:
    """Draw one row of panels per curve, models and layers side by side; the trainings of a network share a panel.

    Parameters
    ----------
    points
        The mean curves, `curve_points.csv`.
    table
        The summary `curves.csv`; the areas beside the panels are read from it.

    Returns
    -------
    Figure
        One line per method and training; beside each panel the mean areas under the curves with their intervals, on
        the panel's own scale and in the order of the legend below.
    """
    columns = split(points, by=("model", "layer") if several_trainings(points) else SETTING)
    curves = [name for name in _FRACTION if name in set(points["test"])]
    arranged = lines(curves, columns, line_width(columns))
    methods = ordered_methods(points["method"])
    with house_style():
        size = (TWO_COLUMNS, 2.1 * len(arranged) + ROW_HEIGHT * (1 + len(methods) // 4))
        figure = Figure(figsize=size, layout="constrained")
        grid = figure.subplots(len(arranged), len(arranged[0][1]), sharex=True, sharey=True, squeeze=False)
        for line, (curve, shown) in zip(grid, arranged, strict=True):
            for axes in line[len(shown) :]:
                axes.set_visible(False)
            for axes, panel in zip(line, shown, strict=False):
                areas = panel.select(table[(table["test"] == curve) & (table["measure"] == "auc")])
                rows = panel.rows[panel.rows["test"] == curve]
                _draw(axes, rows, methods)
                _areas(axes.inset_axes(_STRIP, sharey=axes), areas, methods)
                axes.set_title(panel.label)
                axes.set_xlabel(f"share of pixels\n{_FRACTION[curve]}\n{n_label(rows)}")
            line[0].set_ylabel("mean confidence (probability)")
        handles = [
            grid[0, 0].plot([], [], label=method_style(name).label, **_line(name, points))[0] for name in methods
        ]
        figure.legend(handles=handles, loc="outside lower center", ncols=4)
    return figure


def _line(method: str, rows: pd.DataFrame) -> dict[str, Any]:
    role = rows.loc[rows["method"] == method, "role"].iloc[0]
    return {**method_line(method, control=role == "control"), "markevery": 4}


def _draw(axes: Axes, rows: pd.DataFrame, methods: list[str]) -> None:
    for method in methods:
        for _, curve in rows[rows["method"] == method].groupby("seed"):
            curve = curve.sort_values("step")
            line = _line(method, rows)
            low, high = curve["ci_low"], curve["ci_high"]
            axes.fill_between(curve["fraction"], low, high, color=line["color"], alpha=_BAND, linewidth=0, zorder=1)
            axes.plot(curve["fraction"], curve["mean_confidence"], **line)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    axes.grid(color=FAINT, alpha=0.18, linewidth=0.5)
    axes.set_axisbelow(True)


def _areas(axes: Axes, areas: pd.DataFrame, methods: list[str]) -> None:
    """Draw the area under each curve of a panel, which is a mean confidence too, at the same height."""
    for row in areas.dropna(subset="mean").to_dict("records"):
        style, place = method_style(row["method"]), methods.index(row["method"])
        axes.plot([place, place], [row["ci_low"], row["ci_high"]], color=INK, linewidth=0.5, alpha=0.6, zorder=1)
        axes.plot(
            [place], [row["mean"]], marker=style.marker, markersize=2.4, color=style.colour, markeredgewidth=0,
            linestyle="none", zorder=2,
        )  # fmt: skip
    axes.set_xlim(-1, len(methods))
    axes.set_xticks([])
    axes.set_xlabel("area", labelpad=3)
    axes.tick_params(labelleft=False)
    axes.spines[:].set_visible(False)
    axes.grid(axis="y", color=FAINT, alpha=0.18, linewidth=0.5)
    axes.set_axisbelow(True)


def caption(table: pd.DataFrame, alpha: float = 0.05, *, labelled: bool = True) -> str:
    """Say what the figure shows; which curves, and n, are read from `curves.csv`.

    Its intervals have level 1 - alpha; `labelled` says that the images have labels.
    """
    curves = set(table["test"])
    ways = {
        "deletion": "deletion replaces the highest-ranked pixels first by the mean colour (a low area is good)",
        "insertion": "insertion starts from the blurred image and brings them back first (a high area is good)",
        "road": "ROAD removes them first and imputes them from their neighbours (a low area is good)",
    }
    shown = "; ".join(text for name, text in ways.items() if name in curves)
    return (
        f"{TITLE}: {shown}. Lines are means of the softmax probability over n = {sizes(table['n'])} images "
        f"{population(labelled=labelled)}, not divided by its value on the whole image"
        f"{_TOGETHER if several_trainings(table) else ''}. Bands are their {1 - alpha:.0%} t intervals, point by "
        "point. Beside each panel, at the same scale: the mean area under each curve, in the order of the legend, with "
        f"its {1 - alpha:.0%} interval. Numbers, normalised areas and paired tests are in the table. Dashed lines are "
        "controls."
    )
