"""The answer in words. Every number and every judgement is read from the tables; nothing is known beforehand."""

from dataclasses import dataclass

import pandas as pd

from case_saliency.figures.names import VERDICTS, method_style, ordered_methods
from case_saliency.figures.panels import split
from case_saliency.report.content import Experiment, Settings
from case_saliency.report.limits import built_in, held_out, limits
from case_saliency.report.phrases import FEW, compared, networks, verdicts, where
from case_saliency.report.ranges import spread


@dataclass(frozen=True)
class Answer:
    """One sentence that answers the question, what supports it, and what limits it.

    `built_in` says how much of it is left when the compared classes are kept apart; "" where that was not measured.
    """

    headline: str
    built_in: str
    sensitivity: list[str]
    fidelity: list[str]
    limits: list[str]


def answer(experiment: Experiment) -> Answer:
    """Put an experiment's tables into words."""
    settings = experiment.settings
    agreement, fidelity = experiment.agreement, experiment.fidelity
    return Answer(
        headline=_headline(agreement, settings),
        built_in=_built_in(experiment),
        sensitivity=[*_by_verdict(agreement), *_controls(agreement)],
        fidelity=[
            *_fidelity(fidelity[fidelity["measure"] == settings.measure], settings),
            *_specificity(experiment.cross_deletion),
        ],
        limits=limits(experiment),
    )


def _headline(agreement: pd.DataFrame, settings: Settings) -> str:
    label = method_style(settings.reference).label
    rows = agreement[agreement["method"] == settings.reference]
    if rows.empty:
        return f"{label} was not measured in this experiment."
    counts = rows["verdict"].value_counts()
    heldout = _held_out(agreement, settings)
    sensitive, insensitive = int(counts.get("class-sensitive", 0)), int(counts.get("insensitive", 0))
    medians = spread(rows["median_agreement"], "{:.0f}%")
    shared = f"the maps for the two likeliest classes share a median of {medians} of their most salient pixels"
    if sensitive == len(rows):
        return (
            f"{label} is class-sensitive on {networks(sensitive, len(rows))}: {shared}, below "
            f"{settings.threshold:g}%.{heldout}"
        )
    if insensitive == len(rows):
        where = networks(insensitive, len(rows))
        failed = f"{label} fails the class-sensitivity diagnostic on {where}"
        return f"{failed}: {shared}, above {settings.threshold:g}%.{heldout}"
    return f"{label} gives no uniform answer, {verdicts(rows['verdict'])}: {shared}.{heldout}"


def _held_out(agreement: pd.DataFrame, settings: Settings) -> str:
    """Say what is left when the compared classes are kept out of each other's contrast sets, where it was measured."""
    rows = agreement[agreement["method"] == held_out(settings.reference)]
    if rows.empty:
        return ""
    medians = spread(rows["median_agreement"], "{:.0f}%")
    told = verdicts(rows["verdict"])
    return f" With the compared classes held out of its contrast sets, it is {told} ({medians})."


def _built_in(experiment: Experiment) -> str:
    """Say how much of the reference's reduction of agreement is left without them, where that was measured."""
    told = built_in(experiment)
    return f"{told[0].upper()}{told[1:]}." if told else ""


def _by_verdict(agreement: pd.DataFrame) -> list[str]:
    """One sentence for each pattern of verdicts that methods share, the most class-sensitive first."""
    methods = agreement[agreement["role"] == "method"]
    patterns: dict[tuple[int, ...], list[str]] = {}
    for method in ordered_methods(methods["method"]):
        found = methods.loc[methods["method"] == method, "verdict"]
        patterns.setdefault(tuple(int((found == name).sum()) for name in VERDICTS), []).append(method)
    sentences = []
    for pattern in sorted(patterns, reverse=True):
        counts = verdicts(methods.loc[methods["method"] == patterns[pattern][0], "verdict"])
        members = "; ".join(_with_medians(agreement, method) for method in patterns[pattern])
        sentences.append(f"{counts[0].upper()}{counts[1:]}: {members}.")
    return sentences


def _with_medians(agreement: pd.DataFrame, method: str) -> str:
    medians = agreement.loc[agreement["method"] == method, "median_agreement"]
    return f"{method_style(method).label} ({spread(medians, '{:.0f}%')})"


def _controls(agreement: pd.DataFrame) -> list[str]:
    rows = agreement[agreement["role"] == "control"]
    if rows.empty:
        return []
    told = (
        f"For scale, the controls: {'; '.join(_with_medians(rows, name) for name in ordered_methods(rows['method']))}."
    )
    low = ordered_methods(rows.loc[rows["verdict"] == "class-sensitive", "method"])
    if low:
        names = " and ".join(method_style(name).label for name in low)
        verb = "counts" if len(low) == 1 else "count"
        told += f" {names} {verb} as class-sensitive too: low agreement alone does not make an explanation right."
    return [told]


_COSTS = {
    "drop_absolute": "of {} in probability",
    "drop_relative": "share of {} of its probability",
    "drop_relative_clipped": "share of {} of its probability",
    "drop_logit": "of {} in logits",
}


def _fidelity(fidelity: pd.DataFrame, settings: Settings) -> list[str]:
    """Two sentences for each share of removed pixels and fill: the reference's drop, and who differs from it."""
    label = method_style(settings.reference).label
    sentences = []
    for (k, fill), rows in fidelity.groupby(["k_percent", "fill"], sort=True):
        drops = spread(rows.loc[rows["method"] == settings.reference, "mean"], "{:.2f}")
        controls = spread(rows.loc[rows["role"] == "control", "mean"], "{:.2f}")
        others = rows[(rows["role"] == "method") & (rows["method"] != settings.reference)]
        differ = others[others["p_holm"] < settings.alpha]
        found = compared(differ, others, label, none="none shows a difference")
        sentences.append(
            f"Removing the top {k:g}% of pixels (fill: {fill}) costs the predicted class a mean "
            f"{_COSTS[settings.measure].format(drops)} with {label}, and {controls} with the controls. Of "
            f"{len(others)} paired comparisons of other methods with {label}, {found} (Holm-corrected at "
            f"{settings.alpha:g}).{_equivalent(others, settings)}{_beaten(rows, settings)}"
        )
    return sentences


def _equivalent(others: pd.DataFrame, settings: Settings) -> str:
    if settings.measure == "drop_logit":  # the margin is a fraction
        return ""
    return f" {int(others['equivalent'].sum())} of them show equivalence within {settings.equivalence_margin:g}."


def _beaten(rows: pd.DataFrame, settings: Settings) -> str:
    """Say where a control costs as much as the reference: there the reference's map is no better than none."""
    parts, found, panels = [], [], split(rows)
    for panel in panels:
        reference = panel.rows.loc[panel.rows["method"] == settings.reference, "mean"].max()
        controls = panel.rows[(panel.rows["role"] == "control") & (panel.rows["mean"] >= reference)]
        if len(controls):
            names = " and ".join(method_style(method).label for method in ordered_methods(controls["method"]))
            parts.append(f"{names} on {panel.name}")
            found.append(controls)
    if not parts:
        return ""
    told = "; ".join(parts) if len(panels) <= FEW else where(pd.concat(found), rows)
    return f" A control costs as much as {method_style(settings.reference).label} or more: {told}."


def _specificity(cross: pd.DataFrame | None) -> list[str]:
    """One sentence for each share of removed pixels and fill: which methods get the joint verdict, and which not."""
    sentences = []
    for (k, fill), rows in [] if cross is None else cross.groupby(["k_percent", "fill"], sort=True):
        specific, denied = (
            where(rows[rows["joint_verdict"] == verdict], rows) for verdict in ("class-specific", "not class-specific")
        )
        sentences.append(
            f"Class-specific, that is class-sensitive and faithful to its own class rather than the other one "
            f"(cross-deletion of the top {k:g}%, fill: {fill}): {specific}. Not class-specific: "
            f"{denied}. The others are undecided."
        )
    return sentences
