"""The page: experiments and background in, one HTML document out."""

import base64
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined

from case_saliency.figures.names import VERDICTS
from case_saliency.report.answer import Answer, answer
from case_saliency.report.claims.view import ledger
from case_saliency.report.content import Background, Experiment, ReportFigure
from case_saliency.report.evidence.sections import Section, sections
from case_saliency.report.front import line
from case_saliency.report.overview import Overview, overview
from case_saliency.report.pictures import picture
from case_saliency.report.tables import TableView, view

_CAPTIONS = {
    "agreement": "Class sensitivity: agreement, tests and verdicts",
    "fidelity": "Fidelity: confidence drops and paired tests",
    "cross_deletion": "Class specificity: cross-deletion and the joint verdict",
    "ranks": "Ranks: the methods over the same images, with the critical difference",
    "pooled": "Pooled: mean agreement over networks, and over the seeds of each",
    "paper": "Side by side: the paper's Tables 1, 2 and 3 beside these numbers",
    "attrition": "Attrition: what became of every image",
}


@dataclass(frozen=True)
class _Numbered:
    """A figure and its number in the chapter."""

    number: int
    figure: ReportFigure


@dataclass(frozen=True)
class _Evidence:
    """A section of further evidence, ready to print."""

    section: Section
    figures: list[_Numbered]
    table: TableView


@dataclass(frozen=True)
class _Chapter:
    """One experiment with everything that is derived from it for printing."""

    experiment: Experiment
    answer: Answer
    overview: Overview
    evidence: list[_Evidence]
    figures: list[_Numbered]
    tables: list[TableView]
    gallery: str


@dataclass(frozen=True)
class _Drawn:
    """Where a figure stands in the page, and how it is called there."""

    anchor: str
    name: str


def render(experiments: Sequence[Experiment], background: Background, claims: Sequence[Mapping[str, Any]] = ()) -> str:
    """Return the report as one HTML document that loads nothing from anywhere.

    Parameters
    ----------
    experiments
        What to show, one chapter each.
    background
        Parameters, environment and version.
    claims
        Records of `claims.ledger.decide`; without, the page has no ledger.

    Raises
    ------
    CaseSaliencyError
        If a figure's file cannot be read.
    """
    environment = Environment(
        loader=PackageLoader("case_saliency.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["data_uri"] = _data_uri
    environment.filters["picture"] = picture
    chapters = [_chapter(experiment) for experiment in experiments]
    return environment.get_template("page.html").render(
        chapters=chapters,
        lines=[line(experiment) for experiment in experiments] if len(experiments) > 1 else [],
        ledger=ledger(claims),
        parameters=list(_flatten(background.parameters)),
        environment=background.environment,
        background=background,
        origins=background.origins,
        chained={chain.record_id for chain in background.origins.chains},
        drawn=_drawn(chapters),
        verdicts=VERDICTS,
        threshold=" and ".join(dict.fromkeys(f"{one.settings.threshold:g}%" for one in experiments)),
    )


def _chapter(experiment: Experiment) -> _Chapter:
    numbers = itertools.count(1)

    def numbered(figures: Sequence[ReportFigure]) -> list[_Numbered]:
        return [_Numbered(next(numbers), figure) for figure in figures]

    evidence = [
        _Evidence(section, numbered(section.figures), _view(experiment, section.name, section.title, section.table))
        for section in sections(experiment)
    ]
    return _Chapter(
        experiment=experiment,
        answer=answer(experiment),
        overview=overview(experiment),
        evidence=evidence,
        figures=numbered([figure for figure in experiment.figures if not figure.analysis]),
        tables=[
            _view(experiment, name, caption, getattr(experiment, name))
            for name, caption in _CAPTIONS.items()
            if getattr(experiment, name) is not None
        ],
        gallery=experiment.gallery.packed() if experiment.gallery else "",
    )


def _drawn(chapters: Sequence[_Chapter]) -> dict[str, _Drawn]:
    """Return record -> the figure that it drew, of all chapters."""
    return {
        numbered.figure.record_id: _Drawn(
            f"{chapter.experiment.name}-figure-{numbered.number}",
            f"Figure {numbered.number} of {chapter.experiment.name}",
        )
        for chapter in chapters
        for numbered in (*chapter.figures, *itertools.chain.from_iterable(part.figures for part in chapter.evidence))
    }


def _view(experiment: Experiment, name: str, caption: str, table: pd.DataFrame) -> TableView:
    return view(table, f"{experiment.name}-{name}", caption, f"{experiment.name}-{name}.csv")


def _data_uri(content: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def _flatten(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield dotted keys and values of nested mappings, in their order.

    Examples
    --------
    >>> list(_flatten({"compute": {"threads": 1}, "run": ["digits"]}))
    [('compute.threads', '1'), ('run', 'digits')]
    """
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and value:
            yield from _flatten(value, f"{name}.")
        else:
            yield name, ", ".join(map(str, value)) if isinstance(value, list) else str(value)
