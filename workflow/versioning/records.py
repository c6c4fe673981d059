"""Whether files are still what the run that made them wrote: their hashes against those of the run's own record."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from case_saliency.provenance.audit.records import Records


def altered(files: Iterable[str], known: Records, root: Path) -> list[str]:
    """Return those of the files that differ from their record, or have none; folders have no record of their own."""
    return [file for file in files if not (root / file).is_dir() and not _as_written(file, known, root)]


def _as_written(file: str, known: Records, root: Path) -> bool:
    """Tell whether a file has the hash that the latest completed run that made it noted."""
    expected, path = known.graph.entry(file), root / file
    if expected is None or not path.is_file():
        return False
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest() == expected.sha256
