"""Digests of the source: the package, and the workflow that calls it."""

import hashlib
import os
import stat
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from case_saliency import storage
from case_saliency.provenance import walking

PACKAGE = Path(__file__).resolve().parents[1]
IN_REPOSITORY = PurePosixPath("src") / PACKAGE.name
WORKFLOW = ("Snakefile", "workflow")
PARAMETERS = "params.yaml"
LOCK = "requirements.lock"


def state() -> dict[str, Any]:
    """Return the digests of the package's source and of the workflow's, and the hash of params.yaml; None: not here."""
    rules = workflow_files()
    return {
        "package": package_digest(),
        "workflow": digest({file.as_posix(): _sha256(file) for file in rules}) if rules else None,
        "params_sha256": _sha256(Path(PARAMETERS)) if _is_kept(Path(PARAMETERS)) else None,
    }


def workflow_files() -> list[Path]:
    """Return the Snakefile and all files of the rules, relative to the working folder."""
    return [file for name in WORKFLOW for file in _files(Path(name))]


@cache
def package_digest() -> str:
    """Return the digest of this package's source, as it is when a process first asks."""
    return digest({file.relative_to(PACKAGE.parent).as_posix(): _sha256(file) for file in _files(PACKAGE)})


def digest(hashes: Mapping[str, str]) -> str:
    """Return the digest of files by their paths and hashes."""
    return storage.digest(dict(sorted(hashes.items())))


def belongs(path: PurePosixPath) -> bool:
    """Tell whether a file is source: no compiled code, nothing hidden.

    Examples
    --------
    >>> [belongs(PurePosixPath(p)) for p in ("workflow/rules/data.smk", "workflow/__pycache__/lint.pyc", "src/.x.swp")]
    [True, False, False]
    """
    return "__pycache__" not in path.parts and not path.name.startswith(".") and path.suffix != ".pyc"


def _files(place: Path) -> Iterable[Path]:
    found = [place] if _is_kept(place) else walking.below(place)
    return sorted(file for file in found if belongs(PurePosixPath(file.relative_to(place.parent))) and _is_kept(file))


def _is_kept(path: Path) -> bool:
    """Tell whether git would keep it: a file, or a link, whatever that leads to."""
    try:
        kind = path.lstat().st_mode
    except OSError:
        return False
    return stat.S_ISREG(kind) or stat.S_ISLNK(kind)


def _sha256(file: Path) -> str:
    """Return the SHA-256 of what git would keep: of a link, where it leads. What lies there is not read."""
    if file.is_symlink():
        return hashlib.sha256(os.fsencode(file.readlink())).hexdigest()
    return storage.sha256(file)
