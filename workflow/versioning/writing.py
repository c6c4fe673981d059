"""Files that are written together: whatever kills the process, all are as before, or all become what was decided.

What is decided goes into a journal first. Until the journal is there, nothing has changed; from then on the next gate
finishes what it tells. No file is ever missing or half written in between.
"""

import contextlib
import fcntl
import hashlib
import json
import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

JOURNAL = Path(".dvc/tmp/recording.json")


class ChangedError(ValueError):
    """A file that another process has changed meanwhile."""


def whole(file: Path, content: bytes) -> None:
    """Give a file its content in one step: under its name is the old content or the new one, whole."""
    new = file.with_name(f".{file.name}.new")
    with new.open("wb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())
    new.replace(file)


def together(root: Path, old: Mapping[str, bytes | None], new: Mapping[str, bytes]) -> None:
    """Write `new`, path -> content, all or nothing; `old` is what was found under these names (None: no file).

    Raises
    ------
    ChangedError
        If a file is no longer what was found; nothing is written.
    OSError
        If a disk is full: before the journal nothing is written, later the next gate finishes it.
    """
    told = {name: {"before": _digest(old[name]), "after": content.decode()} for name, content in new.items()}
    with _alone(root):
        _finish(root, new)
        if changed := [name for name, one in told.items() if _digest(_content(root / name)) != one["before"]]:
            raise ChangedError(f"{', '.join(changed)} changed meanwhile: nothing was recorded, so try again")
        whole(root / JOURNAL, json.dumps(told).encode())
        _finish(root, new)


def finish(root: Path, names: Collection[str]) -> None:
    """Finish what a killed process had decided to write, unless the files have become others since.

    Parameters
    ----------
    root
        The repository.
    names
        The files that a journal may name.
    """
    if (root / JOURNAL).exists():
        with _alone(root):
            _finish(root, names)


def _finish(root: Path, names: Collection[str]) -> None:
    journal = root / JOURNAL
    told = _told(journal, names)
    known = {name: (one["before"], _digest(one["after"].encode())) for name, one in told.items()}
    if all(_digest(_content(root / name)) in known[name] for name in told):  # else another commit was checked out
        for name, one in told.items():
            whole(root / name, one["after"].encode())
    journal.unlink(missing_ok=True)


def _told(journal: Path, names: Collection[str]) -> dict[str, Any]:
    """Return what a journal tells; nothing of one that this module did not write."""
    try:
        told = json.loads(journal.read_bytes())
        valid = isinstance(told, dict) and all(
            name in names and isinstance(one["after"], str) and one["before"] == str(one["before"] or "")
            for name, one in told.items()
        )
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return {}
    return told if valid else {}


@contextlib.contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Wait until no other process writes."""
    (root / JOURNAL).parent.mkdir(parents=True, exist_ok=True)
    with (root / JOURNAL).with_suffix(".lock").open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _content(file: Path) -> bytes | None:
    return file.read_bytes() if file.is_file() else None


def _digest(content: bytes | None) -> str:
    return "" if content is None else hashlib.sha256(content).hexdigest()
