"""Whether the images of a data set are still those of its manifest: asked whenever a run is planned.

Snakemake looks at a folder's time, not into it, and images may be a million. So what was found good is remembered by
the size, inode and times of every file, as Git and DVC do it, and a plan reads the bytes of new and changed files only.
The time of the last change of an inode (ctime) cannot be set by a program. A file that changed within the last
`hashing.SETTLED` seconds is not remembered: a further edit could fall into the same tick of the clock.
"""

import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from case_saliency import storage
from case_saliency.datasets import images, locations
from case_saliency.datasets.sources import DATASETS
from case_saliency.errors import CaseSaliencyError
from case_saliency.provenance import caches, hashing

if TYPE_CHECKING:
    import pandas as pd

Stamps = dict[str, str]
"""File -> its size, inode and times; empty where there is no file."""


def changed(folder: Path) -> str:
    """Return which image of a data set is not what its manifest says, and how many; empty if all are, or none is here.

    Images of a user's folder are looked at where they lie; if that folder is not there at all, the results stand as
    they are. Where the user's folder decides what the data set holds, a file that came, went or changed since is a
    change, too, whether or not the manifest names it.

    Parameters
    ----------
    folder
        The folder of the data set: its name is that of the data set, and its manifest lies in it.
    """
    manifest = str(folder / "manifest.csv")
    try:
        inside, outside = _listed(folder)
        if not os.path.exists(manifest) or outside is None:  # noqa: PTH110 (paths are text here: there may be a million)
            return ""
        known = _recall(folder)
        if known and known == _stamps({*known, *inside, *outside}):
            return ""
        rows = storage.read_csv(manifest)
        named = _named(folder, rows)
        now = _stamps({manifest, *named, *inside, *outside})
        if known.get(manifest) != now[manifest]:
            known = {}  # it speaks of other images
        wrong = [*_read(folder, rows, named, known, now), *_other(folder, named, known, now)]
    except CaseSaliencyError as error:  # the manifest or the reference is damaged, and is fetched with the images
        return str(error).partition(";")[0]
    if wrong:
        return f"{wrong[0]}{f', and {len(wrong) - 1} more' if len(wrong) > 1 else ''}"
    _remember(folder, now)
    return ""


def _listed(folder: Path) -> tuple[list[str], list[str] | None]:
    """Return the files below `images/`, and those of the user's folder that must be listed; None: it is not there."""
    inside = _files(folder / "images")
    if not (folder / "images/reference.json").exists():
        return inside, []
    root = locations.locate(folder, f"{locations.REFERENCE}.")
    if not root.is_dir():
        return inside, None
    return inside, _files(root) if DATASETS[folder.name].splits is None else []


def _files(folder: Path) -> list[str]:
    """Return all files below a folder, without those that begin with a dot or lie in such a folder."""
    found = []
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [f"{place}/{name}" for name in names if not name.startswith(".")]
    return found


def _named(folder: Path, rows: "pd.DataFrame") -> dict[str, str]:
    """Return file -> hash as the manifest has them; of a file of many images, the hash is that of one of them."""
    pairs = zip(rows["file"], rows["sha256"], strict=True)
    return {str(locations.locate(folder, str(file))): str(digest) for file, digest in pairs}


def _read(
    folder: Path, rows: "pd.DataFrame", named: Mapping[str, str], known: Mapping[str, str], now: Mapping[str, str]
) -> Iterator[str]:
    """Yield which images differ from the manifest; a file that is as remembered is not read."""
    new = [path for path in named if not now[path] or known.get(path) != now[path]]
    if (rows["index"] >= 0).any():
        if new:
            images.arrays(folder, rows)
        return
    with ThreadPoolExecutor() as pool:
        yield from filter(None, pool.map(_compared, new, [named[path] for path in new]))


def _other(folder: Path, named: Mapping[str, str], known: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    """Yield files that the manifest does not name, and that should not be there, or are not as they were."""
    aids, own = {str(folder / "manifest.csv"), str(folder / "images/reference.json")}, f"{folder / 'images'}/"
    for path in sorted(now.keys() - named.keys() - aids):
        if path.startswith(own):
            yield f"{path} is not in the manifest"
        elif known and known.get(path) != now[path]:
            yield f"{path} is new, or has changed"
    yield from (f"{path} is gone" for path in sorted(known.keys() - now.keys()))


def _compared(path: str, expected: str) -> str:
    try:
        found = storage.sha256(path)
    except OSError as error:
        return f"{path} cannot be read ({error.strerror})"
    return "" if found == expected else f"{path} is not what the manifest says (sha256 {found}, not {expected})"


def _stamps(paths: Iterable[str]) -> Stamps:
    return {path: _stamp(path) for path in paths}


def _stamp(path: str) -> str:
    try:
        found = os.stat(path)  # noqa: PTH116
    except OSError:
        return ""
    return f"{found.st_size} {found.st_ino} {found.st_mtime_ns} {found.st_ctime_ns}"


def _note(folder: Path) -> Path:
    return caches.folder("images") / f"{storage.digest(str(folder.resolve()))[:32]}.json"


def _recall(folder: Path) -> Stamps:
    try:
        found = json.loads(_note(folder).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _remember(folder: Path, stamps: Stamps) -> None:
    """Write down what was found good, unless a file is too new to be told from its next version."""
    latest = max(int(stamp.rpartition(" ")[2]) for stamp in stamps.values())
    if time.time() - latest / 1e9 <= hashing.SETTLED:
        return
    try:
        storage.write_text(json.dumps(stamps), _note(folder))
    except CaseSaliencyError:  # a full or read-only home folder: read again next time
        return
