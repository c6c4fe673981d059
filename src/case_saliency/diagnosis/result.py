"""What a diagnosis found, and what must be said with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from case_saliency.attribution.registry import Method
from case_saliency.attribution.result import Attribution
from case_saliency.diagnosis.folder import Folder
from case_saliency.diagnosis.measure import EXPERIMENT, Scores
from case_saliency.diagnosis.options import Options
from case_saliency.diagnosis.subject import Subject
from case_saliency.report.answer import answer
from case_saliency.report.content import Experiment, ReportFigure, Settings
from case_saliency.statistics.attrition import attrition_table
from case_saliency.statistics.class_sensitivity import agreement_table
from case_saliency.statistics.fidelity import fidelity_table
from case_saliency.statistics.ranks import ranks_table
from case_saliency.statistics.summary import headline

if TYPE_CHECKING:
    import pandas as pd

_LISTED = 8  # excluded files in one note
_SHOWN = ("method", "n", "median_agreement", "ci_low", "ci_high", "p_wilcoxon", "verdict", "mean_drop")


@dataclass(frozen=True)
class Diagnosis:
    """Everything that was measured, and the tables made of it when they are first asked for.

    Attributes
    ----------
    network, layer, layer_given
        The network; name and path of the target layer; whether the user named it.
    folder
        The images, their labels, and the files that were excluded.
    methods, options
        What was asked.
    predictions, maps, scores
        As `measure.predictions`, `engine.attribute` and `measure.scores` return them.
    """

    network: Subject
    layer: Mapping[str, str]
    layer_given: bool
    folder: Folder
    methods: tuple[Method, ...]
    options: Options
    predictions: "pd.DataFrame"
    maps: Attribution
    scores: Scores

    @property
    def labelled(self) -> bool:
        """Whether the images lie in class folders, so that wrong predictions are known and set aside."""
        return bool(self.folder.class_names)

    @property
    def controls(self) -> set[str]:
        """Names of the methods that calibrate the test."""
        return {method.name for method in self.methods if method.family == "control"}

    @property
    def reference(self) -> str:
        """The method with which confidence drops are compared: CASE, or the first one if CASE was not asked for."""
        names = [method.name for method in self.methods]
        return "case" if "case" in names else names[0]

    @cached_property
    def agreement(self) -> "pd.DataFrame":
        """RQ1: tests and verdicts, see `statistics.class_sensitivity.agreement_table`."""
        options = self.options
        return agreement_table(
            self.scores.agreement,
            controls=self.controls,
            alpha=options.alpha,
            threshold=options.threshold,
            zero_method=options.zero_method,
            degenerate_policy=options.degenerate,
            seed=options.seed,
        )

    @cached_property
    def fidelity(self) -> "pd.DataFrame":
        """RQ2: mean drops and paired tests, see `statistics.fidelity.fidelity_table`."""
        return fidelity_table(
            self.scores.fidelity,
            controls=self.controls,
            alpha=self.options.alpha,
            reference=self.reference,
            equivalence_margin=self.options.equivalence_margin,
        )

    @cached_property
    def ranks(self) -> "pd.DataFrame":
        """Methods ranked over the same images, see `statistics.ranks.ranks_table`."""
        return ranks_table(
            self.scores.agreement,
            controls=self.controls,
            alpha=self.options.alpha,
            degenerate_policy=self.options.degenerate,
        )

    @cached_property
    def attrition(self) -> "pd.DataFrame":
        """What became of every image, see `statistics.attrition.attrition_table`."""
        return attrition_table(self.scores.agreement, self.scores.fidelity)

    @cached_property
    def summary(self) -> "pd.DataFrame":
        """The numbers of each method that one looks at first, see `statistics.summary.headline`."""
        options = self.options
        return headline(
            self.agreement,
            self.fidelity,
            k_agreement=options.k_percent,
            k_fidelity=options.removed[0],
            fill=options.fills[0],
            measure=options.measure,
        )

    def experiment(self, figures: Sequence[ReportFigure] = ()) -> Experiment:
        """Return the tables, and finished figures, as the report shows them."""
        [reference] = [method for method in self.methods if method.name == self.reference]
        settings = Settings(
            alpha=self.options.alpha,
            threshold=self.options.threshold,
            reference=self.reference,
            measure=self.options.measure,
            contrast_source=reference.parameters.get("source"),
            labelled=self.labelled,
        )
        description = f"{self.network.name} on {len(self.folder.manifest)} images of {self.folder.path.resolve().name}"
        return Experiment(
            name=EXPERIMENT,
            description=description,
            agreement=self.agreement,
            fidelity=self.fidelity,
            ranks=self.ranks,
            attrition=self.attrition,
            figures=figures,
            settings=settings,
            notes=self._how(),
        )

    def notes(self) -> list[str]:
        """Say how the result came about and what limits it."""
        said = answer(self.experiment())
        return [*(said.sensitivity[-1:] if self.controls else []), *said.limits]

    def _how(self) -> list[str]:
        [(name, path)] = self.layer.items()
        shape = next(iter(self.maps.maps[name].values())).shape[-2:] if name in self.maps.maps else None
        chosen = (
            "as asked" if self.layer_given else "the zoo's choice" if self.network.layers else "found as the last map"
        )
        of = "" if name == path else f" ({path})"
        grid = "" if shape is None else f", maps of {shape[0]} x {shape[1]} cells"
        look = self.network.transform
        mean, std = (", ".join(f"{value:.3g}" for value in values) for values in (look.mean, look.std))
        notes = [
            f"Target layer: {name}{of}, {chosen}{grid}.",
            f"Preparation: shorter side to {look.resize} ({look.interpolation}), centre {look.input_size} x "
            f"{look.input_size}, mean {mean}, std {std}. A network trained with another one needs it stated.",
        ]
        if shape is not None and shape[0] * shape[1] * self.options.k_percent < 100:
            notes.append(
                f"Coarse maps: {self.options.k_percent:g}% of {shape[0]} x {shape[1]} cells is less than one cell, and "
                "interpolation decides the agreement. Take an earlier layer, larger images or a larger k."
            )
        if not self.labelled:
            notes.append("Labels: none, so all images count, those that the network gets wrong among them.")
        if len(self.folder.excluded):
            rows = self.folder.excluded.head(_LISTED).to_dict("records")
            listed = "; ".join(f"{row['file']} ({row['reason']})" for row in rows)
            more = "" if len(rows) == len(self.folder.excluded) else "; ..."
            counts = len(self.folder.excluded), len(self.folder.excluded) + len(self.folder.manifest)
            notes.append(f"Excluded as no usable images: {counts[0]} of {counts[1]} files: {listed}{more}.")
        return [*notes, *self.maps.messages]

    def __str__(self) -> str:
        """Return the summary and its notes as text."""
        table = self.summary[list(_SHOWN)].to_string(index=False, float_format=lambda value: f"{value:.4g}")
        return "\n".join([table, "", *self.notes()])
