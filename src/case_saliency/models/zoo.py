"""The models by name: architecture, weights, target layers, and the images they expect.

Beside the models listed here there are the user's own, section `models` of params.yaml; functions take them as `own`.
Importing this module does not import torch.
"""

from collections.abc import Mapping
from typing import Any

from case_saliency.datasets import sources
from case_saliency.datasets.packages import PackagedFile
from case_saliency.errors import CaseSaliencyError
from case_saliency.models import declared, published, trainable
from case_saliency.models.spec import Built, DownloadedFile, LocalFile, ModelSpec, Trained, Weights

__all__ = [
    "MODELS",
    "Built",
    "DownloadedFile",
    "LocalFile",
    "ModelSpec",
    "PackagedFile",
    "Trained",
    "Weights",
    "find",
    "is_trained",
    "known",
]

Own = Mapping[str, Mapping[str, Any]]
"""The section `models` of params.yaml, or a part of it."""

MODELS: dict[str, ModelSpec] = {spec.name: spec for spec in (*published.SPECS, *trainable.SPECS)}


def known(own: Own) -> dict[str, ModelSpec]:
    """Return all models by name: those listed here, and the user's own."""
    return {**{name: declared.specify(name, told) for name, told in own.items()}, **MODELS}


def find(model: str, own: Own | None = None) -> ModelSpec:
    """Return the specification of a model.

    Raises
    ------
    CaseSaliencyError
        If the name is unknown; lists the known ones.
    """
    models = known(own or {})
    if model not in models:
        raise CaseSaliencyError(f"model {model!r} is unknown; known are: {', '.join(sorted(models))}")
    return models[model]


def is_trained(model: str, dataset: str, own: Own | None = None) -> bool:
    """Tell whether a model for a data set is trained here; if not, its weights are obtained.

    A network without published weights is trained from random numbers, one whose published weights know other classes
    is fine-tuned.

    Raises
    ------
    CaseSaliencyError
        If a name is unknown.
    """
    space = find(model, own).label_space
    return space is None or not sources.find(dataset).admits(space)
