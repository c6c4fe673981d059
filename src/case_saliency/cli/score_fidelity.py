"""Score fidelity (RQ2): drop of the predicted class's confidence when the top-k % pixels of its map are replaced.

Settings: dataset, compute (device, batch_size), k_percent, fill, methods (their order in the table), seed.
"""

import argparse
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from case_saliency import storage
from case_saliency.cli.arguments import add_input, add_output, add_settings, setting
from case_saliency.cli.loading import add_images, add_model, load_batches, load_model, load_selection, network_modules
from case_saliency.cli.maps import add_identity, identify, read_layers

if TYPE_CHECKING:
    import numpy as np

modules = network_modules


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_identity(parser)
    add_input(parser, "--maps", "map files of all families and shards (.nc)", many=True)
    add_images(parser)
    add_model(parser)
    add_input(parser, "--predictions", "predictions of the network (.parquet)")
    add_settings(parser, "dataset, compute, k_percent, fill, methods, seed")
    add_output(parser, "--scores", "table to write, one row for each image, method, fill and k (.parquet)")


def run(arguments: argparse.Namespace) -> None:
    """Run the stage."""
    import pandas as pd

    from case_saliency.fidelity.drop import COLUMNS, ConfidenceDrop

    settings = arguments.settings
    compute = setting(settings, "compute")
    model = load_model(arguments, compute["device"])
    device = next(model.module.parameters()).device
    predictions = storage.read_table(arguments.predictions).set_index("image_id")
    layers = _first_target_maps(arguments)
    drop = ConfidenceDrop(
        predict_logits=lambda images: model.module(images.to(device)),
        k_percents=setting(settings, "k_percent"),
        fills=setting(settings, "fill"),
        seed=setting(settings, "seed"),
        batch_size=compute["batch_size"],
    )
    tables = []
    for images, inputs in load_batches(arguments, load_selection(arguments), model.transform, compute["batch_size"]):
        rows = predictions.loc[images]
        for layer, methods in layers.items():
            table = drop(
                inputs,
                {method: _rows(*found, images) for method, found in methods.items()},
                image_ids=images,
                class_index=rows["top1"].to_numpy(),
                qualified=rows["correct"].to_numpy(),
            )
            tables.append(identify(table, arguments, layer=layer)[list(COLUMNS)])
    storage.write_table(pd.concat(tables, ignore_index=True), arguments.scores)


def _first_target_maps(
    arguments: argparse.Namespace,
) -> "dict[str, dict[str, tuple[dict[str, int], np.ndarray[Any, Any]]]]":
    """Layer -> method -> (position of each image, maps of the predicted class)."""
    layers: dict[str, dict[str, Any]] = defaultdict(dict)
    for layer, method, images, maps in read_layers(arguments.maps, setting(arguments.settings, "methods")):
        layers[layer][method] = ({name: position for position, name in enumerate(images)}, maps[:, 0])
    return layers


def _rows(positions: dict[str, int], maps: "np.ndarray[Any, Any]", images: list[str]) -> "np.ndarray[Any, Any]":
    return maps[[positions[image] for image in images]]
