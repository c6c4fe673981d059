"""The first table of the report: what each method does on each network."""

from dataclasses import dataclass

import pandas as pd

from case_saliency.figures.fills import fills
from case_saliency.figures.names import VERDICTS, Verdict, format_p, method_style, ordered_methods, p_statement
from case_saliency.figures.panels import SETTING, Panel, split
from case_saliency.report.content import Experiment
from case_saliency.report.ranges import spread
from case_saliency.statistics.standing import with_standing

_KEYS = [*SETTING, "method"]


@dataclass(frozen=True)
class Told:
    """A verdict of a cell; `count` says of how many seeds, and is empty where there is one."""

    verdict: Verdict
    kind: str
    count: str


@dataclass(frozen=True)
class Cell:
    """One method on one network, over its seeds; texts are ready to print."""

    told: list[Told]
    median: str
    interval: str
    p: str
    p_holm: str
    drop: str


@dataclass(frozen=True)
class Row:
    """One method on all networks; None where it was not measured."""

    label: str
    colour: str
    control: bool
    cells: list[Cell | None]


@dataclass(frozen=True)
class Overview:
    """Networks (columns), methods (rows), the setting of the drops, and how many seeds share a cell at most."""

    networks: list[str]
    rows: list[Row]
    drop: str
    seeds: int


def overview(experiment: Experiment) -> Overview:
    """Arrange an experiment's tables as method x network; the seeds of a network share a cell.

    The drop is that at the smallest share of removed pixels, the one nearest to the diagnostic's own, with the primary
    fill.
    """
    agreement = with_standing(experiment.agreement)
    seeds = int(agreement.groupby("model")["seed"].nunique().max())
    panels = split(agreement, by=(*(name for name in SETTING if name != "seed" or seeds == 1), "k_percent"))
    shown = experiment.fidelity[experiment.fidelity["measure"] == experiment.settings.measure]
    k, fill = shown["k_percent"].min(), fills(shown)[0]
    shown = shown[(shown["k_percent"] == k) & (shown["fill"] == fill)]
    return Overview(
        [panel.name for panel in panels],
        [_row(agreement, method, panels, shown) for method in ordered_methods(agreement["method"])],
        f"top {k:g}%, {fill} fill",
        seeds,
    )


def _row(agreement: pd.DataFrame, method: str, panels: list[Panel], fidelity: pd.DataFrame) -> Row:
    style = method_style(method)
    found = [panel.rows[panel.rows["method"] == method] for panel in panels]
    control = bool((agreement.loc[agreement["method"] == method, "role"] == "control").any())
    return Row(
        style.label, style.colour, control, [_cell(rows, fidelity, control) if len(rows) else None for rows in found]
    )


def _cell(rows: pd.DataFrame, fidelity: pd.DataFrame, control: bool) -> Cell:
    drops = fidelity.merge(rows[_KEYS])["mean"].dropna()
    counts = rows["verdict"].value_counts()
    told = [
        Told(verdict, kind, f"{counts[kind]} of {len(rows)}" if len(rows) > 1 else "")
        for kind, verdict in VERDICTS.items()
        if kind in counts
    ]
    low, high = rows["ci_low"].min(), rows["ci_high"].max()
    return Cell(
        told=told,
        median=spread(rows["median_agreement"], "{:.0f}%"),
        interval="no interval" if pd.isna(low) else f"{low:.0f} to {high:.0f}",
        p=_p(rows["p_wilcoxon"], named=True),
        p_holm="control" if control else _p(rows["p_holm"]),
        drop="–" if drops.empty else spread(drops, "{:.2f}"),
    )


def _p(values: "pd.Series[float]", *, named: bool = False) -> str:
    """Write the p-values of a cell: one, or the smallest and the largest."""
    low, high = values.min(), values.max()
    first, last = (p_statement(low) if named else format_p(low)), format_p(high)
    return first if format_p(low) == last else f"{first} to {last}"
