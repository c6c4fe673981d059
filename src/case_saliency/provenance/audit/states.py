"""What runs are compared with: the files of their commits, code and settings as they are now, packages and locks."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from case_saliency.provenance import repository, source
from case_saliency.provenance.audit import reading
from case_saliency.provenance.audit.measuring import measure
from case_saliency.provenance.audit.parsing import UnreadableError
from case_saliency.provenance.audit.reading import Run
from case_saliency.provenance.folders import ENVIRONMENTS, FOLDER


def in_repository(file: str) -> str:
    """Return where a file of a record's `code` lies in the repository."""
    return f"src/{file}" if file.split("/")[0] == source.PACKAGE.name else file


def then(runs: Sequence[Run]) -> Mapping[str, Mapping[str, bytes] | None]:
    """Return, for each commit that a run names, the files that matter; None: it is no commit of this repository."""
    code = {in_repository(file) for run in runs for file in run.code}
    held = {commit: repository.tracked(commit) for commit in sorted({run.commit for run in runs if run.commit})}
    named = {
        commit: {path: name for path, name in (files or {}).items() if path in code or _matters(path)}
        for commit, files in held.items()
    }
    found = repository.contents(name for files in named.values() for name in files.values())
    return {
        commit: None if files is None else {p: found[name] for p, name in named[commit].items() if name in found}
        for commit, files in held.items()
    }


def _matters(path: str) -> bool:
    return path.split("/")[0] in {*source.WORKFLOW, source.PARAMETERS, source.LOCK}


def hashes(contents: Mapping[str, bytes] | None) -> Mapping[str, str] | None:
    """Return the SHA-256 of each content."""
    if contents is None:
        return None
    return {path: hashlib.sha256(content).hexdigest() for path, content in contents.items()}


def now(root: Path, runs: Sequence[Run]) -> dict[str, str | None]:
    """Return file -> hash of all code in scope now, and of rules, parameters and lock."""
    installed = not (root / source.IN_REPOSITORY).is_dir()  # the package lies elsewhere
    files = {
        file: (source.PACKAGE.parent / file).as_posix()
        if installed and in_repository(file) != file
        else in_repository(file)
        for run in runs
        for file in run.code
    }
    found = measure(root, files.values(), outside=[source.PACKAGE] if installed else [])
    state = source.state()
    lock = measure(root, [source.LOCK])[source.LOCK].sha256
    code: dict[str, str | None] = {file: found[path].sha256 for file, path in files.items()}
    return {**code, "workflow": state["workflow"], "params_sha256": state["params_sha256"], "lock_sha256": lock}


def inventory(root: Path, digest: str) -> tuple[str, ...] | None:
    """Return the lines of an inventory, whose name is its hash; None if it is missing or altered."""
    if not digest.isalnum():
        return None
    try:
        content = reading.read(root / FOLDER / ENVIRONMENTS / f"{digest}.txt")
    except UnreadableError:
        return None
    intact = hashlib.sha256(content).hexdigest() == digest
    return tuple(content.decode("utf-8", "replace").splitlines()) if intact else None


def locks(root: Path, commits: Iterable[Mapping[str, bytes] | None]) -> dict[str, str]:
    """Return hash -> text of the locks that runs may name: the present one, and those of their commits."""
    try:
        texts = [reading.read(root / source.LOCK)]
    except UnreadableError:
        texts = []
    texts += [contents[source.LOCK] for contents in commits if contents and source.LOCK in contents]
    return {hashlib.sha256(text).hexdigest(): text.decode("utf-8", "replace") for text in texts}
