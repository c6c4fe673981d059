"""Interaction of map and class: does the map of a class take away its own class, rather than the other one."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from case_saliency.figures.fills import fill_key, fills, fills_told, other_fills
from case_saliency.figures.marks import ROW_HEIGHT, estimate, margin_note, method_rows, population, unique
from case_saliency.figures.names import ordered_methods
from case_saliency.figures.panels import by_setting, n_lines, split
from case_saliency.figures.style import FAINT, INK, TWO_COLUMNS, house_style

TITLE = "Cross-deletion: interaction of the map's class and the class that is followed"
_SYMBOLS = {"class-specific": "●", "undecided": "◇", "not class-specific": "○"}


def cross_deletion(table: pd.DataFrame) -> Figure:
    """Draw one row of panels per share of removed pixels, three models, layers or seeds side by side.

    Interactions, intervals and verdicts are those of the first fill of the table, the primary one; small open marks
    stand at the interactions with the others.

    Parameters
    ----------
    table
        The summary `cross_deletion.csv`; interactions, intervals and verdicts are read from it.
    """
    columns = split(table)
    primary, *others = fills(table)
    settings = sorted(table["k_percent"].unique())
    methods = ordered_methods(table["method"])
    controls = set(table.loc[table["role"] == "control", "method"])
    with house_style():
        size = (TWO_COLUMNS, len(settings) * n_lines(columns) * (ROW_HEIGHT * len(methods) + 0.6) + 0.2)
        figure = Figure(figsize=size, layout="constrained")
        for axes, k, panel, first in by_setting(figure, settings, columns):
            rows = panel.rows[panel.rows["k_percent"] == k]
            _draw(axes, rows[rows["fill"] == primary], methods)
            other_fills(axes, rows, methods, "interaction", others)
            method_rows(axes, methods, controls, named=first)
            axes.set_title(panel.label, pad=9)
            axes.set_xlabel(f"top {k:g}% removed, fill: {primary}\nmean interaction (logits)")
        verdicts = "        ".join(f"{symbol}  {words}" for words, symbol in _SYMBOLS.items())
        figure.supxlabel("\n".join(line for line in (verdicts, fill_key(others)) if line), fontsize=6)
    return figure


def _draw(axes: Axes, rows: pd.DataFrame, methods: list[str]) -> None:
    axes.axvline(0, color=INK, linewidth=0.8, linestyle=(0, (4, 2)), zorder=1)
    for summary in rows.to_dict("records"):
        row = methods.index(summary["method"])
        estimate(axes, row, summary["method"], summary["interaction"], summary["ci_low"], summary["ci_high"])
        margin_note(axes, row, _SYMBOLS[summary["joint_verdict"]])
    axes.grid(axis="y", color=FAINT, alpha=0.18, linewidth=0.5)
    axes.set_axisbelow(True)


def caption(table: pd.DataFrame, alpha: float = 0.05, *, labelled: bool = True) -> str:
    """Say what the figure shows, with n, k and fill from the table.

    Its intervals have level 1 - alpha; `labelled` says that the images have labels.
    """
    primary, *others = fills(table)
    removed = f"top {unique(table['k_percent'], '{:g}%')}; fill: {primary}"
    return (
        f"{TITLE}. The pixels that the map of the top-1 class ranks highest are removed, and those of the map of the "
        f"top-2 class ({removed}); both logits are followed each time. The interaction is by how much a map lowers the "
        "logit of its own class more than that of the other, added up over both maps: 0 for a map that does not depend "
        f"on the class, whatever it marks. Markers are means over n = {unique(table['n'], '{:d}')} images "
        f"{population(labelled=labelled)}, bars their {1 - alpha:.0%} t intervals. A method is class-specific if its "
        "maps differ between the classes (the verdict of the agreement diagnostic) and the interval lies above 0; it "
        "is not if the diagnostic finds them insensitive or the interval does not reach above 0. Methods in italics "
        f"are controls.{fills_told(others)}"
    )
