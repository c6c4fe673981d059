"""The front of a page of several experiments: one line for each, to choose the chapter by."""

from dataclasses import dataclass

import pandas as pd

from case_saliency.figures.names import method_style, model_label, ordered_models
from case_saliency.report.content import Experiment
from case_saliency.report.limits import built_in, held_out
from case_saliency.report.phrases import FEW, trainings_each, unit, verdicts
from case_saliency.report.ranges import spread
from case_saliency.statistics.standing import with_standing


@dataclass(frozen=True)
class Line:
    """One experiment in short; `power`, `held_out` and `left` are empty where they were not measured.

    `counted` are the images that count for the reference, `power` that of its sign test.
    """

    name: str
    data: str
    networks: str
    images: str
    counted: str
    power: str
    label: str
    verdict: str
    held_out: str
    left: str


def line(experiment: Experiment) -> Line:
    """Put the answer of an experiment into one line."""
    agreement, settings = with_standing(experiment.agreement), experiment.settings
    reference = agreement[agreement["method"] == settings.reference]
    return Line(
        name=experiment.name,
        data=experiment.description,
        networks=_networks(agreement),
        images=f"{spread(agreement['n_total'], '{:d}')} images",
        counted=spread(reference["n"], "{:d}") if len(reference) else "–",
        power=spread(reference["power"], "{:.2f}") if len(reference) else "",
        label=method_style(settings.reference).label,
        verdict=_verdict(agreement, settings.reference) or "not measured",
        held_out=_verdict(agreement, held_out(settings.reference)),
        left=built_in(experiment),
    )


def _networks(agreement: pd.DataFrame) -> str:
    models = ordered_models(agreement["model"])
    told = " / ".join(map(model_label, models)) if len(models) <= FEW else f"{len(models)} networks"
    return ", ".join(part for part in (told, trainings_each(agreement)) if part)


def _verdict(agreement: pd.DataFrame, method: str) -> str:
    rows = agreement[agreement["method"] == method]
    return (
        f"{verdicts(rows['verdict'], unit(rows))} (median {spread(rows['median_agreement'], '{:.0f}%')})"
        if len(rows)
        else ""
    )
