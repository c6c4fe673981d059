"""The journal of runs: one line for each record that was written, chained by hashes and only ever appended to.

A record is one file among many, which could be edited or deleted by itself. The journal says which record was written
when, with its hash; each line carries the hash of the line before it. So an edited, removed or re-ordered record or
line shows, unless everything after it is rewritten as well: the version of the journal that git knows through
`results/provenance.dvc` tells that.
"""

import fcntl
import hashlib
import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from case_saliency import storage
from case_saliency.errors import CaseSaliencyError

NAME = "journal.jsonl"
FIRST = "0" * 64
"""What the first line names as its predecessor."""
LIMIT = 256 * 2**20
"""Bytes of a journal that is read."""
_TAIL = 2**16


@dataclass(frozen=True)
class Line:
    """One line: the record's path in the journal's folder, the SHA-256 of its bytes, and how the run ended."""

    number: int
    record: str
    sha256: str
    status: str


@dataclass(frozen=True)
class Journal:
    """All lines that could be read, in their order, and what is wrong with the chain."""

    lines: tuple[Line, ...]
    problems: tuple[str, ...]

    def latest(self) -> dict[str, Line]:
        """Return the last line of each record: an earlier one was replaced by a later run."""
        return {line.record: line for line in self.lines}


def append(folder: Path, record: Path, status: str) -> None:
    """Add a line for a record that was just written below `folder`; concurrent jobs wait for each other.

    Raises
    ------
    CaseSaliencyError
        If the journal cannot be written.
    """
    path = folder / NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("ab+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            tail = _last(file)
            torn = b"" if not tail or tail.endswith(b"\n") else b"\n"  # by a crash of the machine
            entry = {
                "record": record.relative_to(folder).as_posix(),
                "sha256": storage.sha256(record),
                "status": status,
                "previous": hashlib.sha256(tail + torn).hexdigest() if tail else FIRST,
            }
            file.write(torn + json.dumps(entry, separators=(",", ":")).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise CaseSaliencyError(f"cannot write {path}: {error.strerror or error}") from error


def _last(file: Any) -> bytes:
    """Return the last line, however long."""
    size, length = file.seek(0, os.SEEK_END), _TAIL
    while True:
        file.seek(max(0, size - length))
        lines = file.read().splitlines(keepends=True)
        if len(lines) > 1 or length >= size:
            return lines[-1] if lines else b""
        length *= 2


def read(folder: Path) -> Journal | None:
    """Return the journal, checked; None if there is none. Whatever its content, nothing is raised."""
    path = folder / NAME
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return Journal((), (f"{NAME} is no regular file and was not read",))
        if path.stat().st_size > LIMIT:
            return Journal((), (f"{NAME} is larger than {LIMIT} bytes and was not read",))
        raw = path.read_bytes().splitlines(keepends=True)
    except FileNotFoundError:
        return None
    except OSError as error:
        return Journal((), (f"{NAME} cannot be read: {error.strerror or error}",))
    lines, problems, previous = [], [], FIRST
    for number, text in enumerate(raw, start=1):
        try:
            entry = json.loads(text)
            line = Line(number, *(str(entry[key]) for key in ("record", "sha256", "status")))
            told = str(entry["previous"])
        except (ValueError, KeyError, TypeError, RecursionError):
            problems.append(f"line {number} is not readable")
            previous = hashlib.sha256(text).hexdigest()
            continue
        if told != previous:
            problems.append(f"line {number} does not follow the line before it: one was edited, removed or moved")
        lines.append(line)
        previous = hashlib.sha256(text).hexdigest()
    return Journal(tuple(lines), tuple(problems))
