"""Score perturbation curves (RQ2): the confidence while pixels go, or come, in the order of a map.

The map of the predicted class is followed; the second most likely class is read from the same passes.
Settings: dataset, compute (device, batch_size), curves (kinds, steps, n_images), methods (their order in the table),
seed.
"""

import argparse

from case_saliency.cli.arguments import add_output, add_settings, setting
from case_saliency.cli.loading import load_leading, load_selection
from case_saliency.cli.networks import network_modules
from case_saliency.cli.perturbation import add_perturbation, measured
from case_saliency.cli.predicted import load_predictions
from case_saliency.storage.parquet import writing_parquet

modules = network_modules


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_perturbation(parser)
    add_settings(parser, "dataset, compute, curves, methods, seed")
    add_output(parser, "--scores", "table to write, one row for each image, method, curve and step (.parquet)")


def run(arguments: argparse.Namespace) -> None:
    """Run the stage."""
    from case_saliency.fidelity.curves import COLUMNS, PerturbationCurves

    settings = arguments.settings
    chosen = setting(settings, "curves")
    load_predictions(arguments, load_selection(arguments)["image_id"])  # one that is lacking is named here
    scores = measured(
        arguments,
        lambda predict_logits: PerturbationCurves(
            predict_logits=predict_logits,
            curves=chosen["kinds"],
            steps=chosen["steps"],
            seed=setting(settings, "seed"),
            batch_size=setting(settings, "compute")["batch_size"],
        ),
        load_leading(arguments, chosen["n_images"]),
    )
    with writing_parquet(arguments.scores) as write:
        for table in scores:
            write(table[list(COLUMNS)])
