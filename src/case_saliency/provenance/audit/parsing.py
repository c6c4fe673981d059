"""JSON as untrusted data: an object of bounded depth, with numbers and text that can be written again."""

import json
import math
import re
from typing import Any

DEPTH = 64
"""Levels of nesting that are read: whatever follows what is read may then be recursive."""
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
"""Halves of characters, which cannot be written anywhere; records are written without escapes."""


class UnreadableError(ValueError):
    """A record that is not what a run writes; the message says why."""


def parse(content: bytes) -> dict[str, Any]:
    """Return a JSON object.

    Raises
    ------
    UnreadableError
        If it is none, is nested deeper than `DEPTH`, or holds what is no text or no JSON (halves of characters, NaN,
        numbers without end).
    """
    if _SURROGATE.search(content):
        raise UnreadableError("it holds characters that are no text")
    try:
        body = json.loads(content, parse_constant=_refuse, parse_float=_finite)
    except RecursionError as error:
        raise UnreadableError("it is nested too deeply") from error
    except ValueError as error:
        raise UnreadableError(f"it is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise UnreadableError(f"a JSON object was expected, found {type(body).__name__}")
    if _depth(body) > DEPTH:
        raise UnreadableError("it is nested too deeply")
    return body


def _depth(body: Any) -> int:
    """Return how deeply objects and lists are nested, level by level."""
    depth, level = 0, [body]
    while level:
        inner = (child for node in level for child in (node.values() if isinstance(node, dict) else node))
        depth, level = depth + 1, [child for child in inner if isinstance(child, dict | list)]
    return depth


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refuse(text)


def _refuse(constant: str) -> Any:
    raise UnreadableError(f"{constant} is no JSON number")
