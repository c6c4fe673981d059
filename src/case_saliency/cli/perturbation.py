"""What the fidelity stages share: a network, its images and their maps, measured batch by batch."""

import argparse
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from case_saliency.cli.arguments import add_input, setting
from case_saliency.cli.loading import add_images, load_batches, load_selection
from case_saliency.cli.maps import Maps, add_identity, find_maps, identify
from case_saliency.cli.networks import add_model, load_model
from case_saliency.cli.predicted import load_predictions
from case_saliency.errors import CaseSaliencyError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import torch

    from case_saliency.fidelity.confidence import PredictLogits
    from case_saliency.models.networks import LoadedModel


def add_perturbation(parser: argparse.ArgumentParser) -> None:
    """Declare the inputs of a fidelity stage."""
    add_identity(parser)
    add_input(parser, "--maps", "map files of all families, of the shards that hold the images (.nc)", many=True)
    add_images(parser)
    add_model(parser)
    add_input(parser, "--predictions", "predictions of the network (.parquet)")


def measured(
    arguments: argparse.Namespace,
    test: "Callable[[PredictLogits], Callable[..., pd.DataFrame]]",
    selected: "pd.DataFrame",
) -> "Iterator[pd.DataFrame]":
    """Yield the rows of a fidelity test over some images and all target layers, batch by batch.

    Parameters
    ----------
    arguments
        Those of `add_perturbation`, with the settings compute, dataset and methods.
    test
        The network's logits -> the test (`ConfidenceDrop`, `PerturbationCurves`).
    selected
        Rows of the manifest: the images, in order.
    """
    compute = setting(arguments.settings, "compute")
    model = load_model(arguments, compute["device"])
    device = next(model.module.parameters()).device
    fidelity = test(lambda images: model.module(images.to(device)))
    methods = setting(arguments.settings, "methods")
    for images, inputs, rows, layers in explained_batches(arguments, model, methods, selected):
        for layer, maps in layers.items():
            table = fidelity(
                inputs,
                maps,
                image_ids=images,
                class_index=rows[["top1", "top2"]].to_numpy(),
                qualified=rows["correct"].to_numpy(),
            )
            yield identify(table, arguments, layer=layer)


def explained_batches(
    arguments: argparse.Namespace,
    model: "LoadedModel",
    methods: Sequence[str],
    selected: "pd.DataFrame | None" = None,
) -> "Iterator[tuple[list[str], torch.Tensor, pd.DataFrame, dict[str, dict[str, np.ndarray[Any, Any]]]]]":
    """Yield image ids, network inputs, predictions, and layer -> method -> maps, batch by batch.

    `selected` are rows of the manifest; None: all images of the experiment.

    Raises
    ------
    CaseSaliencyError
        If there is no image, or one without maps.
    """
    batch_size = setting(arguments.settings, "compute")["batch_size"]
    selected = load_selection(arguments) if selected is None else selected
    predictions = load_predictions(arguments, selected["image_id"])
    found = find_maps(arguments.maps, methods)
    _check(found, list(selected["image_id"]))
    for images, inputs in load_batches(arguments, selected, model.transform, batch_size):
        maps: dict[str, dict[str, Any]] = defaultdict(dict)
        for layer, method, kept in found:
            maps[layer][method] = kept.read(images)
        yield images, inputs, predictions.loc[images], maps


def _check(found: Sequence[tuple[str, str, Maps]], wanted: Sequence[str]) -> None:
    """Refuse to measure no image, and images whose maps lie elsewhere, such as those of another shard."""
    if not wanted:
        raise CaseSaliencyError("there is no image to measure: the shard is empty; lower `shards` in params.yaml")
    for layer, method, maps in found:
        known = set(maps.images)
        if lacking := [image for image in wanted if image not in known]:
            raise CaseSaliencyError(
                f"--maps: {len(lacking)} of {len(wanted)} images have no map by {method} at {layer}, the first is "
                f"{lacking[0]!r}; name the map files of the same shard"
            )
