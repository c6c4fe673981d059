"""Score localization: the share of a class's map that lies in the class's own cell of a mosaic of four images.

Settings: seed, compute, attribution, dataset, layers, methods, localization (n_mosaics, min_confidence, size, methods).
"""

import argparse
from typing import TYPE_CHECKING

from case_saliency.cli import explaining
from case_saliency.cli.arguments import add_output, add_settings, setting
from case_saliency.cli.loading import load_batches, load_selection
from case_saliency.cli.maps import identify
from case_saliency.cli.networks import load_model
from case_saliency.storage.parquet import writing_parquet
from case_saliency.storage.tables import read_table

if TYPE_CHECKING:
    import torch

    from case_saliency.fidelity.mosaics import Mosaic
    from case_saliency.models.networks import LoadedModel


modules = explaining.modules_of("localization")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    explaining.configure(parser)
    add_settings(parser, "seed, compute, attribution, dataset, layers, methods, localization")
    add_output(parser, "--scores", "table to write, one row for each mosaic, cell and method (.parquet)")


def run(arguments: argparse.Namespace) -> None:
    """Run the stage."""
    from case_saliency.fidelity import mosaics
    from case_saliency.fidelity.localization import COLUMNS, score_localization

    settings = arguments.settings
    compute, chosen = setting(settings, "compute"), setting(settings, "localization")
    predictions = read_table(arguments.predictions)
    excluded = mosaics.exclusions(predictions, chosen["min_confidence"])
    predicted = dict(zip(predictions["image_id"], predictions["top1"], strict=True))
    pool = {image_id: predicted[image_id] for image_id, reason in excluded.items() if not reason}
    drawn = mosaics.draw(pool, chosen["n_mosaics"], setting(settings, "seed"))
    model = load_model(arguments, compute["device"])
    device = next(model.module.parameters()).device
    with writing_parquet(arguments.scores) as write:
        inputs = list(mosaics.batches(drawn, _images(arguments, drawn, model), chosen["size"], compute["batch_size"]))
        seen = mosaics.recognise(lambda images: model.module(images.to(device)), inputs, drawn)
        methods = explaining.listed_methods(settings, "localization")
        classes = {mosaic.name: mosaic.classes for mosaic in drawn}
        found = explaining.explainer(arguments, model, methods)(inputs, classes)
        height, width = inputs[0][1].shape[-2:]
        stated = {"size": chosen["size"], "height": height, "width": width, "min_confidence": chosen["min_confidence"]}
        for method in methods:
            for layer in (name for name in found.maps if method.name in found.maps[name]):
                contrast_sets = found.extras[layer][method.name].get("contrast_classes")
                table = score_localization(found.maps[layer][method.name], drawn, seen, excluded, contrast_sets)
                told = identify(table.assign(**stated), arguments, layer=layer, method=method.name)
                write(told[list(COLUMNS)])


def _images(arguments: argparse.Namespace, drawn: "list[Mosaic]", model: "LoadedModel") -> "dict[str, torch.Tensor]":
    """Image id -> the network's input, of the images that were drawn."""
    used = {image_id for mosaic in drawn for image_id in mosaic.image_ids}
    rows = load_selection(arguments)
    batch_size = setting(arguments.settings, "compute")["batch_size"]
    batches = load_batches(arguments, rows[rows["image_id"].isin(used)], model.transform, batch_size)
    return {image_id: image for image_ids, inputs in batches for image_id, image in zip(image_ids, inputs, strict=True)}
