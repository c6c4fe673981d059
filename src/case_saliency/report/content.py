"""What the report is made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from case_saliency.report.gallery import Gallery
from case_saliency.report.origins import Origins


@dataclass(frozen=True)
class Settings:
    """The choices of params.yaml that the report must name to be understood.

    Attributes
    ----------
    alpha
        Level of the tests.
    threshold
        Null hypothesis of the diagnostic, percent agreement.
    effect
        P(agreement < threshold) at which the table states the attainable power.
    reference
        The method that the others are compared with.
    equivalence_margin
        Difference of mean drops that is too small to matter, a fraction.
    measure
        Which confidence drop is shown first, a value of the column `measure` of `fidelity.csv`.
    contrast_source
        Where the reference takes its contrast classes from ("logits", "confusion", ...); None if it has none.
    labelled
        Whether the images have labels, so that wrong predictions are known and set aside.
    k_percent
        Size of the diagnostic's top set, percent.
    """

    alpha: float = 0.05
    threshold: float = 50.0
    effect: float = 0.75
    reference: str = "case"
    equivalence_margin: float = 0.02
    measure: str = "drop_relative_clipped"
    contrast_source: str | None = "logits"
    labelled: bool = True
    k_percent: float = 5.0


@dataclass(frozen=True)
class ReportFigure:
    """A finished figure: a PNG file, what it is called, what its caption says, and the id of its record.

    `analysis` names the analysis that it belongs to; "" for the figures of both research questions.
    """

    title: str
    image: Path
    caption: str
    record_id: str
    analysis: str = ""


@dataclass(frozen=True)
class Photograph:
    """A small picture of one image (`thumbnails.jpeg`), and what the models made of it, one line for each."""

    image_id: str
    jpeg: bytes
    label_name: str
    predictions: Sequence[str] = ()


@dataclass(frozen=True)
class Source:
    """Where images come from: a collection, how many of an experiment's images are from it, and its terms."""

    collection: str
    n_images: int
    terms: Sequence[str]


@dataclass(frozen=True)
class Experiment:
    """Everything the report shows of one experiment.

    `agreement`, `fidelity`, `attrition`, `ranks`, `pooled`, `cross_deletion` and `curves` are the tables of
    `results/tables/<experiment>/`, None where they were not made; `analyses` holds the tables of
    `case_saliency.analyses` by name; `photographs` are those of the images that are shown, and `sources` tell where all
    of them come from; `notes` say what else a reader must know of the data; `gallery` holds the maps;
    `paper` is the table of the paper's numbers beside these.
    """

    name: str
    description: str
    agreement: pd.DataFrame
    fidelity: pd.DataFrame
    attrition: pd.DataFrame
    figures: Sequence[ReportFigure]
    settings: Settings = field(default_factory=Settings)
    photographs: Sequence[Photograph] = ()
    sources: Sequence[Source] = ()
    ranks: pd.DataFrame | None = None
    pooled: pd.DataFrame | None = None
    cross_deletion: pd.DataFrame | None = None
    curves: pd.DataFrame | None = None
    analyses: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    notes: Sequence[str] = ()
    gallery: Gallery | None = None
    paper: pd.DataFrame | None = None


@dataclass(frozen=True)
class Background:
    """What holds for the whole report: parameters, versions and machine, and the program's version.

    `occasion` says why the run was made, `origin` where its parameters come from, `records` where its records lie,
    `origins` what they tell of the figures.
    """

    parameters: Mapping[str, Any]
    environment: Mapping[str, str]
    version: str
    occasion: str = "The claims of CASE, arXiv 2506.07327, put to the test"
    origin: str = "The content of params.yaml at the time of the run."
    records: str = "results/provenance/"
    origins: Origins = field(default_factory=Origins)
