"""Mean agreement pooled over networks, and over the trainings of each, with the intervals of each generalisation."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from case_saliency.figures.marks import ROW_HEIGHT, ends, estimate, method_rows, n_label, unique
from case_saliency.figures.names import ordered_methods
from case_saliency.figures.panels import Panel, n_lines, split, wrapped
from case_saliency.figures.style import FAINT, INK, TWO_COLUMNS, house_style

TITLE = "Mean agreement pooled over networks and over training seeds"
_BY = ("model", "layer", "k_percent")
_AXIS = (-3, 103)  # percent
_UNIT = {"networks": "networks", "seeds": "trainings"}


def pooling(table: pd.DataFrame, threshold: float = 50.0) -> Figure:
    """Draw one panel for all networks, and one for each network with several trainings, three side by side.

    Parameters
    ----------
    table
        The summary `pooled.csv`; means and intervals are read from it.
    threshold
        Agreement in percent that the tests compare with: the dashed line.

    Returns
    -------
    Figure
        In each method's row the mean; a thick bar for other images and the same networks or trainings, a thin one for
        others of both. A bar is cut where it leaves the axis.
    """
    panels = [*_panels(table, "networks"), *_panels(table, "seeds")]
    if not panels:
        raise ValueError("pooling: the table has no rows over networks or seeds")
    methods = ordered_methods(table["method"])
    controls = set(table.loc[table["role"] == "control", "method"])
    with house_style():
        size = (TWO_COLUMNS, n_lines(panels) * (ROW_HEIGHT * len(methods) + 0.77) + 0.2)
        figure = Figure(figsize=size, layout="constrained")
        for axes, panel, first in wrapped(figure, panels):
            _draw(axes, panel, methods, threshold)
            method_rows(axes, methods, controls, named=first)
        figure.supxlabel(
            "thick bar: interval for other images        thin bar: for other images and other networks or trainings",
            fontsize=6,
        )
    return figure


def _panels(table: pd.DataFrame, over: str) -> list[Panel]:
    rows = table[table["pooled_over"] == over]
    return split(rows, by=_BY) if len(rows) else []


def _draw(axes: Axes, panel: Panel, methods: list[str], threshold: float) -> None:
    axes.axvline(threshold, color=INK, linewidth=0.8, linestyle=(0, (4, 2)), zorder=1)
    for row in panel.rows.to_dict("records"):
        place = methods.index(row["method"])
        axes.plot([row["ci_both_low"], row["ci_both_high"]], [place, place], color=INK, linewidth=0.6, zorder=2)
        axes.plot(
            [row["ci_images_low"], row["ci_images_high"]], [place, place], color=INK, linewidth=2.2,
            solid_capstyle="butt", zorder=3,
        )  # fmt: skip
        estimate(axes, place, row["method"], row["mean_agreement"], float("nan"), float("nan"))
    over, units = panel.rows["pooled_over"].iloc[0], panel.rows["n_units"].max()
    title = panel.label.replace("all", "All networks", 1) if over == "networks" else panel.label
    axes.set_title(title, pad=9)
    axes.set_xlim(*_AXIS)
    unit = _UNIT[over] if units > 1 else _UNIT[over].removesuffix("s")
    axes.set_xlabel(f"mean agreement (%)\n{n_label(panel.rows)}, {units} {unit}")
    axes.grid(axis="y", color=FAINT, alpha=0.18, linewidth=0.5)
    axes.set_axisbelow(True)


def caption(table: pd.DataFrame, alpha: float = 0.05) -> str:
    """Say what the figure shows, with n and k from the table; its intervals have level 1 - alpha."""
    rows = table[table["pooled_over"] != "images"]
    return (
        f"{TITLE}: of the maps of the top-1 and the top-2 class (top {unique(rows['k_percent'], '{:g}')}% of pixels), "
        f"over the n = {ends(rows['n'])} images that count for the method on every network or "
        f"training of the panel. Thick bars: {1 - alpha:.0%} interval for other images and the same networks or "
        "trainings, which is what the plan's claims are about. Thin bars: for other images and other networks or "
        "trainings; with few of them it is wide. In the panel of all networks each network is the mean of its "
        f"trainings.{_cut(rows)} Methods in italics are controls."
    )


def _cut(rows: pd.DataFrame) -> str:
    """Say what happens to bars that leave the axis, where some do."""
    ends_of_bars = rows[[f"ci_{name}_{end}" for name in ("images", "both") for end in ("low", "high")]]
    beyond = (ends_of_bars < _AXIS[0]) | (ends_of_bars > _AXIS[1])
    return " A bar is cut where it leaves the axis." if beyond.any(axis=None) else ""
