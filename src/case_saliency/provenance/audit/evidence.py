"""All that an audit needs to know, read once: records, files, git, inventories, dvc.lock, the crate."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from case_saliency.errors import CaseSaliencyError
from case_saliency.provenance import journal, repository
from case_saliency.provenance.audit import embedded, others, reading, states
from case_saliency.provenance.audit.graph import Graph
from case_saliency.provenance.audit.measuring import Found, measure
from case_saliency.provenance.audit.reading import Run
from case_saliency.provenance.audit.records import records
from case_saliency.provenance.audit.strangers import MADE, strangers, within
from case_saliency.provenance.folders import FOLDER
from case_saliency.provenance.journal import Line
from case_saliency.provenance.retiring import RETIRED


@dataclass(frozen=True)
class Evidence:
    """What was read.

    Attributes
    ----------
    root
        The repository's folder.
    graph, failed, unreadable
        Completed runs, failed runs, and record -> why it could not be read.
    journal
        The journal; None if there is none.
    targets, scope, runs
        Files that are asked for, with all that they were made from, and the runs that made them.
    found
        File -> its hashes as it is now.
    unknown
        Files that no record tells of; only of everything, or of the folders that are asked for.
    commits
        Commit -> path -> SHA-256 of the files that matter then; None: not in this repository.
    tree, changed, now
        Commit of the tree now (and the difference to it, where a run tells of one), the changed files, and hashes of
        code, rules, params.yaml and lock as they are now.
    unrecorded
        Those of dvc.lock and the hash of the records that are not as the commit holds them.
    inventories, locks
        Hash -> lines of an inventory of packages (None: missing or altered), text of a lock.
    carried
        Figure -> the id in it.
    dvc, crate, sizes, entities
        What dvc.lock and the crate say of files (None: not there), also of their sizes, and all entities of the crate.
    earlier
        File of the repository that is not as the crate tells -> the commit in which it was so.
    """

    root: Path
    graph: Graph
    failed: tuple[Run, ...]
    unreadable: Mapping[str, str]
    journal: journal.Journal | None
    targets: tuple[str, ...]
    scope: tuple[str, ...]
    runs: tuple[Run, ...]
    found: Mapping[str, Found]
    everything: bool
    unknown: tuple[str, ...] = ()
    commits: Mapping[str, Mapping[str, str] | None] = field(default_factory=dict)
    tree: Mapping[str, Any] = field(default_factory=dict)
    changed: tuple[str, ...] = ()
    unrecorded: tuple[str, ...] = ()
    now: Mapping[str, str | None] = field(default_factory=dict)
    inventories: Mapping[str, tuple[str, ...] | None] = field(default_factory=dict)
    locks: Mapping[str, str] = field(default_factory=dict)
    carried: Mapping[str, str | None] = field(default_factory=dict)
    dvc: others.Locked | None = None
    crate: Mapping[str, str] | None = None
    sizes: Mapping[str, str] = field(default_factory=dict)
    entities: Sequence[Mapping[str, Any]] = ()
    earlier: Mapping[str, str] = field(default_factory=dict)

    @property
    def absent(self) -> tuple[Line, ...]:
        """The journal's last lines of records that are not here, but for failed runs that a later success replaced."""
        latest = {} if self.journal is None else self.journal.latest()
        here = {run.record for run in (*self.graph.runs, *self.failed)} | set(self.unreadable)
        gone = (line for name, line in latest.items() if f"{FOLDER}/{name}" not in here)
        return tuple(line for line in gone if not _superseded(line, latest))

    @property
    def retired(self) -> tuple[Line, ...]:
        """Those of them that say that the record was retired."""
        return tuple(line for line in self.absent if line.status == RETIRED)


def _superseded(line: journal.Line, latest: Mapping[str, journal.Line]) -> bool:
    """Tell whether the record of a failed run was removed by a later run that succeeded."""
    success = line.record.removesuffix(".failed.json") + ".json"
    return line.record.endswith(".failed.json") and success in latest and latest[success].number > line.number


def gather(root: Path, asked: Sequence[str], outside: Iterable[Path] = ()) -> Evidence:
    """Read all evidence on some files or folders; nothing asked: on everything.

    The working folder must be `root`, for git.

    Raises
    ------
    CaseSaliencyError
        If the records lie outside `root` and the folders of `outside`.
    """
    outside = list(outside)
    if not any((root / FOLDER).resolve().is_relative_to(folder.resolve()) for folder in (root, *outside)):
        raise CaseSaliencyError(f"{FOLDER}: it lies outside the repository; --outside FOLDER lets it be read")
    read = records(root)
    known = read.graph
    targets = _targets(known, asked)
    scope = tuple(known.behind(targets))
    runs = tuple(known.runs_behind(targets))
    dvc = others.locked(root, known.made_by, everything=not asked)
    then = states.then(runs)
    entities = others.entities(root)
    crate = others.crate(entities) if (root / others.CRATE).exists() else None
    used = {run.record for run in runs}
    exported = tuple(path for path in crate or () if not asked or path in used)
    unknown = _unknown(root, known, asked)
    published = [path for path in unknown if dvc is not None and dvc.is_elsewhere(path)]
    locked = dvc.hashed() if dvc is not None else set[str]()
    beside = sorted(locked if not asked or dvc is None else dvc.held())
    found = measure(root, [*scope, *exported, *published, *beside], md5=locked, outside=outside)
    return Evidence(
        root=root,
        graph=known,
        failed=read.failed,
        unreadable=read.unreadable,
        journal=journal.read(root / FOLDER),
        targets=targets,
        scope=scope,
        runs=runs,
        found=found,
        everything=not asked,
        unknown=unknown,
        commits={commit: states.hashes(contents) for commit, contents in then.items()},
        tree=repository.state() if any(run.dirty for run in runs) else {"commit": repository.head()},
        changed=tuple(repository.changed()),
        unrecorded=tuple(repository.edited(others.LOCKS)),
        now=states.now(root, runs),
        inventories={run.environment: states.inventory(root, run.environment) for run in runs if run.environment},
        locks=states.locks(root, then.values()),
        carried=_carried(root, scope, found),
        dvc=dvc,
        crate=crate,
        sizes={path: str(entity.get("contentSize")) for path, entity in others.described(entities or ())},
        entities=entities or (),
        earlier=_earlier(crate or {}, exported, found),
    )


def _unknown(root: Path, known: Graph, asked: Sequence[str]) -> tuple[str, ...]:
    """Return the strangers: all, or those in the folders that are asked for."""
    folders = [path for path in asked if path == "." or (not reading.leaves(path) and (root / path).is_dir())]
    if asked and not folders:
        return ()
    head = repository.head()
    tracked = {} if head is None else repository.tracked(head) or {}
    return tuple(path for path in strangers(root, known.made_by, tracked) if not asked or within(path, folders))


def _targets(known: Graph, asked: Sequence[str]) -> tuple[str, ...]:
    """Return the files that are asked for; of a folder, those that a record tells of."""
    if not asked:
        return tuple(known.made_by)
    found: dict[str, None] = {}
    for path in asked:
        inside = [made for made in known.made_by if within(made, [path])]
        found |= dict.fromkeys(inside or [path])
    return tuple(found)


def _earlier(crate: Mapping[str, str], exported: Sequence[str], found: Mapping[str, Found]) -> dict[str, str]:
    own = [path for path in exported if path.split("/")[0] not in MADE and not reading.leaves(path)]
    stale = [path for path in own if found[path].sha256 != crate[path]]
    return {path: commit for path in stale if (commit := repository.holding(path, crate[path])) is not None}


def _carried(root: Path, scope: Sequence[str], found: Mapping[str, Found]) -> dict[str, str | None]:
    figures = [path for path in scope if path.endswith(embedded.KINDS) and not found[path].problem]
    return {path: embedded.embedded(root / path) for path in figures}
