"""Hashes of files from their bytes: no cache, no trust in size or time, and nothing read outside the repository."""

import hashlib
import os
import stat
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any

from case_saliency.provenance.audit.reading import leaves


@dataclass(frozen=True)
class Found:
    """What is at a path: hashes and size, or what is there instead of a readable file.

    `problem` is empty for a file that was read, "missing" for none, else a reason why it could not be.
    """

    sha256: str | None = None
    md5: str | None = None
    bytes: int = 0
    problem: str = ""


class _Both:
    """SHA-256 and MD5 (which DVC records) of the same bytes, read once."""

    name = "sha256+md5"

    def __init__(self) -> None:
        self.sha256, self.md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)

    def update(self, data: Any) -> None:
        self.sha256.update(data)
        self.md5.update(data)


def measure(
    root: Path, paths: Iterable[str], *, md5: bool = False, outside: Iterable[Path] = ()
) -> Mapping[str, Found]:
    """Hash files in several threads.

    Parameters
    ----------
    root
        Folder that paths are relative to.
    paths
        What to hash. A path that leaves `root`, itself or through a link, is read only below a folder of `outside`.
    md5
        Whether to take the MD5 as well.
    outside
        Folders outside `root` that may be read.
    """
    wanted = list(dict.fromkeys(paths))
    allowed = [root.resolve(), *(folder.resolve() for folder in outside)]
    with ThreadPoolExecutor(max_workers=min(8, os.cpu_count() or 1)) as pool:
        found = pool.map(lambda path: _measure(root, path, allowed, md5), wanted)
        return dict(zip(wanted, found, strict=True))


def _measure(root: Path, path: str, allowed: list[Path], md5: bool) -> Found:
    try:
        if leaves(path) and not Path(path).is_absolute():
            return Found(problem="its path leaves the repository")
        place = (root / path).resolve()
        if not any(place.is_relative_to(folder) for folder in allowed):
            return Found(problem="it lies outside the repository; --outside FOLDER lets it be read")
        if not stat.S_ISREG(place.stat().st_mode):
            return Found(problem="it is no regular file")
        with place.open("rb") as file:
            return _hashes(file, md5)
    except FileNotFoundError:
        return Found(problem="missing")
    except (OSError, ValueError, RuntimeError) as error:
        return Found(problem=f"it cannot be read ({getattr(error, 'strerror', None) or error})")


def _hashes(file: BufferedReader, md5: bool) -> Found:
    if not md5:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return Found(digest, None, os.fstat(file.fileno()).st_size)
    both = _Both()
    hashlib.file_digest(file, lambda: both)  # type: ignore[arg-type, return-value]
    return Found(both.sha256.hexdigest(), both.md5.hexdigest(), os.fstat(file.fileno()).st_size)
