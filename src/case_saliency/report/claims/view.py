"""The ledger as the report shows it: the answer for the front, and a table of claims by experiments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from case_saliency.report.claims.ledger import CLAIMS, VERDICTS, Claim
from case_saliency.report.claims.rules import EXPLORATORY, over_experiments


@dataclass(frozen=True)
class Entry:
    """A claim, and its record in each experiment."""

    identifier: str
    claim: Claim
    records: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Ledger:
    """What the report prints: the answer, on whose ground it was found, the experiments' names, and the claims.

    `lead` is the answer in one sentence; `answer` has a line for each overall verdict: the verdict, how many claims,
    and which.
    """

    lead: str
    answer: Sequence[tuple[str, int, str]]
    ground: str
    experiments: Sequence[str]
    entries: Sequence[Entry]
    symbols: Mapping[str, str]


def ledger(records: Sequence[Mapping[str, Any]]) -> Ledger | None:
    """Arrange the records of all experiments, None where there are none."""
    if not records:
        return None
    experiments = list(dict.fromkeys(record["experiment"] for record in records))
    entries = [
        Entry(identifier, claim, [record for record in records if record["id"] == identifier])
        for identifier, claim in CLAIMS.items()
    ]
    answer = _answer(entries)
    return Ledger(_lead(answer), answer, _ground(records), experiments, entries, VERDICTS)


def _answer(entries: Sequence[Entry]) -> list[tuple[str, int, str]]:
    found: dict[str, list[str]] = {}
    for entry in entries:
        if entry.records:
            verdict = over_experiments([record["verdict"] for record in entry.records])
            found.setdefault(verdict, []).append(f"{entry.claim.short} ({entry.identifier})")
    return [(name, len(found[name]), "; ".join(found[name])) for name in VERDICTS if name in found]


def _lead(answer: Sequence[tuple[str, int, str]]) -> str:
    """Count the verdicts in one sentence.

    Examples
    --------
    >>> _lead([("reproduced", 1, "a"), ("not reproduced", 2, "b; c")])
    "Of the paper's 3 claims, 1 is reproduced and 2 are not reproduced."
    """
    words = {"partly": "partly reproduced"}
    told = [f"{count} {'is' if count == 1 else 'are'} {words.get(verdict, verdict)}" for verdict, count, _ in answer]
    counts = " and ".join(part for part in (", ".join(told[:-1]), told[-1]) if part)
    return f"Of the paper's {sum(count for _, count, _ in answer)} claims, {counts}."


def _ground(records: Sequence[Mapping[str, Any]]) -> str:
    own = sorted({record["id"] for record in records if record["scope"] == "own"})
    told = "No claim was tested on the networks and data that it is about: others stand for them."
    if own:
        told = (
            f"On the networks and data that they are about: {', '.join(own)}; on others that stand for them: the rest."
        )
    seen = [name for name in EXPLORATORY if name in {record["experiment"] for record in records}]
    if seen:
        told += f" Exploratory, as seen before the rules were fixed: {' and '.join(seen)}."
    return told
