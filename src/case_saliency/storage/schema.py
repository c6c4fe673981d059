"""The version that every artefact carries, and what is said of one that cannot be read."""

import os
import reprlib
from typing import Any

from case_saliency.errors import CaseSaliencyError

SCHEMA_VERSION = 1
_LONGEST = 300  # characters of what a library says: some repeat what they read


def unreadable(path: str | os.PathLike[str], error: Exception) -> CaseSaliencyError:
    """Return the error that names an artefact which a library could not read, and the remedy."""
    reason = str(error).splitlines()[0][:_LONGEST] if str(error) else type(error).__name__
    return CaseSaliencyError(f"cannot read {path}: {reason}; delete it and run the workflow again to rebuild it")


def check_version(found: Any, path: str | os.PathLike[str]) -> None:
    """Refuse an artefact of another schema version than ours: a number, or in metadata its digits."""
    told = found.decode(errors="replace") if isinstance(found, bytes) else str(found)
    if told != str(SCHEMA_VERSION):
        raise CaseSaliencyError(
            f"{path}: schema version {reprlib.repr(found)} found, {SCHEMA_VERSION} expected; delete it and run the "
            "workflow again"
        )
