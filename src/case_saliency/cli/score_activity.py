"""Score activity: how many channels of each target layer are active for an image.

Every target layer that the network's description names is measured, not only those that are explained.
Settings: dataset, compute (device, batch_size), activity (thresholds).
"""

import argparse

from case_saliency.cli import explaining
from case_saliency.cli.arguments import add_output, add_settings, setting
from case_saliency.cli.loading import load_batches, load_selection
from case_saliency.cli.maps import identify
from case_saliency.cli.networks import load_model, network_modules
from case_saliency.cli.predicted import load_predictions
from case_saliency.storage.tables import write_table

modules = network_modules


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    explaining.configure(parser)
    add_settings(parser, "dataset, compute, activity")
    add_output(parser, "--scores", "table to write, one row for each image, layer, kind and threshold (.parquet)")


def run(arguments: argparse.Namespace) -> None:
    """Run the stage."""
    import pandas as pd

    from case_saliency.diagnostic.activity import COLUMNS, pooled_activations, score_activity
    from case_saliency.models.depth import by_depth

    compute = setting(arguments.settings, "compute")
    model = load_model(arguments, compute["device"])
    batches = load_batches(arguments, load_selection(arguments), model.transform, compute["batch_size"])
    image_ids, found = pooled_activations(model.module, batches, by_depth(model.module, model.target_layers))
    predictions = load_predictions(arguments, image_ids)
    tables = []
    for (layer, kind), pooled in found.items():
        table = score_activity(
            pooled,
            image_ids=image_ids,
            labels=predictions["label"].to_numpy(),
            qualified=predictions["correct"].to_numpy(),
            kind=kind,
            thresholds=setting(arguments.settings, "activity")["thresholds"],
        )
        tables.append(identify(table, arguments, layer=layer)[list(COLUMNS)])
    write_table(pd.concat(tables, ignore_index=True), arguments.scores)
