"""Estimate confusions: what a network takes the images of each class for, counted on the held-out split.

Settings: compute (device, batch_size).
"""

import argparse
import logging

from case_saliency import storage
from case_saliency.cli.arguments import add_input, add_output, add_settings, setting
from case_saliency.cli.loading import load_batches
from case_saliency.cli.networks import add_model, load_model, network_modules

modules = network_modules
SPLIT = "heldout"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_input(parser, "--manifest", "manifest of the data set; the images lie beside it")
    add_model(parser)
    add_settings(parser, "compute")
    add_output(parser, "--confusion", "counts to write, rows the true class (.npy)")
    add_output(parser, "--mean-softmax", "mean probabilities to write, rows the true class (.npy)")


def run(arguments: argparse.Namespace) -> None:
    """Run the stage."""
    from case_saliency.datasets import selection
    from case_saliency.models import confusion

    compute = setting(arguments.settings, "compute")
    model = load_model(arguments, compute["device"])
    rows = selection.select(storage.read_csv(arguments.manifest), n_images=None, seed=0, split=SPLIT)
    batches = load_batches(arguments, rows, model.transform, compute["batch_size"])
    labels = dict(zip(rows["image_id"], rows["label"], strict=True))
    found = confusion.estimate(model.module, batches, labels, int(model.description["n_classes"]))
    storage.write_matrix(found.counts, arguments.confusion)
    storage.write_matrix(found.mean_softmax, arguments.mean_softmax)
    correct = int(found.counts.diagonal().sum())
    said = "%d of %d held-out images classified correctly; %d of %d classes were taken for fewer than 3 others"
    logging.getLogger(__name__).info(said, correct, len(rows), found.short_rows(3), len(found.counts))
