"""What others say of the same files: dvc.lock, and the RO-Crate that was made of the records."""

import hashlib
import json
import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote

from case_saliency.provenance.audit import reading
from case_saliency.provenance.audit.measuring import measure
from case_saliency.provenance.audit.parsing import UnreadableError, parse
from case_saliency.provenance.folders import FOLDER

CRATE = "results/ro-crate-metadata.json"
RECORDS = f"{FOLDER}.dvc"


@dataclass(frozen=True)
class Locked:
    """What DVC has recorded: output -> MD5, for files and for folders (which end in ``.dir``), and what is wrong.

    `folders` holds the MD5 of each folder as it is now, `elsewhere` those of published experiments that are not here:
    there is no such folder, and no record tells of a file in it.
    """

    files: Mapping[str, str]
    folders: Mapping[str, tuple[str, str]]
    problem: str = ""
    elsewhere: frozenset[str] = frozenset()

    def is_elsewhere(self, path: str) -> bool:
        """Tell whether a file such as ``results/claims/digits.json`` is of an experiment that is not here."""
        own = [folder for folder in self.folders if PurePosixPath(path).stem in folder.split("/")]
        return bool(own) and self.elsewhere.issuperset(own)


def locked(root: Path, made: Iterable[str]) -> Locked | None:
    """Read dvc.lock and `results/provenance.dvc`; None if there is neither. Records tell of the files `made`."""
    files: dict[str, str] = {}
    try:
        for name, base in (("dvc.lock", ""), (RECORDS, f"{FOLDER.parent}/")):
            if (root / name).exists():
                files |= {base + path: md5 for path, md5 in _outputs(reading.read(root / name))}
    except (UnreadableError, ValueError, TypeError, KeyError, AttributeError) as error:
        return Locked({}, {}, f"{name} is not readable: {error}")
    if not files:
        return None
    folders = {path: md5 for path, md5 in files.items() if md5.endswith(".dir") and not reading.leaves(path)}
    single = {path: md5 for path, md5 in files.items() if path not in folders}
    recorded = {str(parent) for path in made for parent in PurePosixPath(path).parents}
    elsewhere = frozenset(path for path in folders if path not in recorded and not (root / path).exists())
    return Locked(single, {path: (md5, folder_md5(root, path)) for path, md5 in folders.items()}, elsewhere=elsewhere)


def _outputs(content: bytes) -> Iterator[tuple[str, str]]:
    """Yield path and MD5 of every output in a dvc.lock (stages) or a .dvc file (outs)."""
    import yaml

    try:
        body = yaml.safe_load(content)
    except (yaml.YAMLError, RecursionError) as error:
        raise UnreadableError(str(error).splitlines()[0]) from error
    stages = body.get("stages") or {"": body}
    for stage in stages.values():
        for out in stage.get("outs") or []:
            path, md5 = out["path"], out.get("md5")  # an output on a remote has another hash
            if isinstance(path, str) and isinstance(md5, str):
                yield path, md5


def folder_md5(root: Path, folder: str) -> str:
    """Return DVC's MD5 of a folder: that of the sorted list of its files and their MD5s, with ``.dir``.

    Files that `.dvcignore` names do not count.
    """
    ignored = _ignored(root)
    paths = [path for path in (root / folder).rglob("*") if path.is_file()]
    names = [path.relative_to(root).as_posix() for path in paths]
    found = measure(root, [name for name in names if not ignored.match_file(name)], md5=True)
    listed = [{"md5": digest.md5, "relpath": name.removeprefix(f"{folder}/")} for name, digest in found.items()]
    listed.sort(key=lambda entry: str(entry["relpath"]))
    text = json.dumps(listed, sort_keys=True)
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest() + ".dir"


def _ignored(root: Path) -> Any:
    import pathspec

    try:
        lines = reading.read(root / ".dvcignore").decode("utf-8", "replace").splitlines()
    except UnreadableError:
        lines = []
    return pathspec.GitIgnoreSpec.from_lines(lines)


def crate(root: Path) -> Mapping[str, str] | None:
    """Return file -> SHA-256 as the crate tells it; None if there is no crate.

    A crate that cannot be read tells of one file, itself, with an empty hash.
    """
    if not (root / CRATE).exists():
        return None
    found = entities(root)
    if found is None:
        return {CRATE: ""}
    return {
        posixpath.normpath(f"{FOLDER.parent}/{unquote(str(entity['@id']))}"): str(entity["sha256"])
        for entity in found
        if "@id" in entity and "sha256" in entity and "://" not in str(entity["@id"])
    }


def entities(root: Path) -> list[dict[str, Any]] | None:
    """Return the entities of the crate; None if there is none that can be read."""
    try:
        found = parse(reading.read(root / CRATE)).get("@graph")
    except UnreadableError:
        return None
    return [entity for entity in found if isinstance(entity, dict)] if isinstance(found, list) else None
