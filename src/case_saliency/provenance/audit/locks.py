"""The outputs that a file of DVC's tells of, read as untrusted data.

A dvc.lock of some thousand lines takes Python's own YAML reader seconds, and the C library's overflows the stack on
absurd nesting where it builds objects. So its parser, which needs no stack, tells the events, and nothing is built of
them but what is looked for.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from case_saliency.provenance.audit.parsing import DEPTH, UnreadableError


@dataclass
class _Open:
    """An open mapping or list: whether it is an output, and the key of what comes next (None: it is a key)."""

    is_mapping: bool
    is_output: bool
    key: str | None


def outputs(content: bytes) -> Iterator[tuple[str, str]]:
    """Yield path and MD5 of every output in a dvc.lock (stages) or a .dvc file (outs).

    An output on a remote has another hash than MD5 and is left out.

    Raises
    ------
    UnreadableError
        If it is no YAML, not a mapping, or nested too deeply; if it holds aliases, which DVC does not write.

    Examples
    --------
    >>> list(outputs(b"outs: [{md5: '00', path: a}]"))
    [('a', '00')]
    """
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        yield from _walk(yaml.parse(content, Loader=loader))
    except (yaml.YAMLError, ValueError) as error:
        if isinstance(error, UnreadableError):
            raise
        raise UnreadableError((str(error) or type(error).__name__).splitlines()[0]) from error


def _walk(events: Iterator[Any]) -> Iterator[tuple[str, str]]:
    """Follow the events of a document, with the keys under which the open mappings and lists lie."""
    import yaml

    opened: list[_Open] = []
    entry: dict[str, str] = {}
    for event in events:
        inner = opened[-1] if opened else None
        if isinstance(event, yaml.ScalarEvent) and inner is not None:
            if inner.is_mapping and inner.key is None:
                inner.key = event.value
                continue
            if inner.is_output:
                entry[str(inner.key)] = event.value
        elif isinstance(event, yaml.CollectionStartEvent):
            _refuse(inner, len(opened))
            opened.append(_begin(opened, is_mapping=isinstance(event, yaml.MappingStartEvent)))
            entry = {} if opened[-1].is_output else entry
            continue
        elif isinstance(event, yaml.CollectionEndEvent):
            if opened.pop().is_output and {"path", "md5"} <= entry.keys():
                yield entry["path"], entry["md5"]
            inner = opened[-1] if opened else None
        elif isinstance(event, yaml.NodeEvent):  # an alias, or text alone
            raise UnreadableError("it is no mapping, or holds an alias")
        if inner is not None and inner.is_mapping:
            inner.key = None


def _refuse(inner: _Open | None, depth: int) -> None:
    if depth >= DEPTH:
        raise UnreadableError("it is nested too deeply")
    if inner is not None and inner.is_mapping and inner.key is None:
        raise UnreadableError("it has a key that is no text")


def _begin(opened: list[_Open], *, is_mapping: bool) -> _Open:
    """Open a mapping or a list; a mapping in the list `outs`, of a stage or of the document, is an output."""
    if not opened and not is_mapping:
        raise UnreadableError("it is no mapping")
    keys = [one.key for one in opened]
    listed = keys[-2:] == ["outs", ""] and (len(keys) == 2 or (len(keys) == 4 and keys[0] == "stages"))
    return _Open(is_mapping, is_mapping and listed, None if is_mapping else "")
