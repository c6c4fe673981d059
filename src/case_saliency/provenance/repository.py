"""What git knows: the commit of the working folder, how tracked files differ from it, and files as they were then.

git is started with an argument list, never through a shell, and told to run no program of the repository's
configuration (external diffs, text conversions, file-system monitors).
"""

import hashlib
import os
import re
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

SOURCE = ("src", "workflow", "Snakefile")
WRITTEN = ("dvc.yaml", "dvc.lock", "results", "docs/results")
"""Tracked files that the workflow itself writes: their changes do not make a tree dirty."""
COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
"""The full name of a commit."""
_PLAIN = ("-c", "core.fsmonitor=false", "-c", "core.quotePath=false", "-c", "diff.indentHeuristic=false")
_DIFF = (
    *("diff", "HEAD", "--binary", "--full-index", "--no-ext-diff", "--no-textconv", "--no-color", "--no-renames"),
    *("-U3", "--diff-algorithm=myers", "--src-prefix=a/", "--dst-prefix=b/", "--inter-hunk-context=0", "--", "."),
    *(f":(exclude){path}" for path in WRITTEN),
)  # options that a user's configuration would change are given, so that the same change has the same hash


def state() -> dict[str, Any]:
    """Return the commit, whether the tree differs from it, and the SHA-256 of the difference.

    The tree differs if a tracked file does, other than those that the workflow itself writes (`WRITTEN`), or if there
    is an untracked file among the source (`SOURCE`). Nulls outside a repository, and for the difference of a clean
    tree.
    """
    commit, changes = _git("rev-parse", "--verify", "--quiet", "HEAD^{commit}"), _git(*_DIFF)
    if commit is None or changes is None:
        return {"commit": None, "dirty": None, "diff_sha256": None}
    added = [(name, Path(name).read_bytes()) for name in _untracked() if Path(name).is_file()]
    changes += b"".join(b"untracked %s\0%d\0%s" % (os.fsencode(name), len(body), body) for name, body in added)
    digest = hashlib.sha256(changes).hexdigest() if changes else None
    return {"commit": commit.decode().strip(), "dirty": bool(changes), "diff_sha256": digest}


def changed() -> list[str]:
    """Return the files that make the tree differ from the commit now, see `state`."""
    names = _git("diff", "HEAD", "--name-only", "--no-renames", "--relative", "-z", *_DIFF[_DIFF.index("--") :])
    return sorted({*_names(names), *_untracked()})


def _untracked() -> list[str]:
    return _names(_git("ls-files", "--others", "--exclude-standard", "-z", "--", *SOURCE))


def _names(listed: bytes | None) -> list[str]:
    return [name.decode("utf-8", "surrogateescape") for name in (listed or b"").split(b"\0") if name]


def tracked(commit: str, folders: Iterable[str]) -> list[str] | None:
    """Return the files of some folders at a commit, relative to the working folder; None: no such commit."""
    if not COMMIT.fullmatch(commit):
        return None
    names = _git("ls-tree", "-r", "-z", "--name-only", f"{commit}^{{commit}}", "--", *folders)
    return None if names is None else _names(names)


def at(commit: str, paths: Iterable[str]) -> Mapping[str, bytes] | None:
    """Return the content of files at a commit, without those that it does not hold; None: no such commit.

    Parameters
    ----------
    commit
        Its full hexadecimal name; whatever else is given is no commit.
    paths
        Relative to the working folder.
    """
    wanted = [path for path in paths if "\n" not in path]
    if not COMMIT.fullmatch(commit) or _git("cat-file", "-e", f"{commit}^{{commit}}") is None:
        return None
    asked = "".join(f"{commit}:./{path}\n" for path in wanted)
    answer = _git("cat-file", "--batch", given=asked.encode())
    return dict(_parse(answer or b"", wanted))


def holding(path: str, sha256: str) -> str | None:
    """Return the last commit, of those that changed a file, in which it has a certain content; None: none has."""
    listed = _git("rev-list", "--max-count=1000", "HEAD", "--", path) or b""
    for commit in listed.decode().split():
        content = (at(commit, [path]) or {}).get(path)
        if content is not None and hashlib.sha256(content).hexdigest() == sha256:
            return commit
    return None


def _parse(answer: bytes, wanted: list[str]) -> Iterable[tuple[str, bytes]]:
    """Yield path and content from what ``git cat-file --batch`` says: `<name> <type> <size>`, newline, content."""
    place = 0
    for path in wanted:
        end = answer.index(b"\n", place)
        header, place = answer[place:end], end + 1
        fields = header.split(b" ")
        if len(fields) != 3 or not fields[2].isdigit():  # "missing", for instance
            continue
        if fields[1] == b"blob":
            yield path, answer[place : place + int(fields[2])]
        place += int(fields[2]) + 1


def _git(*arguments: str, given: bytes | None = None) -> bytes | None:
    """Return what git says; None if it is not installed or refuses."""
    command = ["git", *_PLAIN, *arguments]
    try:
        done = subprocess.run(command, input=given, capture_output=True, check=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout
