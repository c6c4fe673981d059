"""What git knows: the commit of the working folder, how tracked files differ from it, and files as they were then.

git is started as `apart` does: it runs no program of the repository's configuration and replaces no object by another.
"""

import hashlib
import os
import re
import stat
from collections.abc import Container, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from case_saliency.provenance import apart
from case_saliency.provenance.apart import head as head

SOURCE = ("src", "workflow", "Snakefile")
WRITTEN = ("dvc.yaml", "dvc.lock", "results", "docs/results")
"""Tracked files that the workflow itself writes: their changes do not make a tree dirty."""
COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
"""The full name of a commit."""
_DIFF = (
    *("--binary", "--full-index", "--no-ext-diff", "--no-textconv", "--no-color", "--no-renames"),
    *("-U3", "--diff-algorithm=myers", "--src-prefix=a/", "--dst-prefix=b/", "--inter-hunk-context=0"),
    *("--ignore-submodules=dirty", "--", "."),  # git would look into a submodule with the configuration there
    *(f":(exclude){path}" for path in WRITTEN),
)  # options that a user's configuration would change are given, so that the same change has the same hash


def state() -> dict[str, Any]:
    """Return the commit, whether the tree differs from it, and the SHA-256 of the difference.

    The tree differs if a tracked file does, other than those that the workflow itself writes (`WRITTEN`), or if there
    is an untracked file among the source (`SOURCE`). Nulls outside a repository, and for the difference of a clean
    tree.
    """
    commit = head()
    changes = None if commit is None else apart.git("diff", commit, *_DIFF)
    if commit is None or changes is None:
        return {"commit": None, "dirty": None, "diff_sha256": None}
    added = [(name, body) for name in _untracked() if (body := _content(Path(name))) is not None]
    changes += b"".join(b"untracked %s\0%d\0%s" % (os.fsencode(name), len(body), body) for name, body in added)
    digest = hashlib.sha256(changes).hexdigest() if changes else None
    return {"commit": commit, "dirty": bool(changes), "diff_sha256": digest}


def changed() -> list[str]:
    """Return the files that make the tree differ from the commit now, see `state`."""
    written = [path for path, _, _ in _committed() if any(_within(path, part) for part in WRITTEN)]
    return sorted({*_differing(set(written)), *_untracked()})


def edited(paths: Iterable[str]) -> list[str]:
    """Return those of some paths that the commit holds and that differ from it now, or are gone."""
    asked = set(paths)
    return _differing({path for path, _, _ in _committed() if path not in asked})


def _differing(without: Container[str]) -> list[str]:
    """Return the files of the commit, but for some, that differ from it by their bytes.

    git itself looks at sizes and times, and at marks in its index (assume-unchanged, skip-worktree) that hide an edit.
    """
    root, folders = Path.cwd().resolve(), dict[Path, bool]()
    found = []
    for path, mode, name in _committed():
        folder = Path(path).parent
        if path in without:
            continue
        if folder not in folders:
            folders[folder] = folder.resolve().is_relative_to(root)
        if not folders[folder] or _blob(path, mode, len(name)) != name:
            found.append(path)
    return found


def _committed() -> list[tuple[str, str, str]]:
    commit = head()
    return [] if commit is None else list(_entries(apart.git("ls-tree", "-r", "-z", commit) or b""))


def _entries(listed: bytes) -> Iterator[tuple[str, str, str]]:
    """Yield path, mode and object of each file or link in what ``git ls-tree -r -z`` says."""
    for entry in listed.split(b"\0"):
        told, _, path = entry.partition(b"\t")
        fields = told.decode().split(" ")
        if len(fields) == 3 and fields[1] == "blob":
            yield os.fsdecode(path), fields[0], fields[2]


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")


def _blob(path: str, mode: str, digits: int) -> str | None:
    """Return the name that git would give to the content of a file or link; None if it is no such thing."""
    place, link = Path(path), mode == "120000"
    content = _content(place) if place.is_symlink() == link else None
    if content is None:
        return None
    digest = hashlib.sha256() if digits == 64 else hashlib.sha1(usedforsecurity=False)
    digest.update(b"blob %d\0" % len(content))
    digest.update(content)
    return digest.hexdigest()


def _content(path: Path) -> bytes | None:
    """Return what git would keep of a file, or of a link: where it leads. None: it is neither, or cannot be read."""
    try:
        kind = path.lstat().st_mode
        if stat.S_ISLNK(kind):
            return os.fsencode(path.readlink())
        return path.read_bytes() if stat.S_ISREG(kind) else None
    except OSError:
        return None


def _untracked() -> list[str]:
    return _names(apart.git("ls-files", "--others", "--exclude-standard", "-z", "--", *SOURCE))


def _names(listed: bytes | None) -> list[str]:
    return [name.decode("utf-8", "surrogateescape") for name in (listed or b"").split(b"\0") if name]


def tracked(commit: str) -> Mapping[str, str] | None:
    """Return the files of a commit below the working folder, and the names of their contents; None: no such commit.

    Parameters
    ----------
    commit
        Its full hexadecimal name; whatever else is given is no commit.
    """
    listed = apart.git("ls-tree", "-r", "-z", f"{commit}^{{commit}}") if COMMIT.fullmatch(commit) else None
    return None if listed is None else {path: name for path, _, name in _entries(listed)}


def contents(names: Iterable[str]) -> Mapping[str, bytes]:
    """Return name -> content, without those that the repository does not hold."""
    wanted = sorted(set(names))
    answer = apart.git("cat-file", "--batch", given="".join(f"{name}\n" for name in wanted).encode())
    return {name: content for name, content in zip(wanted, _parse(answer or b""), strict=False) if content is not None}


def holding(path: str, sha256: str) -> str | None:
    """Return the last commit, of those that changed a file, in which it has a certain content; None: none has."""
    commit = head()
    listed = None if commit is None else apart.git("rev-list", "--max-count=1000", commit, "--", path)
    for earlier in (listed or b"").decode().split():
        name = (tracked(earlier) or {}).get(path)
        content = None if name is None else contents([name]).get(name)
        if content is not None and hashlib.sha256(content).hexdigest() == sha256:
            return earlier
    return None


def _parse(answer: bytes) -> Iterator[bytes | None]:
    """Yield what ``git cat-file --batch`` says: `<name> <type> <size>`, newline, content; None: it is not there."""
    place = 0
    while (end := answer.find(b"\n", place)) >= 0:
        fields, place = answer[place:end].split(b" "), end + 1
        if len(fields) != 3 or not fields[2].isdigit():  # "missing", for instance
            yield None
            continue
        yield answer[place : place + int(fields[2])]
        place += int(fields[2]) + 1
