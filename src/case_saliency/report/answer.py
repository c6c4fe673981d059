"""The answer in words. Every number and every judgement is read from the tables; nothing is known beforehand."""

from dataclasses import dataclass

import pandas as pd

from case_saliency.figures.names import VERDICTS, method_style, ordered_methods
from case_saliency.report import faithfulness
from case_saliency.report.content import Experiment, Settings
from case_saliency.report.limits import built_in, held_out, limits
from case_saliency.report.phrases import networks, trained, unit, verdicts
from case_saliency.report.ranges import spread
from case_saliency.statistics.standing import with_standing


@dataclass(frozen=True)
class Answer:
    """One sentence that answers the question, what supports it, and what limits it.

    `built_in` says how much of it is left when the compared classes are kept apart, `caveat` which controls pass, too;
    "" where that was not measured, or none does. `faithful` is what the front says of fidelity.
    """

    headline: str
    built_in: str
    caveat: str
    faithful: str
    sensitivity: list[str]
    fidelity: list[str]
    limits: list[str]


def answer(experiment: Experiment) -> Answer:
    """Put an experiment's tables into words."""
    settings, fidelity = experiment.settings, experiment.fidelity
    agreement = with_standing(experiment.agreement)
    return Answer(
        headline=_headline(agreement, settings),
        built_in=_built_in(experiment),
        caveat=_caveat(agreement),
        faithful=faithfulness.in_short(fidelity[fidelity["measure"] == settings.measure], settings),
        sensitivity=[*_by_verdict(agreement), *_controls(agreement), _ties(agreement, settings)],
        fidelity=[
            *faithfulness.drops(fidelity[fidelity["measure"] == settings.measure], settings),
            *faithfulness.specificity(experiment.cross_deletion),
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
            f"{label} is class-sensitive on {networks(sensitive, len(rows), unit(rows))}{trained(rows)}: {shared}, "
            f"below {settings.threshold:g}%.{heldout}"
        )
    if insensitive == len(rows):
        where = f"{networks(insensitive, len(rows), unit(rows))}{trained(rows)}"
        failed = f"{label} fails the class-sensitivity diagnostic on {where}"
        return f"{failed}: {shared}, above {settings.threshold:g}%.{heldout}"
    return (
        f"{label} gives no uniform answer, {verdicts(rows['verdict'], unit(rows))}{trained(rows)}: {shared}.{heldout}"
    )


def _held_out(agreement: pd.DataFrame, settings: Settings) -> str:
    """Say what is left when the compared classes are kept out of each other's contrast sets, where it was measured."""
    rows = agreement[agreement["method"] == held_out(settings.reference)]
    if rows.empty:
        return ""
    medians = spread(rows["median_agreement"], "{:.0f}%")
    told = verdicts(rows["verdict"], unit(rows))
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
        counts = verdicts(methods.loc[methods["method"] == patterns[pattern][0], "verdict"], unit(methods))
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
    medians = "; ".join(_with_medians(rows, name) for name in ordered_methods(rows["method"]))
    return [f"For scale, the controls: {medians}. {_caveat(agreement)}".rstrip()]


def _caveat(agreement: pd.DataFrame) -> str:
    """Say which controls pass, which know nothing of the class or of the network."""
    rows = agreement[agreement["role"] == "control"]
    low = ordered_methods(rows.loc[rows["verdict"] == "class-sensitive", "method"])
    if not low:
        return ""
    names = " and ".join(method_style(name).label for name in low)
    verb = "counts" if len(low) == 1 else "count"
    return f"{names} {verb} as class-sensitive too: low agreement alone does not make an explanation right."


def _ties(agreement: pd.DataFrame, settings: Settings) -> str:
    """Say what the published code's order of tied pixels would change."""
    moved = (agreement["median_agreement_paper"] - agreement["median_agreement"]).abs().fillna(0).max()
    decided = agreement["p_wilcoxon"] < settings.alpha, agreement["p_wilcoxon_paper"] < settings.alpha
    changed = int((decided[0] != decided[1]).sum())
    return (
        "Equal values are resolved by the exact expectation over random orders. In the published code's order a median "
        f"moves by up to {moved:.1f} points, and the paper's test decides otherwise in "
        f"{changed} of {len(agreement)} cells."
    )
