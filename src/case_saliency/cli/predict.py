"""Predict: top-1 and top-2 class, logits and probabilities of every selected image.

Settings: compute (device, batch_size).
"""

import argparse
import logging

from case_saliency.cli.arguments import add_output, add_settings, setting
from case_saliency.cli.loading import add_images, load_batches, load_selection
from case_saliency.cli.networks import add_model, load_model, network_modules
from case_saliency.storage.tables import write_table

modules = network_modules


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_images(parser)
    add_model(parser)
    add_settings(parser, "compute")
    add_output(parser, "--predictions", "table to write, one row for each image (.parquet)")


def run(arguments: argparse.Namespace) -> None:
    """Run the stage."""
    from case_saliency.models import predict

    compute = setting(arguments.settings, "compute")
    model = load_model(arguments, compute["device"])
    rows = load_selection(arguments)
    batches = load_batches(arguments, rows, model.transform, compute["batch_size"])
    table = predict.predict(model.module, batches, dict(zip(rows["image_id"], rows["label"], strict=True)))
    write_table(table, arguments.predictions)
    logging.getLogger(__name__).info("%d of %d images classified correctly", table["correct"].sum(), len(table))
