"""What runs are compared with: the files of their commits, code and settings as they are now, packages and locks."""

import hashlib
from collections.abc import Mapping, Sequence
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


def at(commit: str, runs: Sequence[Run]) -> Mapping[str, str] | None:
    """Return the hashes of the files that matter at a commit."""
    package = source.IN_REPOSITORY.as_posix()
    named = repository.tracked(commit, [package, *source.WORKFLOW, source.PARAMETERS, source.LOCK])
    if named is None:
        return None
    code = {in_repository(file) for run in runs if run.commit == commit for file in run.code}
    found = repository.at(commit, sorted({*named, *(file for file in code if not reading.leaves(file))}))
    return None if found is None else {path: hashlib.sha256(content).hexdigest() for path, content in found.items()}


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
    hashes: dict[str, str | None] = {file: found[path].sha256 for file, path in files.items()}
    return {**hashes, "workflow": state["workflow"], "params_sha256": state["params_sha256"], "lock_sha256": lock}


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


def locks(root: Path, runs: Sequence[Run]) -> dict[str, str]:
    """Return hash -> text of the locks that runs name: the present one, or that of their commit."""
    try:
        texts = [reading.read(root / source.LOCK)]
    except UnreadableError:
        texts = []
    for commit in dict.fromkeys(run.commit for run in runs if run.commit):
        texts += (repository.at(commit, [source.LOCK]) or {}).values()
    return {hashlib.sha256(text).hexdigest(): text.decode("utf-8", "replace") for text in texts}
