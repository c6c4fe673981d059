"""The page: experiments and background in, one HTML document out."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from case_saliency.analyses import ANALYSES
from case_saliency.figures.names import VERDICTS
from case_saliency.report.answer import Answer, answer
from case_saliency.report.content import Background, Experiment
from case_saliency.report.overview import Overview, overview
from case_saliency.report.pictures import picture
from case_saliency.report.tables import TableView, view


@dataclass(frozen=True)
class _Chapter:
    """One experiment with everything that is derived from it for printing."""

    experiment: Experiment
    answer: Answer
    overview: Overview
    tables: list[TableView]


def render(experiments: Sequence[Experiment], background: Background) -> str:
    """Return the report as one HTML document that loads nothing from anywhere.

    Parameters
    ----------
    experiments
        What to show, one chapter each.
    background
        Parameters, environment and version.

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
    return environment.get_template("page.html").render(
        chapters=[_chapter(experiment) for experiment in experiments],
        parameters=list(_flatten(background.parameters)),
        environment=background.environment,
        background=background,
        verdicts=VERDICTS,
    )


def _chapter(experiment: Experiment) -> _Chapter:
    captions = {
        "agreement": "Class sensitivity: agreement, tests and verdicts",
        "fidelity": "Fidelity: confidence drops and paired tests",
        "cross_deletion": "Class specificity: cross-deletion and the joint verdict",
        "curves": "Perturbation curves: areas and paired tests",
        "ranks": "Ranks: the methods over the same images, with the critical difference",
        "pooled": "Pooled: mean agreement over networks, and over the seeds of each",
        "attrition": "Attrition: what became of every image",
    }
    tables = [
        view(getattr(experiment, name), f"{experiment.name}-{name}", caption, f"{experiment.name}-{name}.csv")
        for name, caption in captions.items()
        if getattr(experiment, name) is not None
    ]
    tables += [
        view(table, f"{experiment.name}-{name}", ANALYSES[name].title, f"{experiment.name}-{name}.csv")
        for name, table in experiment.analyses.items()
    ]
    return _Chapter(experiment, answer(experiment), overview(experiment), tables)


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
