"""All records of a repository, read as untrusted data."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from case_saliency.provenance import journal, walking
from case_saliency.provenance.audit import reading
from case_saliency.provenance.audit.graph import Graph, graph
from case_saliency.provenance.audit.parsing import UnreadableError
from case_saliency.provenance.audit.reading import Run
from case_saliency.provenance.folders import FOLDER


@dataclass(frozen=True)
class Records:
    """All records: completed runs, failed runs, and record -> why it could not be read."""

    graph: Graph
    failed: tuple[Run, ...]
    unreadable: Mapping[str, str]


def records(root: Path) -> Records:
    """Read all records."""
    found, unreadable = [], {}
    for path in sorted(path for path in walking.below(root / FOLDER) if path.suffix == ".json"):
        name = path.relative_to(root).as_posix()
        try:
            found.append(reading.load(path, name))
        except UnreadableError as error:
            unreadable[name] = str(error)
    failed = tuple(run for run in found if run.status != "completed")
    told = journal.read(root / FOLDER)
    latest = {} if told is None else told.latest()
    lines = {f"{FOLDER}/{name}": line.number for name, line in latest.items()}
    return Records(graph(found, lines), failed, unreadable)
