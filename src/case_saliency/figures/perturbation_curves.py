"""Deletion, insertion and ROAD curves: mean confidence against the fraction of pixels, and the areas under them."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from case_saliency.figures.marks import ROW_HEIGHT, method_line, population, unique
from case_saliency.figures.names import method_style, ordered_methods
from case_saliency.figures.panels import lines, split
from case_saliency.figures.style import FAINT, TWO_COLUMNS, house_style

TITLE = "Perturbation curves: the predicted class's confidence while pixels go or come in the order of the map"
_FRACTION = {"deletion": "deleted", "insertion": "inserted", "road": "removed and imputed"}


def perturbation_curves(points: pd.DataFrame, table: pd.DataFrame) -> Figure:
    """Draw one row of panels per curve, three models, layers or seeds side by side.

    Parameters
    ----------
    points
        The mean curves, `curve_points.csv`.
    table
        The summary `curves.csv`; the areas in the panels are read from it.

    Returns
    -------
    Figure
        One line per method; in each panel the mean areas under the curves, in the order of the legend below.
    """
    columns = split(points)
    curves = [name for name in _FRACTION if name in set(points["test"])]
    arranged = lines(curves, columns)
    methods = ordered_methods(points["method"])
    with house_style():
        size = (TWO_COLUMNS, 1.9 * len(arranged) + ROW_HEIGHT * (1 + len(methods) // 4))
        figure = Figure(figsize=size, layout="constrained")
        grid = figure.subplots(len(arranged), len(arranged[0][1]), sharex=True, sharey=True, squeeze=False)
        for line, (curve, shown) in zip(grid, arranged, strict=True):
            for axes in line[len(shown) :]:
                axes.set_visible(False)
            for axes, panel in zip(line, shown, strict=False):
                areas = panel.select(table[(table["test"] == curve) & (table["measure"] == "auc")])
                _draw(axes, panel.rows[panel.rows["test"] == curve], areas, methods)
                axes.set_title(panel.label)
                axes.set_xlabel(f"fraction of pixels {_FRACTION[curve]}")
            line[0].set_ylabel("confidence")
        handles = [
            grid[0, 0].plot([], [], label=method_style(name).label, **_line(name, points))[0] for name in methods
        ]
        figure.legend(handles=handles, loc="outside lower center", ncols=4)
    return figure


def _line(method: str, rows: pd.DataFrame) -> dict[str, Any]:
    role = rows.loc[rows["method"] == method, "role"].iloc[0]
    return {**method_line(method, control=role == "control"), "markevery": 4}


def _draw(axes: Axes, rows: pd.DataFrame, areas: pd.DataFrame, methods: list[str]) -> None:
    present = [method for method in methods if method in set(rows["method"])]
    for method in present:
        curve = rows[rows["method"] == method].sort_values("step")
        axes.plot(curve["fraction"], curve["mean_confidence"], **_line(method, rows))
    means = areas.set_index("method")["mean"]
    told = "\n".join(f"{method_style(method).label}  {means.loc[method]:.2f}" for method in present)
    low = "insertion" in set(rows["test"])  # the corner that the curves leave free
    axes.text(
        0.98, 0.03 if low else 0.97, f"area\n{told}", transform=axes.transAxes, ha="right",
        va="bottom" if low else "top", fontsize=4.5,
    )  # fmt: skip
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.grid(color=FAINT, alpha=0.18, linewidth=0.5)
    axes.set_axisbelow(True)


def caption(table: pd.DataFrame, *, labelled: bool = True) -> str:
    """Say what the figure shows; which curves, and n, are read from `curves.csv`.

    `labelled` says that the images have labels.
    """
    curves = set(table["test"])
    ways = {
        "deletion": "deletion replaces the highest-ranked pixels first by the mean colour (a low area is good)",
        "insertion": "insertion starts from the blurred image and brings them back first (a high area is good)",
        "road": "ROAD removes them first and imputes them from their neighbours (a low area is good)",
    }
    shown = "; ".join(text for name, text in ways.items() if name in curves)
    return (
        f"{TITLE}: {shown}. Lines are means of the softmax probability over n = {unique(table['n'], '{:d}')} images "
        f"{population(labelled=labelled)}, not divided by its value on the whole image; in the panels stand the mean "
        "areas under the curves. Intervals, normalised areas and paired tests are in the table. Dashed lines are "
        "controls."
    )
