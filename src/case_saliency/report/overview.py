"""The first table of the report: what each method does on each network."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from case_saliency.figures.names import VERDICTS, Verdict, format_p, method_style, ordered_methods, p_statement
from case_saliency.figures.panels import SETTING, split
from case_saliency.report.content import Experiment


@dataclass(frozen=True)
class Cell:
    """One method on one network; texts are ready to print."""

    verdict: Verdict
    kind: str
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
    """Networks (columns), methods (rows), and the setting of the drops."""

    networks: list[str]
    rows: list[Row]
    drop: str


def overview(experiment: Experiment) -> Overview:
    """Arrange an experiment's tables as method x network.

    The drop is that at the smallest share of removed pixels, the one nearest to the diagnostic's own.
    """
    panels = split(experiment.agreement, by=(*SETTING, "k_percent"))
    shown = experiment.fidelity[experiment.fidelity["measure"] == experiment.settings.measure]
    first = shown.sort_values(["k_percent", "fill"]).iloc[0]
    shown = shown[(shown["k_percent"] == first["k_percent"]) & (shown["fill"] == first["fill"])]
    rows = []
    for method in ordered_methods(experiment.agreement["method"]):
        style = method_style(method)
        found = [panel.rows[panel.rows["method"] == method] for panel in panels]
        cells = [_cell(rows.to_dict("records")[0], shown) if len(rows) else None for rows in found]
        control = bool((experiment.agreement.loc[experiment.agreement["method"] == method, "role"] == "control").any())
        rows.append(Row(style.label, style.colour, control, cells))
    return Overview(
        [panel.name for panel in panels],
        rows,
        f"top {first['k_percent']:g}%, {first['fill']} fill",
    )


def _cell(summary: Mapping[Any, Any], fidelity: pd.DataFrame) -> Cell:
    cell = pd.DataFrame([{name: summary[name] for name in (*SETTING, "method")}])
    drops = fidelity.merge(cell)["mean"].dropna()
    control = summary["role"] == "control"
    return Cell(
        verdict=VERDICTS[summary["verdict"]],
        kind=summary["verdict"],
        median="no value" if pd.isna(summary["median_agreement"]) else f"{summary['median_agreement']:.0f}%",
        interval="no interval"
        if pd.isna(summary["ci_low"])
        else f"{summary['ci_low']:.0f} to {summary['ci_high']:.0f}",
        p=p_statement(summary["p_wilcoxon"]),
        p_holm="control" if control else format_p(summary["p_holm"]),
        drop="–" if drops.empty else f"{drops.iloc[0]:.2f}",
    )
