"""Score activity: how many channels of each target layer are active for an image.

Every target layer that the network's description names is measured, not only those that are explained.
Settings: dataset, compute (device, batch_size), activity (thresholds).
"""

import argparse
from itertools import product

from case_saliency.cli import explaining
from case_saliency.cli.arguments import add_output, add_settings, setting
from case_saliency.cli.loading import load_batches, load_selection
from case_saliency.cli.maps import identify
from case_saliency.cli.networks import load_model, network_modules
from case_saliency.cli.predicted import load_predictions
from case_saliency.storage.parquet import writing_parquet

modules = network_modules


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    explaining.configure(parser)
    add_settings(parser, "dataset, compute, activity")
    add_output(parser, "--scores", "table to write, one row for each image, layer, kind and threshold (.parquet)")


def run(arguments: argparse.Namespace) -> None:
    """Run the stage."""
    from case_saliency.diagnostic.activity import COLUMNS, KINDS, ChannelActivity, pooled_activations
    from case_saliency.models.depth import by_depth

    compute = setting(arguments.settings, "compute")
    model = load_model(arguments, compute["device"])
    rows = load_selection(arguments)
    predictions = load_predictions(arguments, rows["image_id"])
    layers = by_depth(model.module, model.target_layers)
    thresholds = setting(arguments.settings, "activity")["thresholds"]
    activities = {place: ChannelActivity(thresholds) for place in product(layers, KINDS)}
    with writing_parquet(arguments.scores) as write:
        batches = load_batches(arguments, rows, model.transform, compute["batch_size"])
        for images, found in pooled_activations(model.module, batches, layers):
            known = predictions.loc[list(images)]
            for place, pooled in found.items():
                activities[place].add(pooled, known["label"].to_numpy(), known["correct"].to_numpy())
        for (layer, kind), activity in activities.items():
            of_images = (list(predictions.index), predictions["label"].to_numpy(), predictions["correct"].to_numpy())
            write(identify(activity.table(kind, *of_images), arguments, layer=layer)[list(COLUMNS)])
