"""Records as untrusted data: read within limits, checked for type, and never a path that leaves the repository."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from case_saliency.provenance.audit.parsing import UnreadableError, parse

LIMIT = 32 * 2**20
"""Bytes of a record, and of any other file of records, that is read."""


@dataclass(frozen=True)
class Entry:
    """A file as a record names it: role (an option's name), path, hash and size in bytes."""

    role: str
    path: str
    sha256: str
    bytes: int


@dataclass(frozen=True)
class Run:
    """A record, with its own path and the SHA-256 of its bytes. Attributes as in `docs/provenance.md`."""

    record: str
    record_sha256: str
    id: str
    stage: str
    status: str
    command: tuple[str, ...]
    parameters: Mapping[str, Any]
    inputs: tuple[Entry, ...]
    outputs: tuple[Entry, ...]
    code: Mapping[str, str]
    started: str
    ended: str
    commit: str | None
    dirty: bool | None
    diff_sha256: str | None
    workflow: str | None
    params_sha256: str | None
    lock_sha256: str | None
    environment: str | None
    seeds: Mapping[str, Any]
    machine: Mapping[str, Any]
    versions: Mapping[str, Any]


def load(path: Path, name: str) -> Run:
    """Read one record; `name` is how it is called.

    Raises
    ------
    UnreadableError
        Whatever is wrong with the file or its content.
    """
    content = read(path)
    body = parse(content)
    git, source = _mapping(body, "git"), _mapping(body, "source")
    return Run(
        record=name,
        record_sha256=hashlib.sha256(content).hexdigest(),
        **{key: _text(body, key) for key in ("id", "stage", "status")},
        **{key: _time(body, key) for key in ("started", "ended")},
        command=tuple(_texts(body.get("command"), "command")),
        parameters=_mapping(body, "parameters"),
        inputs=_entries(body, "inputs"),
        outputs=_entries(body, "outputs"),
        code={str(file): _typed(digest, str, "code") for file, digest in _mapping(body, "code").items()},
        commit=_optional(git, "commit", str),
        dirty=_optional(git, "dirty", bool),
        diff_sha256=_optional(git, "diff_sha256", str),
        workflow=_optional(source, "workflow", str),
        params_sha256=_optional(source, "params_sha256", str),
        lock_sha256=_optional(body, "lock_sha256", str),
        environment=_optional(body, "environment", str),
        seeds=_mapping(body, "seeds"),
        machine=_mapping(body, "machine"),
        versions=_mapping(body, "versions"),
    )


def read(path: Path) -> bytes:
    """Return the content of a regular file of at most `LIMIT` bytes. A link, which may lead anywhere, is none.

    Raises
    ------
    UnreadableError
        If it is something else, or larger.
    """
    try:
        if path.is_symlink() or not path.is_file():
            raise UnreadableError("it is no regular file")
        if path.stat().st_size > LIMIT:
            raise UnreadableError(f"it is larger than {LIMIT} bytes")
        return path.read_bytes()
    except (OSError, ValueError) as error:
        raise UnreadableError(getattr(error, "strerror", None) or str(error)) from error


def leaves(path: str) -> bool:
    """Tell whether a path leaves the folder that it is relative to.

    Examples
    --------
    >>> [leaves(path) for path in ("results/a.png", "/etc/passwd", "results/../../a")]
    [False, True, True]
    """
    pure = PurePosixPath(path)
    return pure.is_absolute() or ".." in pure.parts or "\0" in path or path in {"", "."}


def _entries(body: Mapping[str, Any], key: str) -> tuple[Entry, ...]:
    listed = _typed(body.get(key), list, key)
    return tuple(
        Entry(
            role=_text(entry, "role"),
            path=_text(entry, "path"),
            sha256=_text(entry, "sha256"),
            bytes=_typed(entry.get("bytes"), int, f"{key}: bytes"),
        )
        for entry in listed
        if _typed(entry, dict, key) is not None
    )


def _texts(value: Any, key: str) -> list[str]:
    return [_typed(item, str, key) for item in _typed(value, list, key)]


def _text(body: Mapping[str, Any], key: str) -> str:
    return str(_typed(body.get(key), str, key))


def _mapping(body: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = _typed(body.get(key, {}), dict, key)
    return found


def _time(body: Mapping[str, Any], key: str) -> str:
    try:
        told = datetime.fromisoformat(_text(body, key))
    except ValueError as error:
        raise UnreadableError(f"{key}: {error}") from error
    if told.tzinfo is None:
        raise UnreadableError(f"{key}: a time without its zone")
    return _text(body, key)


def _optional(body: Mapping[str, Any], key: str, kind: type) -> Any:
    return None if body.get(key) is None else _typed(body[key], kind, key)


def _typed(value: Any, kind: type, key: str) -> Any:
    if not isinstance(value, kind):
        raise UnreadableError(f"{key}: {kind.__name__} expected, found {type(value).__name__}")
    return value
