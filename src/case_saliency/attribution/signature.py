"""Read a method's parameters from its source text, without importing it (importing torch takes seconds)."""

import ast
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from case_saliency.errors import CaseSaliencyError


@dataclass(frozen=True)
class Parameter:
    """A keyword-only parameter of a method: its default, and its choices if annotated as `Literal[...]`."""

    default: Any
    choices: tuple[Any, ...] | None = None


@lru_cache
def parameters(target: str) -> Mapping[str, Parameter]:
    """Return the keyword-only parameters of the function `target`, a string `module:function`.

    Raises
    ------
    CaseSaliencyError
        If the module or the function does not exist, or a parameter has no literal default.
    """
    module, _, name = target.partition(":")
    source = ast.parse(_source(target, module))
    for node in source.body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return _keyword_only(target, node, source)
    raise CaseSaliencyError(f"method {target!r}: {module} defines no function {name!r}; check the spelling")


def _source(target: str, module: str) -> str:
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        spec = None
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        raise CaseSaliencyError(
            f"method {target!r}: no Python module {module!r} is found; put its folder on PYTHONPATH or install it"
        )
    return Path(spec.origin).read_text(encoding="utf-8")


def _keyword_only(target: str, function: ast.FunctionDef, source: ast.Module) -> dict[str, Parameter]:
    found: dict[str, Parameter] = {}
    for argument, default in zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True):
        try:
            value = ast.literal_eval(default) if default is not None else ...
        except ValueError:
            value = ...
        if value is ...:
            raise CaseSaliencyError(
                f"method {target!r}: parameter {argument.arg!r} has no literal default; write one (a number, string, "
                "boolean or None), so that it can be recorded"
            )
        found[argument.arg] = Parameter(value, _choices(argument.annotation, source))
    return found


def _choices(annotation: ast.expr | None, source: ast.Module) -> tuple[Any, ...] | None:
    """Return the alternatives of an annotation `Literal[...]`, or of a name for one; None for any other annotation."""
    if isinstance(annotation, ast.Name):
        return _named_choices(annotation.id, source)
    if not isinstance(annotation, ast.Subscript) or ast.unparse(annotation.value) not in {"Literal", "typing.Literal"}:
        return None
    alternatives = ast.literal_eval(annotation.slice)
    return alternatives if isinstance(alternatives, tuple) else (alternatives,)


def _named_choices(name: str, source: ast.Module) -> tuple[Any, ...] | None:
    """Look a type's name up where `source` assigns it or imports it from."""
    for node in source.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            return _choices(node.value, source)
        if isinstance(node, ast.ImportFrom) and node.module and name in [alias.name for alias in node.names]:
            return _named_choices(name, ast.parse(_source(name, node.module)))
    return None
