"""What the stages share that draw further maps: which methods, and the engine with the experiment's settings."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from case_saliency.attribution import registry
from case_saliency.cli.arguments import setting

if TYPE_CHECKING:
    import numpy as np
    import torch

    from case_saliency.models.networks import LoadedModel

    Batches = Sequence[tuple[list[str], torch.Tensor]]
    Explain = Callable[[Batches, Mapping[str, Sequence[int]]], dict[str, dict[str, np.ndarray[Any, Any]]]]


def listed_methods(settings: dict[str, Any], analysis: str) -> list[registry.Method]:
    """Return the experiment's methods that the analysis lists; all where its `methods` is null."""
    names = setting(settings, analysis)["methods"]
    methods = registry.resolve(setting(settings, "methods"))
    return [method for method in methods if names is None or method.name in names]


def explainer(settings: dict[str, Any], model: "LoadedModel", methods: Sequence[registry.Method]) -> "Explain":
    """Return the function: batches, and image id -> classes, to layer -> method -> maps (N, T, h, w)."""
    from case_saliency.attribution import devices, engine

    layers = {layer: model.target_layers[layer] for layer in setting(settings, "layers")}
    chosen = devices.Settings(**setting(settings, "attribution"))

    def explain(
        batches: "Batches", classes: Mapping[str, Sequence[int]]
    ) -> "dict[str, dict[str, np.ndarray[Any, Any]]]":
        return engine.attribute(model.module, batches, classes, layers, methods, settings=chosen).maps

    return explain
