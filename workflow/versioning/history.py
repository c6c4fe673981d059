"""What the last commit of git says was recorded: a file of the folder may be missing, cut off or edited."""

import subprocess
from pathlib import Path
from typing import Any

from workflow.versioning import environment, lockfile


def _committed(root: Path, name: Path) -> bytes | None:
    command = ["git", "cat-file", "blob", f"HEAD:./{name}"]
    done = subprocess.run(command, cwd=root, capture_output=True, check=False)  # noqa: S603
    return done.stdout if done.returncode == 0 else None


def entries(root: Path, present: lockfile.Entries) -> lockfile.Entries:
    """Return the stages of the committed dvc.lock; none if it is not committed, or not readable there.

    `present` is what dvc.lock has: it is not read again where the two are the same.
    """
    content, file = _committed(root, lockfile.LOCK), root / lockfile.LOCK
    if content is None:
        return {}
    if file.exists() and file.read_bytes() == content:
        return present
    try:
        return lockfile.parsed(content, file)
    except lockfile.LockFileError:
        return {}


def environments(root: Path) -> dict[str, Any]:
    """Return what the committed results/environments.json tells, as `environment.known` does."""
    content = _committed(root, environment.FILE)
    try:
        return environment.parsed(content or b'{"environments": {}, "stages": {}}', root / environment.FILE)
    except lockfile.LockFileError:
        return environment.parsed(b'{"environments": {}, "stages": {}}', root / environment.FILE)


def refuse_lacking(committed: lockfile.Entries, present: lockfile.Entries, names: set[str]) -> None:
    """Refuse a dvc.lock that lacks stages which the last commit has, and the workflow too.

    Raises
    ------
    LockFileError
        If there are such stages: what was recorded of them would be forgotten, and no other bytes be noticed.
    """
    if lacking := [name for name in committed if name in names and name not in present]:
        raise lockfile.LockFileError(
            f"dvc.lock is missing or cut off: of the stages in the last commit, {len(lacking)} are not in it "
            f"({', '.join(lacking[:3])}{', ...' if len(lacking) > 3 else ''}): git checkout HEAD -- {lockfile.LOCK}"
        )
