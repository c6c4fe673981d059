"""Whether the crate tells of runs and files as their records do."""

from collections.abc import Iterator, Mapping
from typing import Any

from case_saliency.errors import CaseSaliencyError
from case_saliency.provenance.audit.evidence import Evidence
from case_saliency.provenance.audit.others import CRATE
from case_saliency.provenance.audit.reading import Run
from case_saliency.provenance.audit.verdicts import Check, Verdict
from case_saliency.provenance.crate import entities
from case_saliency.provenance.crate.actions import command
from case_saliency.provenance.crate.content import LICENCE, WORKFLOW, Content
from case_saliency.provenance.crate.licences import TOLD, licences
from case_saliency.provenance.folders import FOLDER

_ADDED = {"agent"}
"""What a crate tells of a run that no record does."""
_KEYS = ("@type", "name", "encodingFormat", "license")
"""What is compared of a file; hashes and sizes are compared with the files elsewhere."""


def exported(evidence: Evidence) -> Iterator[Check]:
    """Yield whether commands, times, files, machine and commit of every run in the crate are those of its record.

    And whether kinds, names and licences of files are those that a crate would tell now.
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
    yield _files(evidence, told)


def _files(evidence: Evidence, told: Mapping[str, Mapping[str, Any]]) -> Check:
    """Compare kinds, names and licences; that of data or weights where what tells it is as the run wrote it."""
    graph, found = evidence.graph, evidence.found
    intact = [path for path in graph.made_by if (made := graph.entry(path)) and found[path].sha256 == made.sha256]
    try:
        known = dict(licences(intact))
    except (CaseSaliencyError, TypeError, ValueError, MemoryError) as error:
        return Check(CRATE, "licences", Verdict.UNVERIFIABLE, f"they cannot be compared: {error}")
    content = Content(
        graph, (), FOLDER.parent.as_posix(), others=dict.fromkeys(evidence.crate or (), ("", 0)), licences=known
    )
    try:
        expected = {entity["@id"]: entity for entity in entities.files(content)}
    except (TypeError, ValueError) as error:
        return Check(CRATE, "licences", Verdict.UNVERIFIABLE, f"a record names a file that no crate can: {error}")
    open_to_doubt = {content.name(path) for path in graph.made_by if path.endswith(TOLD) and path not in known}
    differing = [
        f"{entity['name']} ({key})"
        for name, entity in expected.items()
        for key in _KEYS
        if name in told and told[name].get(key) != entity.get(key) and (key != "license" or name not in open_to_doubt)
    ]
    own = ("./", content.name(WORKFLOW))
    differing += [f"{name} (license)" for name in own if told.get(name, {}).get("license") != {"@id": LICENCE}]
    if differing:
        note = f"it tells otherwise than the records, or data and weights, of {len(differing)} files, such as "
        return Check(CRATE, "licences", Verdict.MISMATCH, note + differing[0])
    return Check(CRATE, "licences", Verdict.OK, f"{len(known)} licences as data and weights tell, names and kinds")


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
