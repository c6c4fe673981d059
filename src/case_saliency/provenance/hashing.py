"""SHA-256 of inputs: a large file is read once for each content, not once for each job that uses it.

What was found is kept under the user's cache folder, by the file's path, size, inode and times. The time of the last
change of the inode (ctime) cannot be set by a program, so that an edit that keeps size and mtime is seen. A file that
changed within the last `SETTLED` seconds is not remembered: a further edit could fall into the same tick of the clock.
An audit does not use this module.
"""

import json
import os
import time
from pathlib import Path

from case_saliency import storage
from case_saliency.errors import CaseSaliencyError
from case_saliency.provenance import caches

LARGE = 8 * 2**20
"""Bytes from which a file's hash is remembered."""
SETTLED = 2.0


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, from the cache if the very same file was hashed before."""
    before = path.stat()
    if before.st_size < LARGE:
        return storage.sha256(path)
    note, stamp = _note(path), _stamp(before)
    found = _recall(note)
    if found is not None and found[0] == stamp:
        return found[1]
    digest = storage.sha256(path)
    if _stamp(path.stat()) == stamp and time.time() - before.st_ctime > SETTLED:
        _remember(note, stamp, digest)
    return digest


def _note(path: Path) -> Path:
    return caches.folder("sha256") / f"{storage.digest(str(path.resolve()))[:32]}.json"


def _stamp(status: os.stat_result) -> list[int]:
    return [status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns]


def _recall(note: Path) -> tuple[list[int], str] | None:
    try:
        found = json.loads(note.read_text(encoding="utf-8"))
        return found["stamp"], str(found["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _remember(note: Path, stamp: list[int], digest: str) -> None:
    try:
        storage.write_text(json.dumps({"stamp": stamp, "sha256": digest}), note)
    except CaseSaliencyError:  # a full or read-only home folder: hashed again next time
        return
