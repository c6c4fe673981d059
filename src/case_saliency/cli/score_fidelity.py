"""Score fidelity (RQ2): what a class loses when the top-k % pixels of its map, or of the other class's, are replaced.

The predicted and the second most likely class are explained, and both are followed through the same passes.
A job measures the images of one shard, from the map files of that shard alone.
Settings: dataset, compute (device, batch_size), k_percent, fill, methods (their order in the table), seed.
"""

import argparse

from case_saliency.cli.arguments import add_output, add_parameter, add_settings, setting
from case_saliency.cli.loading import load_selection
from case_saliency.cli.networks import network_modules
from case_saliency.cli.perturbation import add_perturbation, measured
from case_saliency.datasets import shards
from case_saliency.storage.parquet import writing_parquet

modules = network_modules


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_perturbation(parser)
    add_parameter(parser, "--shard", "which part of the images: INDEX-of-COUNT, 0-of-1 for all")
    add_settings(parser, "dataset, compute, k_percent, fill, methods, seed")
    add_output(parser, "--scores", "table to write, one row for each image, method, target, fill and k (.parquet)")


def run(arguments: argparse.Namespace) -> None:
    """Run the stage."""
    from case_saliency.fidelity.drop import COLUMNS, ConfidenceDrop

    settings = arguments.settings
    batch_size = setting(settings, "compute")["batch_size"]
    k_percents, fills = setting(settings, "k_percent"), setting(settings, "fill")
    seed = setting(settings, "seed")
    scores = measured(
        arguments,
        lambda predict_logits: ConfidenceDrop(
            predict_logits=predict_logits, k_percents=k_percents, fills=fills, seed=seed, batch_size=batch_size
        ),
        shards.take(load_selection(arguments), arguments.shard, batch_size),
    )
    with writing_parquet(arguments.scores) as write:
        for table in scores:
            write(table[list(COLUMNS)])
