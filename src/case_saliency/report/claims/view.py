"""The ledger as the report shows it: a paragraph for the front, and a table of claims by experiments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from case_saliency.report.claims.ledger import CLAIMS, VERDICTS, Claim


@dataclass(frozen=True)
class Entry:
    """A claim, and its record in each experiment."""

    identifier: str
    claim: Claim
    records: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Ledger:
    """What the report prints: one sentence for each experiment, the experiments' names, and the claims."""

    sentences: Sequence[tuple[str, str]]
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
    return Ledger([(name, _sentence(records, name)) for name in experiments], experiments, entries, VERDICTS)


def _sentence(records: Sequence[Mapping[str, Any]], experiment: str) -> str:
    """Name the claims by verdict, in words.

    Examples
    --------
    >>> _sentence([{"experiment": "e", "id": name, "verdict": "partly"} for name in ("C1", "C3")], "e")
    'partly: common CAM methods fail (C1), CASE has the lowest agreement (C3)'
    """
    found: dict[str, list[str]] = {verdict: [] for verdict in VERDICTS}
    for record in records:
        if record["experiment"] == experiment:
            found[record["verdict"]].append(f"{CLAIMS[record['id']].short} ({record['id']})")
    return "; ".join(f"{verdict}: {', '.join(names)}" for verdict, names in found.items() if names)
