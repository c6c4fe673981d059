"""Checks of section `models` of params.yaml, before any job: names, paths, and the text of the user's module."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from case_saliency.datasets.labels import USER
from case_saliency.datasets.sources import DATASETS
from case_saliency.errors import CaseSaliencyError
from case_saliency.models import declared
from case_saliency.models.spec import FORMATS, LocalFile, ModelSpec
from case_saliency.provenance.code import closure

_WRITTEN = ("data", "logs", "models", "results")  # folders that the workflow fills
_RESERVED = "default"  # stands for every model, in `training` and in `layers`


def problems(models: Mapping[str, Mapping[str, Any]], taken: Mapping[str, ModelSpec]) -> Iterator[str]:
    """Yield what is wrong with section `models`; `taken` holds the networks whose names are given away."""
    folders = {name.casefold(): name for name in (*taken, _RESERVED)}  # some file systems know no capitals
    for name, told in models.items():
        here = f"models.{name}"
        if (other := folders.setdefault(name.casefold(), name)) != name or name in (*taken, _RESERVED):
            yield f"{here}: the name is that of {other!r}; choose another"
        yield from (f"{here}.{problem}" for problem in (*_class_problems(told), *_file_problems(told["weights"])))
        if problem := builder_problem(told["builder"]):
            yield f"{here}.builder: {problem}"
        try:
            declared.specify(name, told)
        except CaseSaliencyError as error:
            yield f"{here}: {error}"


def missing(spec: ModelSpec) -> str | None:
    """Return what is wrong if the file of a network's weights is not there."""
    if not isinstance(spec.weights, LocalFile) or Path(spec.weights.path).expanduser().is_file():
        return None
    return f"models.{spec.name}.weights: no file {spec.weights.path}, seen from {Path.cwd()}; correct the path"


def builder_problem(builder: str) -> str | None:
    """Return what is wrong with `module:function`, read from the module's text."""
    module, _, function = builder.partition(":")
    try:
        found = closure([module]).files
    except (CaseSaliencyError, SyntaxError, ValueError) as error:
        return str(error).splitlines()[0]
    ending = Path(*module.split("."))
    file = next((path for path in found if path.with_suffix("").parts[-len(ending.parts) :] == ending.parts), None)
    if file is not None and function not in _bound(file):
        return f"{module} defines no {function!r}; check the spelling"
    return None


def _bound(file: Path) -> set[str]:
    """Return the names that a module binds at its top level."""
    names: set[str] = set()
    for node in ast.parse(file.read_bytes()).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return names


def _class_problems(told: Mapping[str, Any]) -> Iterator[str]:
    spaces = sorted({spec.label_space for spec in DATASETS.values()} - {USER})
    space, n_classes = told["label_space"], told["n_classes"]
    if space is not None and space not in spaces:
        yield f"label_space: {space!r} is not a label space; choose one of {', '.join(spaces)}, or use null"
    elif space is not None and n_classes is not None:
        yield f"n_classes: {n_classes} found beside label_space {space!r}, which tells it; use null"
    elif space is None and n_classes is None and told["weights"] is not None:
        yield "label_space: null found, but the weights tell classes apart; name their label space, or give n_classes"


def _file_problems(weights: str | None) -> Iterator[str]:
    if weights is None:
        return
    path = Path(weights).expanduser()
    if path.suffix not in FORMATS:
        yield f"weights: {weights!r} found; a file {', '.join(FORMATS)} is expected, others are not read"
    inside = Path(path.absolute()).resolve()
    if any(inside.is_relative_to(Path.cwd().resolve() / folder) for folder in _WRITTEN):
        yield f"weights: {weights} lies in a folder that the workflow writes; copy it elsewhere"
