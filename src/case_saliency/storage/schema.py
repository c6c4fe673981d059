"""The version that every artefact carries, and what is said of one that cannot be read."""

import os
from typing import Any

from case_saliency.errors import CaseSaliencyError

SCHEMA_VERSION = 1


def unreadable(path: str | os.PathLike[str], error: Exception) -> CaseSaliencyError:
    """Return the error that names an artefact which a library could not read, and the remedy."""
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return CaseSaliencyError(f"cannot read {path}: {reason}; delete it and run the workflow again to rebuild it")


def check_version(found: Any, path: str | os.PathLike[str]) -> None:
    """Refuse an artefact of another schema version than ours."""
    try:
        version = int(found)
    except (TypeError, ValueError, OverflowError):
        version = -1
    if version != SCHEMA_VERSION:
        raise CaseSaliencyError(
            f"{path}: schema version {found!r} found, {SCHEMA_VERSION} expected; delete it and run the workflow again"
        )
