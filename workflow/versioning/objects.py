"""The cache of DVC, files by the MD5 of their content: what of a stage is whole, there and in the workspace."""

import hashlib
import json
import shutil
from collections.abc import Collection, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from case_saliency.provenance.audit.reading import leaves
from workflow.versioning.lockfile import MD5, pointer
from workflow.versioning.store import cache_folder


def differing(old: Mapping[str, Any], new: Mapping[str, Any], folder: Path) -> list[str]:
    """Return which files differ between two entries of one stage; a whole folder where its listing is not cached."""
    before, after = ({out["path"]: out for out in entry.get("outs", [])} for entry in (old, new))
    found = []
    for path in sorted({*before, *after}):
        one, other = before.get(path, {}).get("md5"), after.get(path, {}).get("md5")
        if one == other:
            continue
        listings = [_listing(folder, digest) for digest in (one, other)]
        if None in listings:
            found.append(path)
        else:
            left, right = ({entry["relpath"]: entry["md5"] for entry in listing or []} for listing in listings)
            found += [f"{path}/{name}" for name in sorted({*left, *right}) if left.get(name) != right.get(name)]
    return found


def damaged(root: Path, entry: Mapping[str, Any]) -> list[str]:
    """Return which files of a stage are missing or differ from its entry in dvc.lock, hashed anew from their bytes."""
    found = []
    for out in entry.get("outs", []):
        path, digest = out["path"], out["md5"]
        listing = _listing(cache_folder(root), digest)
        if listing is not None:
            found += [f"{path}/{one['relpath']}" for one in listing if md5(root / path / one["relpath"]) != one["md5"]]
        elif digest.endswith(".dir") or md5(root / path) != digest:
            found.append(path)
    return found


def damaged_apart(root: Path, path: str) -> bool:
    """Return whether what a .dvc file keeps is missing or differs from it, hashed anew from its bytes."""
    out = pointer(root, path)
    return out is None or bool(damaged(root, {"outs": [out]}))


def mending(root: Path, entry: Mapping[str, Any]) -> list[str]:
    """Return the objects to delete in the remote before a stage is pushed again: those of its files that are not whole.

    A push asks for the listing of a folder alone: where that is, it takes all files of the folder for sent. So the
    listing is to be deleted too; without one here it is not known which of its files are amiss.
    """
    found = []
    for out in entry.get("outs", []):
        listed = _listing(cache_folder(root), out["md5"])
        needed = {one["md5"] for one in listed or []}
        gone = sorted(digest for digest in needed if md5(_object(cache_folder(root), digest)) != digest)
        if gone or (listed is None and out["md5"].endswith(".dir")):
            found += [f"files/md5/{one[:2]}/{one[2:]}" for one in (out["md5"], *gone)]
    return found


def forget(root: Path, entry: Mapping[str, Any], own: Collection[str]) -> None:
    """Take a stage's outputs out of the workspace, and out of the cache those of its objects that are damaged.

    Of what the entry calls outputs those alone are touched that are the stage's `own`: under another name, which the
    stage had once or somebody wrote there, may lie anything.
    """
    for out in entry.get("outs", []):
        if out["path"] not in own or out["path"].startswith(("results/metrics/", "results/claims/")):
            continue
        for one in _listing(cache_folder(root), out["md5"]) or [{"md5": out["md5"]}]:
            stored = _object(cache_folder(root), one["md5"])
            if stored.exists() and md5(stored) != one["md5"].removesuffix(".dir"):
                stored.unlink()
        path = root / out["path"]
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def _object(folder: Path, digest: str) -> Path:
    return folder / digest[:2] / digest[2:]


def _listing(folder: Path, digest: str | None) -> list[dict[str, str]] | None:
    """Return the files of a folder; None if it is none, or its listing is missing, damaged or names files elsewhere."""
    if not digest or not digest.endswith(".dir"):
        return None
    file = _object(folder, digest)
    if md5(file) != digest.removesuffix(".dir"):
        return None
    content: list[dict[str, str]] = json.loads(file.read_text())
    if any(leaves(one["relpath"]) or not MD5.fullmatch(one["md5"]) for one in content):
        return None
    return content


def md5(file: Path) -> str | None:
    """Return the digest that DVC has of a file; None where there is no file."""
    if not file.is_file():
        return None
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, partial(hashlib.md5, usedforsecurity=False)).hexdigest()
