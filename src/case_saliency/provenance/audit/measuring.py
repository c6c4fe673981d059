"""Hashes of files from their bytes: no cache, no trust in size or time, and nothing read outside the repository.

Paths are strings here: as objects they would cost more than the hash of a small file.
"""
# ruff: noqa: PTH116, PTH118

import hashlib
import os
import stat
from collections.abc import Container, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from case_saliency.provenance.audit.reading import leaves

_BUFFER = 2**17
"""Bytes that are read at a time: they stay in the processor's cache until they are hashed."""
_LARGE = 2**20
"""Bytes from which a file is worth a thread."""
_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True)
class Found:
    """What is at a path: hashes and size, or what is there instead of a readable file.

    `problem` is empty for a file that was read, "missing" for none, else a reason why it could not be.
    """

    sha256: str | None = None
    md5: str | None = None
    bytes: int = 0
    problem: str = ""


def measure(
    root: Path, paths: Iterable[str], *, md5: Container[str] = (), outside: Iterable[Path] = ()
) -> Mapping[str, Found]:
    """Hash files, each read once; large ones in several threads.

    Parameters
    ----------
    root
        Folder that paths are relative to.
    paths
        What to hash. A path that leaves `root`, itself or through a link, is read only below a folder of `outside`.
    md5
        Paths of which the MD5, which DVC records, is taken as well.
    outside
        Folders outside `root` that may be read.
    """
    places = _Places(root, outside)
    found: dict[str, Found | Future[Found]] = dict.fromkeys(paths, Found())
    with ThreadPoolExecutor(max_workers=min(8, os.cpu_count() or 1)) as pool:
        for path in found:
            try:
                place, size = places.find(path)
                both = path in md5
                found[path] = pool.submit(_read, place, both) if size >= _LARGE else _read(place, both)
            except (OSError, ValueError, RecursionError) as error:
                found[path] = _problem(error)
        return {path: one if isinstance(one, Found) else _result(one) for path, one in found.items()}


class _Places:
    """Where paths lead. What a folder leads to is found once, for all files in it."""

    def __init__(self, root: Path, outside: Iterable[Path]) -> None:
        self.root = str(root)
        self.allowed = tuple(os.path.join(folder.resolve(), "") for folder in (root, *outside))
        self.folders: dict[str, str] = {}

    def find(self, path: str) -> tuple[str, int]:
        """Return the place of a regular file that may be read, without links, and its size in bytes.

        Raises
        ------
        OSError, ValueError
            If there is none; `_Refused` says why.
        """
        if leaves(path) and not path.startswith("/"):
            raise _RefusedError("its path leaves the repository")
        folder, name = os.path.split(os.path.join(self.root, path))
        if folder not in self.folders:
            self.folders[folder] = os.path.realpath(folder)
        place = self._allowed(os.path.join(self.folders[folder], name))
        status = os.lstat(place)
        if stat.S_ISLNK(status.st_mode):
            place = self._allowed(os.path.realpath(place))
            status = os.stat(place)
        if not stat.S_ISREG(status.st_mode):
            raise _RefusedError("it is no regular file")
        return place, status.st_size

    def _allowed(self, place: str) -> str:
        if not place.startswith(self.allowed):
            raise _RefusedError("it lies outside the repository; --outside FOLDER lets it be read")
        return place


class _RefusedError(ValueError):
    """What is not to be read; the message says why."""


def _read(place: str, md5: bool) -> Found:
    """Hash one file; SHA-256 and MD5 of the same bytes, read once."""
    handle = os.open(place, _FLAGS)
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):  # it was another file a moment ago
            raise _RefusedError("it is no regular file")
        digests = [hashlib.sha256(), *([hashlib.md5(usedforsecurity=False)] if md5 else [])]
        size, buffer = 0, bytearray(min(_BUFFER, status.st_size + 1))
        view = memoryview(buffer)
        while count := os.readv(handle, (buffer,)):
            size += count
            for digest in digests:
                digest.update(view[:count])
    finally:
        os.close(handle)
    return Found(digests[0].hexdigest(), digests[1].hexdigest() if md5 else None, size)


def _result(future: Future[Found]) -> Found:
    try:
        return future.result()
    except (OSError, ValueError) as error:
        return _problem(error)


def _problem(error: Exception) -> Found:
    if isinstance(error, FileNotFoundError):
        return Found(problem="missing")
    if isinstance(error, _RefusedError):
        return Found(problem=str(error))
    return Found(problem=f"it cannot be read ({getattr(error, 'strerror', None) or error})")
