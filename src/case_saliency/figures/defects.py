"""How agreement and confidence drop move when each known defect of the released code is turned on."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from case_saliency.diagnostic.defects import ALL, DEFECTS, NONE
from case_saliency.figures.marks import ends, n_label, unique
from case_saliency.figures.names import method_style, ordered_methods
from case_saliency.figures.panels import Panel, by_setting, line_width, n_lines, split
from case_saliency.figures.style import FAINT, INK, TWO_COLUMNS, house_style

TITLE = "Known defects of the released code, replayed"
_ROW = 0.22  # inches for one defect
_SPREAD = 0.7  # of a row that its methods take
_OUTCOMES = {"agreement": "median agreement (%)", "drop": "mean drop (share)"}


def defects(table: pd.DataFrame) -> Figure:
    """Draw one panel for each network and outcome: a row for each defect, a mark for each method.

    Parameters
    ----------
    table
        The summary `defects.csv`; values and decisions are read from it.
    """
    panels, rows = split(table), [NONE, *(name for name in DEFECTS if name in set(table["defect"])), ALL]
    methods = ordered_methods(table["method"])
    outcomes, width = list(_OUTCOMES), line_width(panels)
    with house_style():
        height = len(outcomes) * n_lines(panels, width) * (_ROW * len(rows) + 0.72) + 0.35
        figure = Figure(figsize=(TWO_COLUMNS, height), layout="constrained")
        for axes, outcome, panel, first in by_setting(figure, outcomes, panels, width):
            _draw(axes, panel, outcome, rows, methods)
            axes.set_yticks(range(len(rows)), [_label(name) for name in rows] if first else [""] * len(rows))
        handles = [
            Line2D(
                [], [], linestyle="none", marker=method_style(name).marker, markersize=4, markeredgewidth=0.6,
                color=method_style(name).colour, label=method_style(name).label,
            )
            for name in methods
        ]  # fmt: skip
        figure.legend(handles=handles, loc="outside lower center", ncols=6)
    return figure


def _label(name: str) -> str:
    if name in DEFECTS:
        return f"{DEFECTS[name].number}: {DEFECTS[name].text}"
    return "as this study measures" if name == NONE else "all together"


def _draw(axes: Axes, panel: Panel, outcome: str, rows: list[str], methods: list[str]) -> None:
    shown = panel.rows[panel.rows["outcome"] == outcome]
    for row in shown[shown["defect"] == NONE].to_dict("records"):
        axes.axvline(row["value"], color=method_style(row["method"]).colour, linewidth=0.5, alpha=0.5, zorder=1)
    for row in shown.to_dict("records"):
        style = method_style(row["method"])
        place = rows.index(row["defect"]) + _SPREAD * ((methods.index(row["method"]) + 0.5) / len(methods) - 0.5)
        axes.plot([row["ci_low"], row["ci_high"]], [place, place], color=style.colour, linewidth=0.6, zorder=2)
        axes.plot(
            [row["value"]], [place], linestyle="none", marker=style.marker, markersize=3.6, markeredgewidth=0.7,
            markeredgecolor=style.colour, markerfacecolor=style.colour if row["significant"] else "white", zorder=3,
        )  # fmt: skip
    axes.set_title(panel.label)
    axes.set_xlabel(f"{_OUTCOMES[outcome]}\n{n_label(shown[shown['n'] > 0])}")
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.axhline(0.5, color=INK, linewidth=0.5)
    axes.axhline(len(rows) - 1.5, color=INK, linewidth=0.5)
    axes.grid(axis="y", color=FAINT, alpha=0.18, linewidth=0.5)
    axes.set_axisbelow(True)


def caption(table: pd.DataFrame, alpha: float = 0.05) -> str:
    """Say what the figure shows, with n and k from the table; its intervals have level 1 - alpha."""
    of = {outcome: table[(table["outcome"] == outcome) & (table["n"] > 0)] for outcome in _OUTCOMES}
    return (
        f"{TITLE}, each alone and all together. Above: median agreement of the maps of the top-1 and the top-2 class "
        f"(top {unique(table['k_percent'], '{:g}')}% of pixels), n = {ends(of['agreement']['n'])}; filled where the "
        "paper's signed-rank test rejects. Below: mean confidence drop (clipped, relative), n = "
        f"{ends(of['drop']['n'])}; filled where the t-test against CASE finds a difference. Bars: {1 - alpha:.0%} "
        "intervals, exact ones of medians and t intervals of means; the tests do not use them. Thin upright lines: as "
        "this study measures. Numbers are those of the list of defects; only defects that a finished map, or a cheap "
        "new one, can show are replayed; all together leave out 3. Contrast sets concern CASE alone, and through it "
        "the tests against it."
    )
