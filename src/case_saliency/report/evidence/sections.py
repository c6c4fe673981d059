"""Which question an analysis answers, and what it says: one section for each that an experiment ran."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from case_saliency.analyses import ANALYSES
from case_saliency.report.content import Experiment, ReportFigure, Settings
from case_saliency.report.evidence.activity import activity
from case_saliency.report.evidence.circularity import circularity
from case_saliency.report.evidence.contrast import contrast
from case_saliency.report.evidence.curves import curves
from case_saliency.report.evidence.defects import defects
from case_saliency.report.evidence.layers import layers
from case_saliency.report.evidence.localization import localization
from case_saliency.report.evidence.pairwise import pairwise
from case_saliency.report.evidence.randomisation import randomisation
from case_saliency.report.evidence.reliability import reliability
from case_saliency.report.evidence.similarity import similarity

CURVES = "curves"
CURVES_TITLE = "Perturbation curves: areas and paired tests"

_SAY: dict[str, tuple[str, str, Callable[[pd.DataFrame, Settings], list[str]]]] = {
    "circularity": (
        "Circularity",
        "Do the maps differ because the classes do, or because each was removed from the other's?",
        circularity,
    ),
    "contrast": ("Contrast sets", "Does the answer depend on which contrast classes CASE takes?", contrast),
    "similarity": ("Other measures", "Is low agreement a matter of k, of resolution, or of chance?", similarity),
    "reliability": ("Reliability", "Does a method agree with itself where it disagrees between classes?", reliability),
    "pairwise": ("All pairs", "Are the two likeliest classes a special pair?", pairwise),
    "layers": ("Layers", "Does the answer depend on the layer that is explained?", layers),
    "activity": ("Channel activity", "How many channels has a layer to tell classes apart with?", activity),
    "randomisation": ("Randomisation", "Do maps depend on what the network has learned?", randomisation),
    "localization": ("Localization", "Does a map lie where its class is, among four images in one?", localization),
    "defects": ("Defects", "Which figures could be artefacts of the released code?", defects),
    CURVES: ("Curves", "How fast does confidence fall, or return, in the order that a map gives?", curves),
}


@dataclass(frozen=True)
class Section:
    """An analysis in a chapter: its short name and title, its question, what it says, its figures and its table."""

    name: str
    short: str
    title: str
    question: str
    sentences: list[str]
    figures: list[ReportFigure]
    table: pd.DataFrame


def sections(experiment: Experiment) -> list[Section]:
    """Return the sections of an experiment: what bears on class sensitivity first, what bears on fidelity last."""
    tables = dict(experiment.analyses)
    if experiment.curves is not None:
        tables[CURVES] = experiment.curves
    found = []
    for name in sorted(tables, key=list(_SAY).index):
        short, question, say = _SAY[name]
        title = CURVES_TITLE if name == CURVES else ANALYSES[name].title
        figures = [figure for figure in experiment.figures if figure.analysis == name]
        sentences = say(tables[name], experiment.settings)
        found.append(Section(name, short, title, question, sentences, figures, tables[name]))
    return found
