"""What others say of the same files: dvc.lock, and the RO-Crate that was made of the records."""

import hashlib
import json
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote

from case_saliency.provenance import walking
from case_saliency.provenance.audit import reading
from case_saliency.provenance.audit.locks import outputs
from case_saliency.provenance.audit.measuring import Found
from case_saliency.provenance.audit.parsing import UnreadableError, parse
from case_saliency.provenance.folders import FOLDER

CRATE = "results/ro-crate-metadata.json"
RECORDS = f"{FOLDER}.dvc"
LOCKS = ("dvc.lock", RECORDS)
_PATTERNS, _STARS, _LONGEST = 50, 3, 512
"""Patterns of `.dvcignore`, stars in one, and characters of a path that is compared: matching tries every way to divide
a path among the stars, so that more of them would take as long as somebody wishes."""


@dataclass(frozen=True)
class Locked:
    """What DVC has recorded.

    Attributes
    ----------
    files, folders
        Output -> MD5; that of a folder ends in ``.dir``.
    members
        Folder -> the files in it now that DVC would count.
    problem
        What is wrong with what DVC wrote; empty if nothing is.
    elsewhere
        Folders of published experiments that are not here: no such folder is, and no record tells of a file in it.
    has_stages
        Whether there is a dvc.lock, which tells of what stages made.
    """

    files: Mapping[str, str]
    folders: Mapping[str, str]
    members: Mapping[str, tuple[str, ...]]
    problem: str = ""
    elsewhere: frozenset[str] = frozenset()
    has_stages: bool = False

    def output(self, path: str) -> str | None:
        """Return the output that a file is, or lies in; None if there is none."""
        around = (path, *map(str, PurePosixPath(path).parents))
        return next((name for name in around if name in self.files or name in self.folders), None)

    def is_elsewhere(self, path: str) -> bool:
        """Tell whether a file such as ``results/claims/digits.json`` is of an experiment that is not here."""
        own = [folder for folder in self.folders if PurePosixPath(path).stem in folder.split("/")]
        return bool(own) and self.elsewhere.issuperset(own)

    def held(self) -> set[str]:
        """Return the files of folders that are compared."""
        return {path for folder in self.members.values() for path in folder}

    def hashed(self) -> set[str]:
        """Return the files whose MD5 is compared, by itself or with that of a folder."""
        return {*self.files, *self.held()}


def locked(root: Path, made: Iterable[str], *, everything: bool = True) -> Locked | None:
    """Read dvc.lock and `results/provenance.dvc`; None if there is neither.

    Parameters
    ----------
    root
        The repository's folder.
    made
        Files that a record tells of.
    everything
        Whether all folders are compared, which takes all files in them, or that of the records alone.
    """
    files: dict[str, str] = {}
    named = [
        (name, base) for name, base in (("dvc.lock", ""), (RECORDS, f"{FOLDER.parent}/")) if (root / name).exists()
    ]
    try:
        for name, base in named:
            files |= {base + path: md5 for path, md5 in outputs(reading.read(root / name))}
    except UnreadableError as error:
        return Locked({}, {}, {}, f"{name} is not readable: {error}")
    if not named:
        return None
    folders = {path: md5 for path, md5 in files.items() if md5.endswith(".dir") and not reading.leaves(path)}
    single = {path: md5 for path, md5 in files.items() if path not in folders}
    recorded = {str(parent) for path in made for parent in PurePosixPath(path).parents}
    elsewhere = frozenset(path for path in folders if path not in recorded and not (root / path).exists())
    try:
        held = members(root, folders if everything else ())
    except UnreadableError as error:
        return Locked(single, {}, {}, str(error))
    has_stages = any(name == LOCKS[0] for name, _ in named)
    return Locked(single, folders, held, "" if files else "it tells of no file", elsewhere, has_stages)


def members(root: Path, folders: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the files below each folder, without those that `.dvcignore` names.

    Raises
    ------
    UnreadableError
        If `.dvcignore` has more patterns, or one with more stars, than are compared, or one that is none.
    """
    ignored = _ignored(root)
    return {
        folder: tuple(
            name
            for path in walking.below(root / folder)
            if path.is_file()
            and not (len(name := path.relative_to(root).as_posix()) <= _LONGEST and ignored.match_file(name))
        )
        for folder in folders
    }


def folder_md5(folder: str, files: Iterable[str], found: Mapping[str, Found]) -> str:
    """Return DVC's MD5 of a folder: that of the sorted list of its files and their MD5s, with ``.dir``."""
    listed = [{"md5": found[name].md5, "relpath": name.removeprefix(f"{folder}/")} for name in files]
    listed.sort(key=lambda entry: str(entry["relpath"]))
    text = json.dumps(listed, sort_keys=True)
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest() + ".dir"


def _ignored(root: Path) -> Any:
    import pathspec

    try:
        lines = reading.read(root / ".dvcignore").decode("utf-8", "replace").splitlines()
    except UnreadableError:
        lines = []
    patterns = [line for line in lines if line.strip() and not line.startswith("#")]
    if len(patterns) > _PATTERNS or any(len(re.findall(r"\*+", line)) > _STARS for line in patterns):
        raise UnreadableError(
            f".dvcignore: at most {_PATTERNS} patterns of {_STARS} stars each are compared; write it plainer"
        )
    try:
        return pathspec.GitIgnoreSpec.from_lines(lines)
    except (ValueError, re.error) as error:
        raise UnreadableError(f".dvcignore: {error}") from error


def crate(found: Sequence[Mapping[str, Any]] | None) -> Mapping[str, str]:
    """Return file -> SHA-256 as the entities of a crate tell it.

    A crate that cannot be read tells of one file, itself, with an empty hash.
    """
    if found is None:
        return {CRATE: ""}
    return {path: str(entity["sha256"]) for path, entity in described(found)}


def described(found: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the path and the entity of each file of which a crate tells the SHA-256."""
    for entity in found:
        if "@id" in entity and "sha256" in entity and "://" not in str(entity["@id"]):
            yield posixpath.normpath(f"{FOLDER.parent}/{unquote(str(entity['@id']))}"), entity


def entities(root: Path) -> list[dict[str, Any]] | None:
    """Return the entities of the crate; None if there is none that can be read."""
    try:
        found = parse(reading.read(root / CRATE)).get("@graph")
    except UnreadableError:
        return None
    return [entity for entity in found if isinstance(entity, dict)] if isinstance(found, list) else None
