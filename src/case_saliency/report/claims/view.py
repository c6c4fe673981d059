"""The ledger as the report shows it: the answer for the front, and a table of claims by experiments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from case_saliency.report.claims.ledger import CLAIMS, VERDICTS, Claim, Subject
from case_saliency.report.claims.rules import EXPLORATORY, Verdict, in_every, over_experiments

PUBLISHED = ("imagenet-sample", "digits", "fashion-mnist")
"""Experiments over which the answer of README.md and docs/results is given."""
_SUBJECTS: Mapping[Subject, tuple[str, str]] = {
    "case": ("Of the paper's ", "{} claim{} about CASE itself"),
    "others": ("Of the paper's ", "{} claim{} about other methods and networks"),
    "no source": ("Counted apart: of ", "{} figure{} without a source in the paper"),
}
"""How the sentence on a group begins, and what the group is called; in the order of the answer."""


@dataclass(frozen=True)
class Entry:
    """A claim, and its record in each experiment."""

    identifier: str
    claim: Claim
    records: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Group:
    """The claims about one subject: what they are called with their number, and a line for each overall verdict.

    A line is the verdict, how many of what ("" for a part of a claim), and which.
    """

    title: str
    lines: Sequence[tuple[Verdict, str, str]]


@dataclass(frozen=True)
class Ledger:
    """What the report prints: the answer, on whose ground it was found, the experiments' names, and the claims.

    `lead` is the answer in short, `groups` the same at length, CASE first; `published` says that the published answer
    is over more experiments, where it is.
    """

    lead: str
    groups: Sequence[Group]
    ground: str
    published: str
    experiments: Sequence[str]
    entries: Sequence[Entry]
    symbols: Mapping[Verdict, str]


def ledger(records: Sequence[Mapping[str, Any]]) -> Ledger | None:
    """Arrange the records of all experiments, None where there are none."""
    if not records:
        return None
    experiments = list(dict.fromkeys(record["experiment"] for record in records))
    entries = [
        Entry(identifier, claim, [record for record in records if record["id"] == identifier])
        for identifier, claim in CLAIMS.items()
    ]
    by = {subject: [one for one in entries if one.claim.subject == subject and one.records] for subject in _SUBJECTS}
    parts = [part for entry in entries for part in _on_case(entry)]
    groups = [_group(subject, by[subject], parts if subject == "case" else []) for subject in by if by[subject]]
    lead = " ".join(_lead(subject, by[subject], parts if subject == "case" else []) for subject in by if by[subject])
    return Ledger(lead, groups, _ground(records), _published(experiments), experiments, entries, VERDICTS)


def overall(entry: Entry) -> Verdict:
    """Return the verdict on a claim over all experiments."""
    return over_experiments([record["verdict"] for record in entry.records])


def _on_case(entry: Entry) -> list[tuple[str, str, Verdict]]:
    """Return what a claim about others says of CASE: id, in short, and the verdict over experiments, where measured."""
    if entry.claim.on_case is None:
        return []
    short, begin = entry.claim.on_case
    states = [[p["state"] for p in record["parts"] if p["name"].startswith(begin)] for record in entry.records]
    verdicts = [in_every(found) for found in states if found]
    return [(entry.identifier, short, over_experiments(verdicts))] if verdicts else []


def _counted(entries: Sequence[Entry]) -> dict[Verdict, list[Entry]]:
    verdicts = [(overall(entry), entry) for entry in entries]
    found = {name: [entry for verdict, entry in verdicts if verdict == name] for name in VERDICTS}
    return {name: found[name] for name in found if found[name]}


def _title(subject: Subject, count: int) -> str:
    return _SUBJECTS[subject][1].format(count, "" if count == 1 else "s")


def _group(subject: Subject, entries: Sequence[Entry], parts: Sequence[tuple[str, str, Verdict]]) -> Group:
    lines = [
        (verdict, str(len(found)), "; ".join(f"{entry.claim.short} ({entry.identifier})" for entry in found))
        for verdict, found in _counted(entries).items()
    ]
    lines += [(verdict, "", f"{short} (a part of {identifier})") for identifier, short, verdict in parts]
    return Group(_title(subject, len(entries)), lines)


def _lead(subject: Subject, entries: Sequence[Entry], parts: Sequence[tuple[str, str, Verdict]]) -> str:
    """Count the verdicts on a subject's claims in one sentence."""
    counts = {verdict: len(found) for verdict, found in _counted(entries).items()}
    told = [f"{count} {'is' if count == 1 else 'are'} {_said(verdict)}" for verdict, count in counts.items()]
    also = "".join(f"; that {short}, a part of {name}, is {_said(verdict)}" for name, short, verdict in parts)
    begin = _SUBJECTS[subject][0] + _title(subject, len(entries))
    return f"{begin}, {' and '.join(part for part in (', '.join(told[:-1]), told[-1]) if part)}{also}."


def _said(verdict: Verdict) -> str:
    return "partly reproduced" if verdict == "partly" else verdict


def _published(experiments: Sequence[str]) -> str:
    """Say that the published answer is over more experiments, "" where it is not.

    Examples
    --------
    >>> _published(["digits", "imagenet-sample"])[:79]
    'The published answer (README.md, docs/results) also counts fashion-mnist, which'
    >>> _published(["digits", "imagenet-sample", "fashion-mnist"])
    ''
    """
    missing = [name for name in PUBLISHED if name not in experiments]
    if not missing:
        return ""
    return (
        f"The published answer (README.md, docs/results) also counts {' and '.join(missing)}, which this one leaves "
        "out: its verdicts may differ from these."
    )


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
