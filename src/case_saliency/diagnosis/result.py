"""What a diagnosis found, and what must be said with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from case_saliency.attribution.registry import Method
from case_saliency.attribution.result import Attribution
from case_saliency.diagnosis import notes
from case_saliency.diagnosis.folder import Folder
from case_saliency.diagnosis.measure import EXPERIMENT, Scores
from case_saliency.diagnosis.options import Options
from case_saliency.diagnosis.subject import Subject
from case_saliency.report.answer import answer
from case_saliency.report.content import Experiment, ReportFigure, Settings
from case_saliency.statistics.attrition import CELL, attrition_table
from case_saliency.statistics.class_sensitivity import agreement_table
from case_saliency.statistics.cross_deletion import cross_deletion_table
from case_saliency.statistics.curves import curve_points, curve_table
from case_saliency.statistics.fidelity import fidelity_table
from case_saliency.statistics.ranks import ranks_table
from case_saliency.statistics.summary import headline

if TYPE_CHECKING:
    import pandas as pd

_SHOWN = ("method", "n", "median_agreement", "ci_low", "ci_high", "p_wilcoxon", "verdict", "mean_drop", "joint_verdict")


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
            self._drops,
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
        return attrition_table(self.scores.agreement, self._drops)

    @property
    def _drops(self) -> "pd.DataFrame":
        """Fidelity scores of the predicted class's maps."""
        return self.scores.fidelity[self.scores.fidelity["target"] == "top1"]

    @cached_property
    def cross_deletion(self) -> "pd.DataFrame":
        """RQ2: does each map take away its own class, see `statistics.cross_deletion.cross_deletion_table`."""
        return cross_deletion_table(
            self.scores.fidelity,
            self.agreement,
            controls=self.controls,
            alpha=self.options.alpha,
            reference=self.reference,
        )

    @cached_property
    def curves(self) -> "pd.DataFrame | None":
        """Areas under the perturbation curves, see `statistics.curves.curve_table`; None if none was asked for."""
        if self.scores.curves is None:
            return None
        return curve_table(
            self.scores.curves,
            controls=self.controls,
            alpha=self.options.alpha,
            reference=self.reference,
            equivalence_margin=self.options.equivalence_margin,
        )

    @cached_property
    def curve_points(self) -> "pd.DataFrame | None":
        """The mean perturbation curves, see `statistics.curves.curve_points`; None if none was asked for."""
        if self.scores.curves is None:
            return None
        return curve_points(self.scores.curves, controls=self.controls, alpha=self.options.alpha)

    @cached_property
    def summary(self) -> "pd.DataFrame":
        """The numbers of each method that one looks at first, see `statistics.summary.headline`, and the joint verdict.

        The verdict is that of the drop that is shown: the first of the removed shares and of the fills.
        """
        options = self.options
        table = headline(
            self.agreement,
            self.fidelity,
            k_agreement=options.k_percent,
            k_fidelity=options.removed[0],
            fill=options.fills[0],
            measure=options.measure,
        )
        joint = self.cross_deletion
        joint = joint[(joint["k_percent"] == options.removed[0]) & (joint["fill"] == options.fills[0])]
        return table.merge(joint[[*CELL, "joint_verdict"]], on=list(CELL), how="left", validate="one_to_one")

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
            k_percent=self.options.k_percent,
        )
        description = f"{self.network.name} on {len(self.folder.manifest)} images of {self.folder.path.resolve().name}"
        return Experiment(
            name=EXPERIMENT,
            description=description,
            agreement=self.agreement,
            fidelity=self.fidelity,
            ranks=self.ranks,
            attrition=self.attrition,
            cross_deletion=self.cross_deletion,
            curves=self.curves,
            figures=figures,
            settings=settings,
            notes=notes.how(self),
        )

    def notes(self) -> list[str]:
        """Say how the result came about and what limits it."""
        said = answer(self.experiment())
        return [*(said.sensitivity[-1:] if self.controls else []), *said.limits]

    def __str__(self) -> str:
        """Return the summary and its notes as text."""
        table = self.summary[list(_SHOWN)].to_string(index=False, float_format=lambda value: f"{value:.4g}")
        return "\n".join([table, "", *self.notes()])
