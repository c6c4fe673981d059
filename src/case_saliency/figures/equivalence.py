"""Equivalence with the reference: differences of mean confidence drops against the band of the margin."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.markers import CARETLEFT, CARETRIGHT

from case_saliency.figures.confidence_drops import UNITS
from case_saliency.figures.fills import fills
from case_saliency.figures.marks import ROW_HEIGHT, ends, margin_note, method_rows, n_label, placed, population, unique
from case_saliency.figures.names import method_style, ordered_methods
from case_saliency.figures.panels import by_setting, line_width, n_lines, split
from case_saliency.figures.style import FAINT, INK, TWO_COLUMNS, house_style

TITLE = "Equivalence of confidence drops with those of the reference"
_BY = ("model", "layer")
_ARROWS = "An arrow at an edge stands for a mean beyond it, which rests on few images. "


def equivalence(
    table: pd.DataFrame, measure: str = "drop_relative_clipped", reference: str = "case", margin: float = 0.02
) -> Figure:
    """Draw one row of panels per share of removed pixels; the trainings of a network stand below each other in a row.

    Parameters
    ----------
    table
        The summary `fidelity.csv`: differences, least margins and decisions under its first fill are read from it.
    measure
        Which drop to show, a value of the table's column `measure`; that of logits has no margin, hence no band.
    reference
        The method that the others are compared with; it has no row.
    margin
        Of equivalence: the band around 0.

    Returns
    -------
    Figure
        Marks are mean differences, bars their intervals of level 1 - 2 alpha, whose end farther from 0 is the least
        margin; a mark is filled where equivalence is shown, and at the margin stands in how many trainings it is.
    """
    shown = _shown(table, measure, reference)
    if shown.empty:
        return _nothing()
    panels = split(shown, by=_BY)
    width = line_width(panels)
    ks = sorted(shown["k_percent"].unique())
    methods = ordered_methods(shown["method"])
    controls = set(shown.loc[shown["role"] == "control", "method"])
    with house_style():
        size = (TWO_COLUMNS, len(ks) * n_lines(panels, width) * (ROW_HEIGHT * len(methods) + 0.82))
        figure = Figure(figsize=size, layout="constrained")
        for axes, k, panel, first in by_setting(figure, ks, panels, width):
            axes.set_xlim(*_ends(shown[shown["k_percent"] == k], margin))
            rows = panel.rows[panel.rows["k_percent"] == k]
            _draw(axes, rows, methods, margin)
            method_rows(axes, methods, controls, named=first)
            axes.set_title(panel.label, pad=9)
            told = f"top {k:g}% removed\ndrop − that of {method_style(reference).label} ({UNITS[measure]})"
            axes.set_xlabel(f"{told}\n{n_label(rows, 'n_pairs')}")
    return figure


def _nothing() -> Figure:
    """Return the figure of an experiment that has the reference alone."""
    with house_style():
        figure = Figure(figsize=(TWO_COLUMNS, 0.6))
        figure.text(0.5, 0.5, "no other method to compare with", ha="center", va="center")
    return figure


def _shown(table: pd.DataFrame, measure: str, reference: str) -> pd.DataFrame:
    rows = table[(table["test"] == "confidence_drop") & (table["measure"] == measure)]
    return rows[(rows["method"] != reference) & rows["fill"].isin(fills(rows)[:1])]


def _ends(rows: pd.DataFrame, margin: float) -> tuple[float, float]:
    """Return the ends of the axis: all bars that rest on many images, and the band; those on few would take it all."""
    many = rows[2 * rows["n_pairs"] >= rows["n_pairs"].max()]
    half = (many["least_margin"] - many["difference_to_case"].abs()).fillna(0)
    low = float(np.nanmin([(many["difference_to_case"] - half).min(), -2 * margin]))
    high = float(np.nanmax([(many["difference_to_case"] + half).max(), 2 * margin]))
    return low - (high - low) / 20, high + (high - low) / 20


def _cut(shown: pd.DataFrame, margin: float) -> bool:
    """Say whether a mean lies beyond the ends of its axis."""
    for _, rows in shown.groupby("k_percent"):
        low, high = _ends(rows, margin)
        if (rows["difference_to_case"] < low).any() or (rows["difference_to_case"] > high).any():
            return True
    return False


def _draw(axes: Axes, rows: pd.DataFrame, methods: list[str], margin: float) -> None:
    if rows["p_tost"].notna().any():  # drops of logits have no margin
        axes.axvspan(-margin, margin, color=FAINT, alpha=0.25, linewidth=0, zorder=0)
    axes.axvline(0, color=INK, linewidth=0.5, zorder=1)
    margin_note(axes, -0.75, "equal")
    low, high = axes.get_xlim()
    for row, place in placed(rows, methods):
        style, mean = method_style(row["method"]), row["difference_to_case"]
        half = row["least_margin"] - abs(mean)
        axes.plot([mean - half, mean + half], [place, place], color=style.colour, linewidth=0.9, zorder=2)
        if mean < low or mean > high:
            edge, arrow = (low, CARETLEFT) if mean < low else (high, CARETRIGHT)
            axes.plot([edge], [place], marker=arrow, markersize=4, color=INK, linestyle="none")
            continue
        axes.plot(
            [mean], [place], marker=style.marker, markersize=3.6, color=style.colour, markeredgecolor=INK,
            markerfacecolor=style.colour if row["equivalent"] else "white", markeredgewidth=0.5, linestyle="none",
            zorder=3,
        )  # fmt: skip
    for method, found in rows.groupby("method"):
        tested = int(found["p_tost"].notna().sum())
        told = f"{int(found['equivalent'].sum())}/{tested}" if tested else "–"
        margin_note(axes, methods.index(str(method)), told)
    axes.grid(axis="y", color=FAINT, alpha=0.18, linewidth=0.5)
    axes.set_axisbelow(True)


def caption(
    table: pd.DataFrame,
    measure: str = "drop_relative_clipped",
    reference: str = "case",
    margin: float = 0.02,
    alpha: float = 0.05,
) -> str:
    """Say what the figure shows, with n, k and fill from the table; alpha is the level of the tests."""
    shown, label = _shown(table, measure, reference), method_style(reference).label
    if shown["p_tost"].isna().all():
        return f"{TITLE}: none is tested, as no pair of drops can be compared or the margin does not apply to logits."
    return (
        f"{TITLE}. Marks: the mean of a method's confidence drop minus that of {label} on the same images (fill: "
        f"{unique(shown['fill'], '{}')}; n = {ends(shown['n_pairs'])} images {population(labelled=True)}), one for "
        f"each training of a network. Bars: {1 - 2 * alpha:.0%} intervals. Grey band: the margin of equivalence, "
        f"±{margin:g}. Equivalence is shown (filled mark) where the bar lies within the band, which is what two "
        f"one-sided tests at level {alpha:g} decide; at the margin of each row stands in how many of the trainings "
        "that have the images for it. "
        f"{_ARROWS if _cut(shown, margin) else ''}A bar that crosses the band's edge shows neither equality nor a "
        "difference. Methods in italics are controls."
    )
