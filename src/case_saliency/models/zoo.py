"""The models by name: architecture, weights, target layers, and the images they expect.

Importing this module does not import torch.
"""

from case_saliency.datasets import sources
from case_saliency.datasets.packages import PackagedFile
from case_saliency.errors import CaseSaliencyError
from case_saliency.models import published, trainable
from case_saliency.models.spec import DownloadedFile, ModelSpec, Trained, Weights

__all__ = ["MODELS", "DownloadedFile", "ModelSpec", "PackagedFile", "Trained", "Weights", "find", "is_trained"]

MODELS: dict[str, ModelSpec] = {spec.name: spec for spec in (*published.SPECS, *trainable.SPECS)}


def find(model: str) -> ModelSpec:
    """Return the specification of a model.

    Raises
    ------
    CaseSaliencyError
        If the name is unknown; lists the known ones.
    """
    if model not in MODELS:
        raise CaseSaliencyError(f"model {model!r} is unknown; known are: {', '.join(sorted(MODELS))}")
    return MODELS[model]


def is_trained(model: str, dataset: str) -> bool:
    """Tell whether a model for a data set is trained here; if not, its weights are obtained.

    A network without published weights is trained from random numbers, one whose published weights know other classes
    is fine-tuned.

    Raises
    ------
    CaseSaliencyError
        If a name is unknown.
    """
    known = find(model).label_space
    return known is None or not sources.find(dataset).admits(known)
