"""The rules by which the paper's claims are decided. All that decides is on this page.

docs/analysis-plan.md fixed them before the large runs, and lists what changed later; docs/claims.md explains them. A
rule judges *parts* of its claim: a part holds, is contradicted, or is open, and `in_every` or `in_most` makes one
verdict of them. `deciding` looks up the numbers.

A part is open where its test or interval does not tell and where nothing was measured, be it for want of images: no
rule reads "no difference" from silence. A number that is missing (NaN) compares as false, and so leaves a part open.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from case_saliency.statistics.standing import NO_IMAGE, POLICY, UNDECIDED, standing, stands

State = Literal["holds", "contradicted", "open"]
Verdict = Literal["reproduced", "partly", "not reproduced", "inconclusive", "not tested here"]

CASE, HELD_OUT = "case", "case_heldout"
BASELINES = ("gradcam", "gradcam_plus_plus", "layercam", "ablationcam", "scorecam")
PAPERS_SET = (CASE, *BASELINES)
EXTENDED = ("hirescam", "xgradcam", "eigencam", "finercam", "case_unpooled", "integrated_gradients")
UNSOURCED = ("gradcam", "integrated_gradients")  # baselines of C9 and C10, the claims without a source

EXPLORATORY = ("imagenet-sample", "digits")  # experiments that were seen before the rules were fixed
FAILING = 3  # of the 5 baselines: so many insensitive ones make an architecture on which common methods fail
NEARLY_ALL, MOST_BASELINES, SEEDS = 5, 4, 5  # of the paper's 6 methods, of the 5 baselines, of a network's trainings
FEWEST_PAIRS, FEWEST = 2, 10  # images of a paired test, and of a bootstrap interval: with fewer it is too narrow
SPARSE = 0.5  # a ratio of active shares below this is "sparse"
SENSITIVITY_GAIN, FIDELITY_GAIN = 0.42, 0.28  # figures without a source


# What counts as the verdict of a method on a network


def definite(row: Mapping[Any, Any]) -> str:
    """Return the verdict of a cell; a definite one stands only if it stands under both policies for empty maps."""
    return UNDECIDED if (verdict := standing(row)) in {POLICY, NO_IMAGE} else verdict


def rejects(row: Mapping[Any, Any], alpha: float) -> bool:
    """Say if a cell's sign test rejects after Holm's correction, and its verdict is the same under both policies."""
    return bool(row["p_holm"] < alpha) and stands(row)


def shared(verdicts: Sequence[str]) -> str:
    """Return the verdict that more than half of a network's trainings share."""
    verdict, count = Counter(verdicts).most_common(1)[0]
    return verdict if 2 * count > len(verdicts) else "undecided"


# What makes a verdict on a claim of the states of its parts


def state(*, holds: bool, contradicted: bool) -> State:
    """Return the state of a part; evidence for both, or for neither, leaves it open."""
    return "open" if holds == contradicted else "holds" if holds else "contradicted"


def in_every(states: Sequence[State]) -> Verdict:
    """Decide "it holds in every part": all claims but C1.

    Examples
    --------
    >>> [in_every(s) for s in (["holds"] * 2, ["holds", "holds", "contradicted"], ["holds", "contradicted"])]
    ['reproduced', 'partly', 'not reproduced']
    """
    held = states.count("holds")
    if "contradicted" in states:
        return "partly" if 2 * held > len(states) else "not reproduced"
    return "reproduced" if held == len(states) else "inconclusive"


def in_most(states: Sequence[State]) -> Verdict:
    """Decide "it holds in more than half of the parts": C1. Inconclusive if the open parts could tip it."""
    if 2 * states.count("holds") > len(states):
        return "reproduced"
    return "inconclusive" if 2 * states.count("contradicted") < len(states) else "not reproduced"


def over_experiments(verdicts: Sequence[Verdict]) -> Verdict:
    """Decide over experiments, each of which counts; where a claim holds partly, it is contradicted partly."""
    told = [verdict for verdict in verdicts if verdict != "not tested here"]
    if "not reproduced" in told:
        return "partly" if 2 * (told.count("reproduced") + told.count("partly")) > len(told) else "not reproduced"
    if "partly" in told or not told:
        return "partly" if told else "not tested here"
    return "inconclusive" if "inconclusive" in told else "reproduced"


# What makes a part hold, and what contradicts it

C1 = (
    "on more than half of the architectures at least 3 of the 5 baselines are insensitive (interval above 50%); "
    "inconclusive if the undecided could tip it"
)


def c1(baselines: Sequence[str]) -> State:
    """Judge an architecture by the verdicts of the 5 baselines, those over its trainings."""
    sensitive, insensitive = baselines.count("class-sensitive"), baselines.count("insensitive")
    return state(holds=insensitive >= FAILING, contradicted=sensitive > len(BASELINES) - FAILING)


C2 = "the largest sign-test p of CASE over all cells is below .05, also under the worse policy for empty maps"


def c2(p_worst: float, verdict: str, alpha: float) -> State:
    """Judge a cell of CASE by its sign test under the worse policy, and its definite verdict."""
    return state(holds=p_worst < alpha, contradicted=verdict == "insensitive")


C3 = (
    "CASE is below every other method of the paper's set in a paired one-sided test, the largest p below .05; the "
    "extended set apart"
)


def c3(p_lower: float, p_higher_holm: float, alpha: float) -> State:
    """Judge a method on a training: paired tests that CASE is lower, and that it is higher (Holm over the set)."""
    return state(holds=p_lower < alpha, contradicted=p_higher_holm < alpha)


_STANDS = "with the same verdict under both policies for empty maps"
C4 = f"at least 5 of 6 methods reject after Holm's correction, {_STANDS}"


def c4(rows: Sequence[Mapping[Any, Any]], alpha: float) -> State:
    """Judge a training of the DenseNet, at conv2, by the sign tests and definite verdicts of the paper's 6 methods."""
    rejecting, insensitive = sum(rejects(row, alpha) for row in rows), [*map(definite, rows)].count("insensitive")
    return state(holds=rejecting >= NEARLY_ALL, contradicted=insensitive > len(PAPERS_SET) - NEARLY_ALL)


C5 = (
    "CASE rejects; at least 4 of 5 baselines have an interval that does not begin below 50%, both "
    f"{_STANDS}; and their agreement rises from conv2 to norm5 (paired, Holm)"
)


def c5_case(row: Mapping[Any, Any], alpha: float) -> State:
    """Judge CASE at norm5 by its sign test and its definite verdict; so C6 judges each method and seed at conv2."""
    return state(holds=rejects(row, alpha), contradicted=definite(row) == "insensitive")


def c5_baselines(rows: Sequence[Mapping[Any, Any]], threshold: float) -> State:
    """Judge the baselines at norm5 by the lower ends of their intervals and their definite verdicts."""
    above = sum(row["ci_low"] >= threshold and stands(row) for row in rows)
    below = [definite(row) for row in rows].count("class-sensitive")
    return state(holds=above >= MOST_BASELINES, contradicted=below > len(BASELINES) - MOST_BASELINES)


def c5_rise(p_rise: Sequence[float], p_fall: Sequence[float], alpha: float) -> State:
    """Judge the baselines' change from conv2 to norm5 by paired one-sided tests (Holm over the baselines)."""
    rising, falling = (sum(p < alpha for p in found) for found in (p_rise, p_fall))
    return state(holds=rising >= MOST_BASELINES, contradicted=falling > len(BASELINES) - MOST_BASELINES)


C6 = f"every method rejects after Holm's correction, {_STANDS}, on each of five seeds"
c6 = c5_case

C7 = (
    "the ratio of active shares, conv2 to each other architecture's main layer, has an interval below .5 at every "
    "threshold, after the activation"
)


def c7(low: float, high: float, n: int) -> State:
    """Judge another architecture and a threshold by the interval of the ratio of active shares, over n images."""
    return state(holds=high < SPARSE, contradicted=low > SPARSE) if n >= FEWEST else "open"


C8 = (
    "CASE is non-inferior to each baseline at the margin, and no baseline is better (one-sided tests, Holm), at every "
    "share of removed pixels; VGG apart"
)


def c8(p_noninferior: float, p_better_holm: float, alpha: float) -> State:
    """Judge a baseline on a training and a share of removed pixels by both one-sided tests of the drop."""
    better = p_better_holm < alpha
    return state(holds=p_noninferior < alpha and not better, contradicted=better)


_GAIN = (
    "the bootstrap interval of the relative gain holds {:.0%} and not 0, against both baselines; at best consistent "
    "with a figure that has no source"
)
C9, C10 = _GAIN.format(SENSITIVITY_GAIN), _GAIN.format(FIDELITY_GAIN)


def c9(low: float, high: float, n: int, figure: float = SENSITIVITY_GAIN) -> State:
    """Judge the gain against a baseline by its interval; C10 does so with its own figure, for each kind of area."""
    holds = low <= figure <= high and not low <= 0 <= high
    return state(holds=holds, contradicted=low > figure or high < figure) if n >= FEWEST else "open"


def unsourced(verdict: Verdict) -> Verdict:
    """Lower the verdict on a claim without a source (C9, C10): "partly" at best."""
    return "partly" if verdict == "reproduced" else verdict
