"""Attribute: saliency maps of one family of methods, for the two most likely classes of every image.

One forward pass of each image serves all methods of the family and all target layers.
Settings: compute (device, batch_size), attribution (batch_size, memory_mb, precision, deterministic), layers, methods.
"""

import argparse
import logging
from collections.abc import Mapping
from contextlib import closing
from typing import Any

from case_saliency.attribution import registry
from case_saliency.cli.arguments import add_input, add_output, add_parameter, add_settings, setting
from case_saliency.cli.loading import add_confusion, add_images, load_batches, load_confusion, load_selection
from case_saliency.cli.networks import add_model, load_model, network_modules
from case_saliency.cli.predicted import load_predictions
from case_saliency.datasets import shards
from case_saliency.errors import CaseSaliencyError
from case_saliency.storage.map_writer import map_writer

TARGETS = ("top1", "top2")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_images(parser)
    add_model(parser)
    add_input(parser, "--predictions", "predictions of the network (.parquet)")
    add_confusion(parser)
    add_parameter(parser, "--shard", "which part of the images: INDEX-of-COUNT, 0-of-1 for all")
    add_settings(parser, "compute, attribution, layers, methods")
    add_output(parser, "--maps", "map file to write (.nc)")


def modules(arguments: argparse.Namespace) -> list[str]:
    """Return the modules loaded by name: the methods and the network."""
    methods = registry.resolve(setting(arguments.settings, "methods"))
    return [*registry.modules(methods), *network_modules(arguments)]


def run(arguments: argparse.Namespace) -> None:
    """Run the stage."""
    from case_saliency.attribution import devices, engine

    compute = setting(arguments.settings, "compute")
    model = load_model(arguments, compute["device"])
    rows = shards.take(load_selection(arguments), arguments.shard, compute["batch_size"])
    if rows.empty:
        raise CaseSaliencyError(f"shard {arguments.shard} holds no image; lower `shards` in params.yaml")
    predictions = load_predictions(arguments, rows["image_id"])
    parts = engine.attribute_parts(
        model.module,
        load_batches(arguments, rows, model.transform, compute["batch_size"]),
        dict(zip(predictions.index, predictions[list(TARGETS)].to_numpy().tolist(), strict=True)),
        {layer: model.target_layers[layer] for layer in setting(arguments.settings, "layers")},
        registry.resolve(setting(arguments.settings, "methods")),
        confusion=load_confusion(arguments),
        settings=devices.Settings(**setting(arguments.settings, "attribution")),
    )
    with closing(parts), map_writer(arguments.maps, rows["image_id"].tolist()) as writer:
        for part in parts:
            writer.append(part.datasets(TARGETS))
    _tell(part.attributes)


def _tell(attributes: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> None:
    """Say what a reader of the maps should know: methods that coincide, contrast sets that are filled, empty maps."""
    log = logging.getLogger(__name__)
    for layer, methods in attributes.items():
        for method, facts in methods.items():
            if facts["coincides_with"]:
                said = "%s at %s draws the same maps as %s on this network: count them once"
                log.warning(said, method, layer, facts["coincides_with"])
            if "contrast_filled" in facts:
                said = "%s at %s: %.1f%% of the contrast classes were never confused, they fill short rows"
                log.info(said, method, layer, 100 * facts["contrast_filled"])
    for layer, methods in attributes.items():
        for method, facts in methods.items():
            counts = {kind: facts[f"n_{kind}"] for kind in ("constant", "nan", "zero")}
            said = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)
            if said:
                log.warning("%s at %s: maps that say nothing: %s", method, layer, said)
