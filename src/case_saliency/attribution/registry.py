"""Read a user's list of methods: registered names, variants of them, and functions of the user's. Imports no torch."""

import difflib
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from case_saliency.attribution import signature
from case_saliency.attribution.entries import ENTRIES, FAMILIES, Entry, Space
from case_saliency.errors import CaseSaliencyError

__all__ = ["ENTRIES", "FAMILIES", "NOTE", "Entry", "Method", "modules", "resolve"]

_NAME = re.compile(r"[a-z][a-z0-9_]*")
NOTE = "__"
"""Stands in a map file between a method's name and that of what it notes beside its maps."""
_RESERVED = ("name", "method", "family")


@dataclass(frozen=True)
class Method:
    """A method with all its parameters fixed, under the name that its maps carry.

    `requires` holds what the method needs beside the model and the images: `{"confusion"}` or nothing.
    """

    name: str
    base: str
    family: str
    target: str
    parameters: Mapping[str, Any]
    requires: frozenset[str]
    space: Space
    citation: str


def resolve(variants: Iterable[str | Mapping[str, Any]]) -> list[Method]:
    """Turn a list of method names and variants into methods, in the same order.

    Parameters
    ----------
    variants
        Each a registered name, or a mapping with `name` (new, or that of `method`), `method` (a registered name or
        `module:function`; left out, it is `name`), optionally `family` (for `module:function`; "pixel" says that the
        maps belong to the input, not to a layer; the default is "gradient"), and any of the method's parameters.

    Raises
    ------
    CaseSaliencyError
        If a name is unknown, malformed or used twice, a parameter is unknown or has a value of the wrong kind.

    Examples
    --------
    >>> [case] = resolve([{"name": "case_five", "method": "case", "k": 5}])
    >>> case.base, case.parameters["k"], case.parameters["source"]
    ('case', 5, 'logits')
    >>> resolve(["gradcan"])
    Traceback (most recent call last):
    case_saliency.errors.CaseSaliencyError: methods: unknown method 'gradcan'; did you mean 'gradcam'?
    """
    methods = [_resolve_one(variant) for variant in variants]
    names = [method.name for method in methods]
    for name in names:
        if names.count(name) > 1:
            raise CaseSaliencyError(f"methods: name {name!r} is used {names.count(name)} times; give each a name")
    return methods


def modules(methods: Iterable[Method]) -> list[str]:
    """Return the dotted names of the modules that implement `methods`, sorted, each once."""
    return sorted({method.target.partition(":")[0] for method in methods})


def _resolve_one(variant: str | Mapping[str, Any]) -> Method:
    settings = {"name": variant} if isinstance(variant, str) else dict(variant)
    base = settings.get("method", settings.get("name"))
    name = settings.get("name", base)
    if not isinstance(base, str) or not isinstance(name, str):
        raise CaseSaliencyError(f"methods: {variant!r} names no method; write a name, or a mapping with `method`")
    entry = _entry(base, settings.get("family", "gradient"))
    if not _NAME.fullmatch(name) or NOTE in name:
        raise CaseSaliencyError(
            f"methods: name {name!r} is not lower-case letters, digits and single underscores; give `name`, such as "
            "my_cam"
        )
    if base in ENTRIES and "family" in settings:
        raise CaseSaliencyError(f"method {name}: `family` is only for module:function methods; remove it")
    given = {key: value for key, value in settings.items() if key not in _RESERVED}
    declared = signature.parameters(entry.target)
    for key, value in given.items():
        _check(name, key, value, declared)
    parameters = entry.parameters | given
    requires = frozenset({"confusion"} if parameters.get("source") == "confusion" else ())
    return Method(name, base, entry.family, entry.target, parameters, requires, entry.space, entry.citation)


def _entry(base: str, family: str) -> Entry:
    if base in ENTRIES:
        return ENTRIES[base]
    if ":" not in base:
        raise CaseSaliencyError(f"methods: unknown method {base!r}; {_suggest(base, list(ENTRIES))}")
    if family not in FAMILIES:
        raise CaseSaliencyError(f"method {base}: unknown family {family!r}; {_suggest(family, FAMILIES)}")
    return Entry(family, base, "a user's method", "user", "input" if family == "pixel" else "layer")


def _check(method: str, key: str, value: Any, declared: Mapping[str, signature.Parameter]) -> None:
    if key not in declared:
        raise CaseSaliencyError(f"method {method}: unknown parameter {key!r}; {_suggest(key, list(declared))}")
    default, choices = declared[key].default, declared[key].choices
    if choices is not None:
        if value not in choices:
            raise CaseSaliencyError(f"method {method}: {key} is {value!r}; {_suggest(str(value), choices)}")
    elif isinstance(default, bool) or isinstance(value, bool):
        if type(value) is not type(default):
            raise CaseSaliencyError(f"method {method}: {key} is {value!r}, {type(default).__name__} expected")
    elif isinstance(default, int):
        # A count that is positive by default is never zero or negative.
        if not isinstance(value, int) or value < min(default, 1):
            raise CaseSaliencyError(f"method {method}: {key} is {value!r}, an integer >= {min(default, 1)} expected")
    elif isinstance(default, float) and not (isinstance(value, int | float) and math.isfinite(value)):
        raise CaseSaliencyError(f"method {method}: {key} is {value!r}, a finite number expected")


def _suggest(word: str, known: Sequence[Any]) -> str:
    close = difflib.get_close_matches(word, [str(option) for option in known], n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"known: {', '.join(str(option) for option in known)}" if known else "it takes no parameters"
