"""All that an audit needs to know, read once: records, files, git, inventories, dvc.lock, the crate."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from case_saliency.provenance import journal, repository, source
from case_saliency.provenance.audit import embedded, others, reading
from case_saliency.provenance.audit.graph import Graph, graph
from case_saliency.provenance.audit.measuring import Found, measure
from case_saliency.provenance.audit.reading import Run
from case_saliency.provenance.record import ENVIRONMENTS, FOLDER

MADE = ("data", "models", "results")
NOT_RECORDED = {
    "results/workflow-report.html": "Snakemake's own report, which it writes after the last job",
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


def gather(root: Path, asked: Sequence[str], outside: Iterable[Path] = ()) -> Evidence:
    """Read all evidence on some files or folders; nothing asked: on everything.

    The working folder must be `root`, for git.
    """
    read = records(root)
    known = read.graph
    targets = _targets(known, asked)
    scope = tuple(known.behind(targets))
    runs = tuple(known.runs_behind(targets))
    dvc = others.locked(root)
    commits = {commit: _at(commit, runs) for commit in sorted({run.commit for run in runs if run.commit})}
    crate = others.crate(root)
    exported = () if asked or crate is None else tuple(path for path in crate if path not in scope)
    found = measure(root, (*scope, *exported), md5=dvc is not None, outside=outside)
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
        unknown=() if asked else tuple(_unknown(root, known)),
        commits=commits,
        tree=repository.state(),
        changed=tuple(repository.changed()),
        now=_now(root, runs),
        inventories={run.environment: _inventory(root, run.environment) for run in runs if run.environment},
        locks=_locks(root, runs),
        carried=_carried(root, scope, found),
        dvc=dvc,
        crate=crate,
    )


def in_repository(file: str) -> str:
    """Return where a file of a record's `code` lies in the repository."""
    return f"src/{file}" if file.split("/")[0] == source.PACKAGE.name else file


@dataclass(frozen=True)
class Records:
    """All records: completed runs, failed runs, and record -> why it could not be read."""

    graph: Graph
    failed: tuple[Run, ...]
    unreadable: Mapping[str, str]


def records(root: Path) -> Records:
    """Read all records."""
    found, unreadable = [], {}
    for path in sorted((root / FOLDER).rglob("*.json")):
        name = path.relative_to(root).as_posix()
        if not path.resolve().is_relative_to((root / FOLDER).resolve()):
            unreadable[name] = "it is a link that leaves the folder of records"
            continue
        try:
            found.append(reading.load(path, name))
        except reading.UnreadableError as error:
            unreadable[name] = str(error)
    failed = tuple(run for run in found if run.status != "completed")
    return Records(graph(found), failed, unreadable)


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
            if not (name in known.made_by or name in NOT_RECORDED or path.name in _AIDS or image or _kept(name)):
                yield name


def _kept(name: str) -> bool:
    """Tell whether a file is where records, inventories and the journal are."""
    inside = name.removeprefix(f"{FOLDER.as_posix()}/")
    inventory = inside.startswith(f"{ENVIRONMENTS}/") and inside.endswith(".txt")
    return inside != name and (inside == journal.NAME or inside.endswith(".json") or inventory)


def _at(commit: str, runs: Sequence[Run]) -> Mapping[str, str] | None:
    """Return the hashes of the files that matter at a commit."""
    package = source.IN_REPOSITORY.as_posix()
    named = repository.tracked(commit, [package, *source.WORKFLOW, source.PARAMETERS, source.LOCK])
    if named is None:
        return None
    code = {in_repository(file) for run in runs if run.commit == commit for file in run.code}
    found = repository.at(commit, sorted({*named, *(file for file in code if not reading.leaves(file))}))
    return None if found is None else {path: hashlib.sha256(content).hexdigest() for path, content in found.items()}


def _now(root: Path, runs: Sequence[Run]) -> dict[str, str | None]:
    """Return file -> hash of all code in scope now, and of rules, parameters and lock."""
    files = {file: in_repository(file) for run in runs for file in run.code}
    found = measure(root, files.values())
    state = source.state()
    lock = measure(root, [source.LOCK])[source.LOCK].sha256
    hashes: dict[str, str | None] = {file: found[path].sha256 for file, path in files.items()}
    return {**hashes, "workflow": state["workflow"], "params_sha256": state["params_sha256"], "lock_sha256": lock}


def _inventory(root: Path, digest: str) -> tuple[str, ...] | None:
    """Return the lines of an inventory, whose name is its hash; None if it is missing or altered."""
    if not digest.isalnum():
        return None
    try:
        content = reading.read(root / FOLDER / ENVIRONMENTS / f"{digest}.txt")
    except reading.UnreadableError:
        return None
    intact = hashlib.sha256(content).hexdigest() == digest
    return tuple(content.decode("utf-8", "replace").splitlines()) if intact else None


def _locks(root: Path, runs: Sequence[Run]) -> dict[str, str]:
    """Return hash -> text of the locks that runs name: the present one, or that of their commit."""
    try:
        texts = [reading.read(root / source.LOCK)]
    except reading.UnreadableError:
        texts = []
    for commit in dict.fromkeys(run.commit for run in runs if run.commit):
        texts += (repository.at(commit, [source.LOCK]) or {}).values()
    return {hashlib.sha256(text).hexdigest(): text.decode("utf-8", "replace") for text in texts}


def _carried(root: Path, scope: Sequence[str], found: Mapping[str, Found]) -> dict[str, str | None]:
    figures = [path for path in scope if path.endswith(embedded.KINDS) and not found[path].problem]
    return {path: embedded.embedded(root / path) for path in figures}
