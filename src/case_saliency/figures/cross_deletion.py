"""Interaction of map and class: does the map of a class take away its own class, rather than the other one."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from case_saliency.figures.fills import fill_key, fills, fills_told, other_fills
from case_saliency.figures.marks import (
    ROW_HEIGHT,
    around,
    counted,
    ends,
    estimate,
    margin_note,
    method_rows,
    n_label,
    placed,
    population,
    sizes,
    unique,
)
from case_saliency.figures.names import VERDICTS, ordered_methods
from case_saliency.figures.panels import SETTING, by_setting, line_width, n_lines, several_trainings, split
from case_saliency.figures.style import FAINT, INK, TWO_COLUMNS, house_style
from case_saliency.statistics.standing import NO_IMAGE, with_images

TITLE = "Cross-deletion: interaction of the map's class and the class that is followed"
_TOGETHER = (
    " The trainings of a network stand below each other in a method's row, seed 0 uppermost; beside it stands how "
    "many of them get which verdict. A bar is cut where it leaves the axis. Other fills are in the table."
)
_SYMBOLS = {
    "class-specific": "●",
    "undecided": "◇",
    "not class-specific": "○",
    NO_IMAGE: VERDICTS[NO_IMAGE].symbol,
}


def cross_deletion(table: pd.DataFrame) -> Figure:
    """Draw one row of panels per share of removed pixels, models and layers side by side.

    Interactions, intervals and verdicts are those of the first fill of the table, the primary one; small open marks
    stand at the interactions with the others. The trainings of a network stand below each other in a method's row,
    without other fills.

    Parameters
    ----------
    table
        The summary `cross_deletion.csv`; interactions, intervals and verdicts are read from it.
    """
    table = with_images(table, "joint_verdict")
    together = several_trainings(table)
    columns = split(table, by=("model", "layer") if together else SETTING)
    width = line_width(columns)
    primary, *others = fills(table)
    settings = sorted(table["k_percent"].unique())
    methods = ordered_methods(table["method"])
    controls = set(table.loc[table["role"] == "control", "method"])
    with house_style():
        size = (TWO_COLUMNS, len(settings) * n_lines(columns, width) * (ROW_HEIGHT * len(methods) + 0.82) + 0.2)
        figure = Figure(figsize=size, layout="constrained")
        for axes, k, panel, first in by_setting(figure, settings, columns, width):
            rows = panel.rows[panel.rows["k_percent"] == k]
            _draw(axes, rows[rows["fill"] == primary], methods)
            if together:
                keep = (table["k_percent"] == k) & (table["fill"] == primary)
                around(axes, table.loc[keep, "interaction"])
            else:
                other_fills(axes, rows, methods, "interaction", others)
            method_rows(axes, methods, controls, named=first)
            axes.set_title(panel.label, pad=9)
            told = f"top {k:g}% removed, fill: {primary}\nmean interaction (logits)"
            axes.set_xlabel(f"{told}\n{n_label(rows[rows['fill'] == primary])}")
        found = {*_SYMBOLS} - {NO_IMAGE} | {*table.loc[table["fill"] == primary, "joint_verdict"]}
        verdicts = "        ".join(f"{symbol}  {words}" for words, symbol in _SYMBOLS.items() if words in found)
        figure.supxlabel(
            "\n".join(line for line in (verdicts, "" if together else fill_key(others)) if line), fontsize=6
        )
    return figure


def _draw(axes: Axes, rows: pd.DataFrame, methods: list[str]) -> None:
    axes.axvline(0, color=INK, linewidth=0.8, linestyle=(0, (4, 2)), zorder=1)
    small = several_trainings(rows)
    for summary, place in placed(rows, methods):
        bounds = summary["ci_low"], summary["ci_high"]
        estimate(axes, place, summary["method"], summary["interaction"], *bounds, small=small)
    for method, found in rows.groupby("method"):
        margin_note(axes, methods.index(str(method)), counted(found["joint_verdict"], _SYMBOLS))
    axes.grid(axis="y", color=FAINT, alpha=0.18, linewidth=0.5)
    axes.set_axisbelow(True)


def caption(table: pd.DataFrame, alpha: float = 0.05, *, labelled: bool = True) -> str:
    """Say what the figure shows, with n, k and fill from the table.

    Its intervals have level 1 - alpha; `labelled` says that the images have labels.
    """
    primary, *others = fills(table)
    together = several_trainings(table)
    n = ends(table["n"]) if together else sizes(table["n"])
    removed = f"top {unique(table['k_percent'], '{:g}%')}; fill: {primary}"
    return (
        f"{TITLE}. The pixels that the map of the top-1 class ranks highest are removed, and those of the map of the "
        f"top-2 class ({removed}); both logits are followed each time. The interaction is by how much a map lowers the "
        "logit of its own class more than that of the other, added up over both maps: 0 for a map that does not "
        f"depend on the class, whatever it marks. Markers are means over n = {n} images "
        f"{population(labelled=labelled)}, bars their {1 - alpha:.0%} t intervals. A method is class-specific if its "
        "maps differ between the classes (the verdict of the agreement diagnostic) and the interval lies above 0; it "
        "is not if the diagnostic finds them insensitive or the interval does not reach above 0. Methods in italics "
        f"are controls.{_TOGETHER if together else fills_told(others)}"
    )
