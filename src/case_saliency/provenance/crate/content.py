"""What a crate is made of, and how its parts are named."""

import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from case_saliency.provenance.audit.graph import Graph
from case_saliency.provenance.audit.reading import Run

Entity = dict[str, Any]
WORKFLOW = "Snakefile"
LICENCE = "https://spdx.org/licenses/MIT"


@dataclass(frozen=True)
class Content:
    """What is described.

    Attributes
    ----------
    graph, failed
        The completed runs, and those that failed.
    base
        Folder of the crate, relative to the repository; "" for the repository itself.
    others
        Path -> (SHA-256, bytes) of files beside those of runs: rules, parameters, lock, records.
    folders
        Folder of images -> how many there are.
    licences
        Path -> licence in words, of data and weights.
    authors
        Names of the software's authors.
    agent
        Name and URL (an ORCID, for instance) of who ran it; None where it is not to be told.
    """

    graph: Graph
    failed: tuple[Run, ...]
    base: str
    others: Mapping[str, tuple[str, int]]
    folders: Mapping[str, int] = field(default_factory=dict)
    licences: Mapping[str, str] = field(default_factory=dict)
    authors: tuple[str, ...] = ()
    agent: tuple[str, str] | None = None

    def name(self, path: str) -> str:
        """Return a file's id in the crate: its path, relative to the crate's folder, as a URI.

        A file outside the repository, which the crate tells of and does not hold, has the URI of its place.
        """
        if posixpath.isabs(path):
            return f"file://{quote(path)}"
        return quote(posixpath.relpath(path, self.base) if self.base else path)

    def runs(self) -> tuple[Run, ...]:
        """Return the runs whose outputs are here, each after those whose outputs it read."""
        return tuple(self.graph.runs_behind(self.graph.made_by))

    def stages(self) -> tuple[str, ...]:
        """Return the stages, in the order of their first runs."""
        return tuple(dict.fromkeys(run.stage for run in self.runs()))


def refer(*names: str) -> Any:
    """Return a reference to one entity, or a list of references to several."""
    return {"@id": names[0]} if len(names) == 1 else [{"@id": name} for name in names]


def many(names: Iterable[str]) -> Any:
    """Return references to entities, each once; a single one is no list."""
    found = [{"@id": name} for name in dict.fromkeys(names)]
    return found[0] if len(found) == 1 else found


def tool(stage: str) -> str:
    """Return the id of the command of a stage."""
    return f"#tool/{stage}"


def step(stage: str) -> str:
    """Return the id of the step of a stage."""
    return f"#step/{stage}"


def parameter(stage: str, role: str) -> str:
    """Return the id of a parameter of a command: a file's role or a named value."""
    return f"#parameter/{stage}/{role}"


def action(run: Run) -> str:
    """Return the id of a run."""
    return f"#run/{quote(run.record)}"
