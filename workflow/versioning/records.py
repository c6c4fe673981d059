"""Whether files are still what the run that made them wrote: their hashes against those of the run's own record."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from workflow.versioning.store import RECORDS


def recorded(root: Path) -> dict[str, str]:
    """Return path -> SHA-256 of every file that a completed run says it wrote; the latest run of a file counts."""
    found: dict[str, tuple[str, str]] = {}
    for file in (root / RECORDS).rglob("*.json"):
        content = json.loads(file.read_text(encoding="utf-8"))
        for output in content.get("outputs", ()):
            found[output["path"]] = max(found.get(output["path"], ("", "")), (content["ended"], output["sha256"]))
    return {path: digest for path, (_, digest) in found.items()}


def altered(files: Iterable[str], root: Path) -> list[str]:
    """Return those of the files that differ from their record, or have none; folders have no record of their own."""
    expected = recorded(root)
    return [file for file in files if not (root / file).is_dir() and expected.get(file) != _sha256(root / file)]


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
