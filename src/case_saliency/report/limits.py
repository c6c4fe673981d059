"""How sure the answer is, in words: the sample, the power of the tests, and what is built in."""

import pandas as pd

from case_saliency.figures.names import method_style, ordered_methods
from case_saliency.report.content import Experiment, Settings
from case_saliency.report.evidence import circularity
from case_saliency.report.phrases import unit
from case_saliency.report.ranges import spread

_PAPERS_NETWORKS = {"convnext_large", "densenet201", "resnet50", "vgg19_bn"}


def limits(experiment: Experiment) -> list[str]:
    """Say what limits the answer that an experiment's tables give."""
    agreement, settings = experiment.agreement, experiment.settings
    return [
        *experiment.notes,
        _sample(agreement, settings),
        _power(agreement, settings),
        *_fragile(agreement),
        *_circularity(experiment),
    ]


def _sample(agreement: pd.DataFrame, settings: Settings) -> str:
    missed, total = spread(agreement["n_excluded_misclassified"], "{:d}"), spread(agreement["n_total"], "{:d}")
    degenerate = int(agreement["n_degenerate"].sum())
    n_models = agreement["model"].nunique()
    counted = (
        f"Only images whose top-1 prediction is correct count: {missed} of {total} per network are set aside as "
        "misclassified."
        if settings.labelled
        else "The images have no labels: all of them count, whether the top-1 prediction is correct or not."
    )
    return (
        f"Scope: {total} images and {n_models} model{'s' if n_models != 1 else ''}; what holds here need not hold for "
        f"others.{_networks(set(agreement['model']))} {counted} {degenerate} pair{'s' if degenerate != 1 else ''} "
        f"of maps in all {'are' if degenerate != 1 else 'is'} degenerate "
        f"(empty or constant).{_other_policies(agreement) if degenerate else ''}"
    )


def _networks(models: set[str]) -> str:
    return "" if models & _PAPERS_NETWORKS else " None of the networks is one of the paper's four."


def _other_policies(agreement: pd.DataFrame) -> str:
    bounds = agreement[["verdict_if_insensitive", "verdict_if_sensitive"]]
    changed = agreement[bounds.ne(agreement["verdict"], axis=0).any(axis=1)]
    methods = ", ".join(method_style(name).label for name in ordered_methods(changed["method"]))
    verdicts = f"the verdict in {len(changed)} of {len(agreement)} rows ({methods})" if len(changed) else "no verdict"
    return f" To count these as full agreement, or as none, changes {verdicts}."


def _power(agreement: pd.DataFrame, settings: Settings) -> str:
    n, power = spread(agreement["n"], "{:d}"), spread(agreement["power"], "{:.2f}")
    return (
        f"Power: with n = {n} images the sign test finds a method that falls below {settings.threshold:g}% on "
        f"{settings.effect:.0%} of images with probability {power}, less after correction for many tests; 80% takes "
        f"{spread(agreement['n_for_power80'], '{:d}')} images. So 'undecided' means that these images cannot tell, not "
        "that the method is insensitive, and a fidelity comparison without a difference does not show that two methods "
        "are equally faithful."
    )


def _fragile(agreement: pd.DataFrame) -> list[str]:
    definite = agreement[agreement["verdict"] != "undecided"]
    fragile = definite[definite["fragile"].astype(bool)]
    if fragile.empty:
        return []
    methods = ", ".join(method_style(name).label for name in ordered_methods(fragile["method"]))
    n_pairs = spread(agreement["n_pairs_of_classes"], "{:d}")
    return [
        f"Fragile: images of one pair of classes are alike. An interval over the {n_pairs} pairs does not share "
        f"{len(fragile)} of {len(definite)} definite verdicts ({methods})."
    ]


def _circularity(experiment: Experiment) -> list[str]:
    agreement, settings = experiment.agreement, experiment.settings
    pointer = " The analysis of circularity says how much is left without." if built_in(experiment) else ""
    by_logits = settings.contrast_source == "logits"
    if settings.reference not in set(agreement["method"]) or not (by_logits or pointer):
        return []
    label = method_style(settings.reference).label
    told = f"Circularity: {label} removes from a class's evidence what it shares with rival classes, and "
    if not by_logits:
        return [
            f"{told}where one of the two compared classes is among them, low agreement is partly built in.{pointer}"
        ]
    told += (
        "rivals are taken from the image's own highest logits, so the two classes compared are each other's rivals. "
        "Part of its low agreement is built in by this"
    )
    medians, control = agreement.groupby("method")["median_agreement"], held_out(settings.reference)
    if control in medians.groups:
        before, after = (spread(medians.get_group(name), "{:.0f}%") for name in (settings.reference, control))
        told += f": with both compared classes held out, the median agreement is {after} instead of {before}"
    elif not pointer:
        told += f"; list {control} among the methods to see how much"
    return [f"{told}.{pointer}"]


def built_in(experiment: Experiment) -> str:
    """Say how much of the reference's reduction of agreement is left without the compared classes; "" if not measured.

    It is measured for `case` alone, and may be so on some of the networks.
    """
    table, settings = experiment.analyses.get("circularity"), experiment.settings
    if table is None or settings.reference != circularity.CASE:
        return ""
    measured, total = (len(rows[["model", "seed"]].drop_duplicates()) for rows in (table, experiment.agreement))
    where = f" (measured on {measured} of {total} {unit(experiment.agreement)})" if measured < total else ""
    return f"{circularity.left(table)}{where}"


def held_out(reference: str) -> str:
    """Return the name of the reference's control whose contrast sets hold none of the compared classes."""
    return f"{reference}_heldout"
