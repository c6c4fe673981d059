"""All that an audit needs to know, read once: records, files, git, inventories, dvc.lock, the crate."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from case_saliency.provenance import journal, repository
from case_saliency.provenance.audit import embedded, others, reading, states
from case_saliency.provenance.audit.graph import Graph
from case_saliency.provenance.audit.measuring import Found, measure
from case_saliency.provenance.audit.reading import Run
from case_saliency.provenance.audit.records import records
from case_saliency.provenance.folders import ENVIRONMENTS, FOLDER

MADE = ("data", "models", "results")
NOT_RECORDED = {
    "results/workflow-report.html": "Snakemake's own report, which it writes after the last job",
    "results/environments.json": "on which kind of machine each stage was recorded, which `make commit` writes",
    "results/ro-crate-metadata.json": "the export of the records: what it says is compared with them",
}
_AIDS = {".gitignore", ".snakemake_timestamp"}


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
        Files that no record tells of; only where everything is audited.
    commits
        Commit -> path -> SHA-256 of the files that matter then; None: not in this repository.
    tree, changed, now
        State of git now, the changed files, and hashes of code, rules, params.yaml and lock as they are now.
    inventories, locks
        Hash -> lines of an inventory of packages (None: missing or altered), text of a lock.
    carried
        Figure -> the id in it.
    dvc, crate
        What dvc.lock and the crate say; None: not there.
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
    now: Mapping[str, str | None] = field(default_factory=dict)
    inventories: Mapping[str, tuple[str, ...] | None] = field(default_factory=dict)
    locks: Mapping[str, str] = field(default_factory=dict)
    carried: Mapping[str, str | None] = field(default_factory=dict)
    dvc: others.Locked | None = None
    crate: Mapping[str, str] | None = None
    earlier: Mapping[str, str] = field(default_factory=dict)


def gather(root: Path, asked: Sequence[str], outside: Iterable[Path] = ()) -> Evidence:
    """Read all evidence on some files or folders; nothing asked: on everything.

    The working folder must be `root`, for git.
    """
    read = records(root)
    known = read.graph
    targets = _targets(known, asked)
    scope = tuple(known.behind(targets))
    runs = tuple(known.runs_behind(targets))
    dvc = others.locked(root, known.made_by)
    commits = {commit: states.at(commit, runs) for commit in sorted({run.commit for run in runs if run.commit})}
    crate = others.crate(root)
    exported = () if asked or crate is None else tuple(crate)
    unknown = () if asked else tuple(_unknown(root, known))
    published = [path for path in unknown if dvc is not None and dvc.is_elsewhere(path)]
    found = measure(root, dict.fromkeys((*scope, *exported, *published)), md5=dvc is not None, outside=outside)
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
        commits=commits,
        tree=repository.state(),
        changed=tuple(repository.changed()),
        now=states.now(root, runs),
        inventories={run.environment: states.inventory(root, run.environment) for run in runs if run.environment},
        locks=states.locks(root, runs),
        carried=_carried(root, scope, found),
        dvc=dvc,
        crate=crate,
        earlier=_earlier(crate or {}, exported, found),
    )


def _targets(known: Graph, asked: Sequence[str]) -> tuple[str, ...]:
    """Return the files that are asked for; of a folder, those that a record tells of."""
    if not asked:
        return tuple(known.made_by)
    found: dict[str, None] = {}
    for path in asked:
        inside = [made for made in known.made_by if made.startswith(f"{path.rstrip('/')}/")]
        found |= dict.fromkeys(inside or [path])
    return tuple(found)


def _unknown(root: Path, known: Graph) -> Iterator[str]:
    for folder in MADE:
        for path in sorted((root / folder).rglob("*")):
            name = path.relative_to(root).as_posix()
            if path.is_dir() and not path.is_symlink():
                continue
            image = folder == "data" and name.split("/")[2:3] == ["images"]  # compared with the manifest
            if not (
                name in known.made_by
                or name in NOT_RECORDED
                or path.name in _AIDS
                or _pointer(name)
                or image
                or _kept(name)
            ):
                yield name


def _earlier(crate: Mapping[str, str], exported: Sequence[str], found: Mapping[str, Found]) -> dict[str, str]:
    own = [path for path in exported if path.split("/")[0] not in MADE and not reading.leaves(path)]
    stale = [path for path in own if found[path].sha256 != crate[path]]
    return {path: commit for path in stale if (commit := repository.holding(path, crate[path])) is not None}


def _pointer(name: str) -> bool:
    """Tell whether a file is DVC's hash of records or views, such as ``results/provenance.dvc``."""
    return name.endswith(".dvc") and name.count("/") == 1


def _kept(name: str) -> bool:
    """Tell whether a file is where records, inventories and the journal are."""
    inside = name.removeprefix(f"{FOLDER.as_posix()}/")
    inventory = inside.startswith(f"{ENVIRONMENTS}/") and inside.endswith(".txt")
    return inside != name and (inside == journal.NAME or inside.endswith(".json") or inventory)


def _carried(root: Path, scope: Sequence[str], found: Mapping[str, Found]) -> dict[str, str | None]:
    figures = [path for path in scope if path.endswith(embedded.KINDS) and not found[path].problem]
    return {path: embedded.embedded(root / path) for path in figures}
