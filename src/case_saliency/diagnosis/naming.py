"""What a user's names mean: which module holds a network, which methods are asked for. Imports no torch."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from case_saliency.attribution import registry
from case_saliency.attribution.registry import Method
from case_saliency.errors import CaseSaliencyError
from case_saliency.models import zoo

PROGRAM = ".pt2"
"""Ending of the file of an exported program."""


def model_module(model: str) -> str | None:
    """Return the module that holds the code of a network given by name; None for a file."""
    if model in zoo.MODELS:
        return zoo.find(model).builder.partition(":")[0]
    return None if Path(model).suffix == PROGRAM or ":" not in model else model.partition(":")[0]


def resolve(methods: Sequence[str | Mapping[str, Any]], controls: Sequence[str], seed: int) -> list[Method]:
    """Return the methods, then the controls that are not among them.

    A function `module:function` is called by the function's name, and the seed goes to methods that draw random numbers
    and name none.

    Raises
    ------
    CaseSaliencyError
        If no method is asked for, or one is unknown.

    Examples
    --------
    >>> [method.name for method in resolve(["case", "random"], ["random", "sobel"], seed=0)]
    ['case', 'random', 'sobel']
    """
    if not methods:
        raise CaseSaliencyError("methods: none are named; name some, such as gradcam,case")
    seeded = []
    for entry in (*methods, *(name for name in controls if name not in methods)):
        variant = _variant(entry)
        [method] = registry.resolve([variant])
        seeded.append({"seed": seed, **variant} if "seed" in method.parameters else variant)
    return registry.resolve(seeded)


def _variant(entry: str | Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(entry, str):
        return dict(entry)
    return {"name": entry.rpartition(":")[2].lower(), "method": entry}
