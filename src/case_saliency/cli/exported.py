"""Whether the crate tells of the runs as their records do."""

from collections.abc import Iterator, Mapping
from typing import Any

from case_saliency.provenance.audit.evidence import Evidence
from case_saliency.provenance.audit.others import CRATE
from case_saliency.provenance.audit.reading import Run
from case_saliency.provenance.audit.verdicts import Check, Verdict
from case_saliency.provenance.crate.actions import command
from case_saliency.provenance.crate.content import Content
from case_saliency.provenance.folders import FOLDER

_ADDED = {"agent"}
"""What a crate tells of a run that no record does."""


def exported(evidence: Evidence) -> Iterator[Check]:
    """Yield whether commands, times, files, machine and commit of every run in the crate are those of its record.

    The files' own hashes are compared with the files elsewhere.
    """
    if not evidence.everything or not evidence.entities:
        return
    told = {str(entity.get("@id")): entity for entity in evidence.entities}
    others = dict.fromkeys(evidence.crate or (), ("", 0))
    content = Content(evidence.graph, evidence.failed, base=FOLDER.parent.as_posix(), others=others)
    runs = (*content.runs(), *content.failed)
    expected = {run.record: _described(content, run) for run in runs}
    differing = [record for record, parts in expected.items() if not parts or any(_differs(told, one) for one in parts)]
    known = {part["@id"] for parts in expected.values() for part in parts}
    invented = [name for name in told if name.startswith("#run/") and name not in known]
    if invented:
        yield Check(CRATE, "runs", Verdict.MISMATCH, f"no record tells of {invented[0]}")
    elif differing:
        note = f"it tells otherwise than the record of {len(differing)} runs, such as {differing[0]}"
        yield Check(CRATE, "runs", Verdict.MISMATCH, note)
    else:
        yield Check(CRATE, "runs", Verdict.OK, f"{len(runs)} runs as their records tell")


def _described(content: Content, run: Run) -> list[dict[str, Any]]:
    """Return what a crate would tell of a run; nothing where its record holds what no crate can."""
    try:
        return list(command(content, run))
    except (TypeError, ValueError):
        return []


def _differs(told: Mapping[str, Mapping[str, Any]], entity: Mapping[str, Any]) -> bool:
    found = dict(told.get(str(entity["@id"]), {}))
    return {key: value for key, value in found.items() if key not in _ADDED} != {
        key: value for key, value in entity.items() if value != []
    }
