"""Circularity of CASE: agreement with other contrast sets, and while more and more of the contrast is subtracted."""

import math

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from case_saliency.figures.marks import ROW_HEIGHT, estimate, margin_note, method_rows, n_label, sizes, unique
from case_saliency.figures.names import method_style, ordered_methods
from case_saliency.figures.panels import Panel, split
from case_saliency.figures.style import FAINT, INK, TWO_COLUMNS, house_style

TITLE = "Circularity of CASE: agreement when the compared classes are kept out of its contrast sets"
_ACROSS = 3  # networks side by side
_NAMES, _PANEL, _SWEEP = 1.2, 2.0, 1.62  # inches: names of the variants, width of a panel, height of a sweep
_SWEEPS = {"case_difference": "-", "case_difference_heldout": "--"}


def circularity(table: pd.DataFrame) -> Figure:
    """Draw for each model, layer and seed the median agreement of every variant, and below it both sweeps.

    Parameters
    ----------
    table
        The summary `circularity.csv`; medians, intervals and shares are read from it.
    """
    shown = table[table["membership"] == "all"].drop_duplicates(["model", "layer", "seed", "method", "strength"])
    panels = split(shown)
    controls = set(shown.loc[shown["role"] == "control", "method"])
    methods = ordered_methods(shown.loc[shown["strength"].isna(), "method"])
    methods = sorted(methods, key=lambda method: method in controls)
    across = min(_ACROSS, len(panels))
    bands = [panels[start : start + across] for start in range(0, len(panels), across)]
    heights = [ROW_HEIGHT * len(methods) + 0.72, _SWEEP]
    with house_style():
        width = min(TWO_COLUMNS, _NAMES + _PANEL * across)
        figure = Figure(figsize=(width, len(bands) * sum(heights) + 0.4), layout="constrained")
        grid = figure.subplots(2 * len(bands), across, squeeze=False, height_ratios=heights * len(bands))
        for position, band in enumerate(bands):
            above, below = grid[2 * position], grid[2 * position + 1]
            for unused in (*above[len(band) :], *below[len(band) :]):
                unused.set_axis_off()
            for panel, rows, sweep in zip(band, above, below, strict=False):
                _variants(rows, panel, methods)
                method_rows(rows, methods, controls, named=rows is above[0])
                _sweeps(sweep, panel, labelled=sweep is below[0])
        handles, labels = grid[1, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=2)
    return figure


def _variants(axes: Axes, panel: Panel, methods: list[str]) -> None:
    margin_note(axes, -0.75, "share")
    rows = panel.rows[panel.rows["strength"].isna()]
    for row in rows.to_dict("records"):
        place = methods.index(row["method"])
        estimate(axes, place, row["method"], row["median_agreement"], row["ci_low"], row["ci_high"])
        margin_note(axes, place, _share(row["share_left"], row["share_ci_low"], row["share_ci_high"]))
    for median in rows.loc[rows["method"] == "case", "median_agreement"]:
        axes.axvline(median, color=INK, linewidth=0.8, linestyle=(0, (4, 2)), zorder=1)
    axes.set_xlim(-2, 102)
    axes.grid(axis="y", color=FAINT, alpha=0.18, linewidth=0.5)
    axes.set_axisbelow(True)
    axes.set_title(panel.label, pad=9)
    axes.set_xlabel(f"median agreement (%)\n{n_label(rows)}")


def _share(share: float, low: float, high: float) -> str:
    if math.isnan(share):
        return "–"
    bounds = "" if math.isnan(high - low) or high == low else f" [{100 * low:.0f}, {100 * high:.0f}]"
    return f"{100 * share:.0f}%{bounds}".replace("-", "−")


def _sweeps(axes: Axes, panel: Panel, *, labelled: bool) -> None:
    for method, line in _SWEEPS.items():
        rows, style = panel.rows[panel.rows["method"] == method].sort_values("strength"), method_style(method)
        axes.vlines(rows["strength"], rows["ci_low"], rows["ci_high"], color=style.colour, linewidth=0.9, alpha=0.7)
        axes.plot(
            rows["strength"], rows["median_agreement"], line, marker=style.marker, markersize=4, color=style.colour,
            markeredgecolor=INK, markeredgewidth=0.5, linewidth=1.1, label=style.label,
        )  # fmt: skip
    axes.set_ylim(-2, 102)
    axes.set_xlabel(f"strength λ of g − λm\n{n_label(panel.rows[panel.rows['strength'].notna()])}")
    if labelled:
        axes.set_ylabel("median agreement (%)")


def caption(table: pd.DataFrame, alpha: float = 0.05) -> str:
    """Say what the figure shows, with n and k from the table; its intervals have level 1 - alpha."""
    shown = table[table["membership"] == "all"]
    return (
        f"{TITLE}. Markers are the median agreement of the top {unique(shown['k_percent'], '{:g}%')} of the maps for "
        f"an image's two most likely classes, over n = {sizes(shown['n'])} images whose top-1 prediction is correct; "
        f"bars are exact intervals of at least {1 - alpha:.0%}, the dashed line is the median of CASE. Both in: each "
        "contrast set holds the other compared class. Held out: none holds either. Matched: held out, and the mean "
        "contrast gradient has the cosine to the class's gradient that it has in CASE. Random direction, a control in "
        "italics: a direction of that cosine is projected out. In the margin, how much is left, with its interval, of "
        f"the difference in mean agreement between CASE and {' or '.join(_plain(shown))}, the map without contrast: "
        "what is lost without the other class was built in (– where the difference is too small for a share). Below: "
        "the mean contrast gradient m is subtracted from the class's gradient g with growing strength λ; at 0 nothing "
        "is."
    )


def _plain(table: pd.DataFrame) -> list[str]:
    """Return the labels of the maps without contrast."""
    return [method_style(method).label for method in ("gradcam", "hirescam") if method in set(table["method"])]
