"""What a verdict is made of: parts of a claim that hold, are contradicted, or are open; and how they combine."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from case_saliency.report.claims.rules import State, Verdict, in_every, in_most

NOT_MEASURED, TOO_FEW = "not measured", "too few images to test"


@dataclass(frozen=True)
class Part:
    """One part of a claim: what it is about, its state, the numbers that decide it, and why it is open if it is."""

    name: str
    state: State
    told: str
    why: str = ""


@dataclass(frozen=True)
class Decision:
    """A verdict with its reason, this study's figure, the images it rests on, and the parts that it follows from.

    `also` holds decisions on what the claim says apart (other methods, other networks); they do not change the verdict.
    """

    verdict: Verdict
    reason: str
    ours: str = ""
    n: str = ""
    parts: Sequence[Part] = ()
    also: Sequence[tuple[str, "Decision"]] = field(default=())


def not_tested(reason: str) -> Decision:
    """Return the verdict on a claim that an experiment has nothing to say about."""
    return Decision("not tested here", reason)


def every(parts: Sequence[Part], ours: str, n: str, power: str = "", note: str = "") -> Decision:
    """Decide "it holds in every part" by `rules.in_every`, and say why.

    `power` says what could have been found, and is told where the verdict is inconclusive; `note` is told in any case.

    Examples
    --------
    >>> every([Part("a", "holds", ""), Part("b", "open", "", NOT_MEASURED)], "", "").reason
    'holds in 1 of 2 parts; not measured: b'
    """
    return _decide(parts, ours, n, (power, note), in_every)


def most(parts: Sequence[Part], ours: str, n: str, power: str = "", note: str = "") -> Decision:
    """Decide "it holds in more than half of the parts" by `rules.in_most`; else like `every`."""
    return _decide(parts, ours, n, (power, note), in_most)


def _decide(
    parts: Sequence[Part], ours: str, n: str, remarks: tuple[str, str], rule: Callable[[Sequence[State]], Verdict]
) -> Decision:
    if not parts or all(part.why == NOT_MEASURED for part in parts):
        return not_tested("nothing that the claim is about was measured")
    by = {one: [part for part in parts if part.state == one] for one in ("holds", "contradicted", "open")}
    gaps = {why: [part for part in by["open"] if part.why == why] for why in (TOO_FEW, NOT_MEASURED)}
    undecided = [part for part in by["open"] if part.why not in gaps]
    verdict = rule([part.state for part in parts])
    told = [f"holds in {len(by['holds'])} of {len(parts)} parts"]
    groups = {"contradicted": by["contradicted"], "open": undecided, **gaps}
    told += [f"{word}: {_named(group)}" for word, group in groups.items() if group]
    if undecided and verdict == "inconclusive":
        told += [text for text in (*dict.fromkeys(part.why for part in undecided), remarks[0]) if text]
    told += [remarks[1]] if remarks[1] else []
    return Decision(verdict, "; ".join(told), ours, n, parts)


_NAMED = 4


def _named(parts: Sequence[Part]) -> str:
    """Name a few parts, and count those of many.

    Examples
    --------
    >>> _named([Part(name, "open", "") for name in "abcdef"])
    'a / b / c and 3 more'
    """
    names = [part.name for part in parts]
    if len(names) <= _NAMED:
        return " / ".join(names)
    return f"{' / '.join(names[: _NAMED - 1])} and {len(names) - _NAMED + 1} more"


def number(value: float, form: str) -> str:
    """Write a number, or a dash where there is none.

    Examples
    --------
    >>> number(0.25, ".0%"), number(float("nan"), ".0%")
    ('25%', '–')
    """
    return "–" if math.isnan(value) else format(value, form)
