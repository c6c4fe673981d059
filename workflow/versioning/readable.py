"""Whether what git and DVC keep of results can be read: asked before anything is written, and all files at once.

A merge of two branches with other parameters leaves both sides in a dozen files: dvc.lock, the `.dvc` files, metrics.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from workflow.versioning import document, environment, lockfile, stages

BY_HAND = (
    "params.yaml",
    "requirements.lock",
    "Snakefile",
    ".dvc/config",
    ".dvc/config.local",
    "profiles/**/*.yaml",
    "src/**/*.py",
    "workflow/**/*.py",
    "workflow/**/*.smk",
)
WRITTEN = (
    str(lockfile.LOCK),
    str(document.FILE),
    "results/*.dvc",
    str(environment.FILE),
    *(f"{folder}*.json" for folder in stages.METRICS),
)
MARKER = re.compile(rb"^(<<<<<<<|>>>>>>>) ", flags=re.MULTILINE)


def conflicts(root: Path, patterns: Sequence[str]) -> list[str]:
    """Return the files that hold both sides of a merge."""
    files = (file for pattern in patterns for file in sorted(root.glob(pattern)) if file.is_file())
    return [file.relative_to(root).as_posix() for file in files if MARKER.search(file.read_bytes())]


def refuse_unreadable(root: Path) -> None:
    """Refuse files with both sides of a merge, and `.dvc` files and environments that are damaged.

    Raises
    ------
    LockFileError
        If there are such files: it names all with both sides of a merge and a way that leads to the end, or a damaged
        one.
    """
    by_hand, written = conflicts(root, BY_HAND), conflicts(root, WRITTEN)
    if by_hand or written:
        raise lockfile.LockFileError(_told(by_hand, written))
    for path in (str(lockfile.RECORDS), *stages.VIEWS):
        lockfile.pointer(root, path)
    environment.known(root)


def _told(by_hand: Sequence[str], written: Sequence[str]) -> str:
    names = "\n".join(f"  {name}" for name in (*by_hand, *written))
    steps = [f"settle {', '.join(by_hand)} by hand"] if by_hand else []
    if written:
        steps.append(f"take one side of what the workflow writes: git checkout HEAD -- {' '.join(written)}")
    steps.append("make what is then out of date, and record it: snakemake --cores all && make commit")
    added = " ".join(dict.fromkeys((*by_hand, "dvc.lock", "dvc.yaml", "results")))
    steps.append(f"conclude the merge: git add {added} && git commit")
    numbered = "\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1))
    return f"{len(by_hand) + len(written)} files hold both sides of a merge:\n{names}\n{numbered}"
