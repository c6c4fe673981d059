"""A user's own networks, as section `models` of params.yaml declares them. Imports no torch, and none of their code."""

from collections.abc import Mapping
from typing import Any

from case_saliency.datasets.images import Transform
from case_saliency.datasets.labels import USER
from case_saliency.datasets.sources import DATASETS
from case_saliency.models.spec import Built, LocalFile, ModelSpec, Trained, Weights

_PREPARATION = ("input_size", "resize", "interpolation", "mean", "std")


def specify(name: str, told: Mapping[str, Any]) -> ModelSpec:
    """Return the specification of a network from its entry in params.yaml.

    Where the entry tells what the logits mean (`label_space`, or `n_classes` for classes of the user's folder), the
    weights are those of its file or, without one, those that the builder brings along. Where it does not, the network
    is trained from random numbers.

    Raises
    ------
    CaseSaliencyError
        If the preparation of images makes no sense.
    """
    space = told["label_space"] or (None if told["n_classes"] is None else USER)
    weights: Weights = Trained()
    if space is not None:
        weights = Built(told["builder"]) if told["weights"] is None else LocalFile(told["weights"])
    return ModelSpec(
        name=name,
        architecture=name,
        builder=told["builder"],
        weights=weights,
        target_layers=dict(told["layers"]),
        default_layer=next(iter(told["layers"])),
        transform=Transform.from_dict({key: told[key] for key in _PREPARATION}),
        licence="the user's",
        label_space=space,
        n_classes=told["n_classes"] if space == USER else _size(space),
        classifier=told.get("classifier"),
    )


def _size(space: str | None) -> int | None:
    return next((spec.n_classes for spec in DATASETS.values() if spec.label_space == space), None)
