"""What the fidelity stages share: a network, its images and all their maps, measured batch by batch."""

import argparse
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from case_saliency import storage
from case_saliency.cli.arguments import add_input, setting
from case_saliency.cli.loading import add_images, add_model, load_batches, load_leading, load_model
from case_saliency.cli.maps import add_identity, identify, opened

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import torch

    from case_saliency.fidelity.confidence import PredictLogits
    from case_saliency.models.networks import LoadedModel


def add_perturbation(parser: argparse.ArgumentParser) -> None:
    """Declare the inputs of a fidelity stage."""
    add_identity(parser)
    add_input(parser, "--maps", "map files of all families and shards (.nc)", many=True)
    add_images(parser)
    add_model(parser)
    add_input(parser, "--predictions", "predictions of the network (.parquet)")


def measure(
    arguments: argparse.Namespace,
    test: "Callable[[PredictLogits], Callable[..., pd.DataFrame]]",
    n_images: int | None = None,
) -> "pd.DataFrame":
    """Return the rows of a fidelity test over the images and all target layers.

    Parameters
    ----------
    arguments
        Those of `add_perturbation`, with the settings compute, dataset and methods.
    test
        The network's logits -> the test (`ConfidenceDrop`, `PerturbationCurves`).
    n_images
        Take the images up to the n-th that the network classifies correctly; None: all.
    """
    import pandas as pd

    compute = setting(arguments.settings, "compute")
    model = load_model(arguments, compute["device"])
    device = next(model.module.parameters()).device
    fidelity = test(lambda images: model.module(images.to(device)))
    tables = []
    methods = setting(arguments.settings, "methods")
    for images, inputs, rows, layers in explained_batches(arguments, model, methods, n_images):
        for layer, maps in layers.items():
            table = fidelity(
                inputs,
                maps,
                image_ids=images,
                class_index=rows[["top1", "top2"]].to_numpy(),
                qualified=rows["correct"].to_numpy(),
            )
            tables.append(identify(table, arguments, layer=layer))
    return pd.concat(tables, ignore_index=True)


def explained_batches(
    arguments: argparse.Namespace, model: "LoadedModel", methods: Sequence[str], n_images: int | None = None
) -> "Iterator[tuple[list[str], torch.Tensor, pd.DataFrame, dict[str, dict[str, np.ndarray[Any, Any]]]]]":
    """Yield image ids, network inputs, predictions, and layer -> method -> maps, batch by batch."""
    predictions = storage.read_table(arguments.predictions).set_index("image_id")
    batch_size = setting(arguments.settings, "compute")["batch_size"]
    selected = load_leading(arguments, n_images)
    with opened(arguments.maps, methods) as found:
        for images, inputs in load_batches(arguments, selected, model.transform, batch_size):
            maps: dict[str, dict[str, Any]] = defaultdict(dict)
            for layer, method, kept in found:
                maps[layer][method] = kept.read(images)
            yield images, inputs, predictions.loc[images], maps
