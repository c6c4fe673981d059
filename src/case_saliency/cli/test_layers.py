"""Test layers: verdicts at every target layer, and paired differences from the main one.

Settings: diagnostic (alpha, threshold, zero_method, degenerate), layers (of each model; the first is the main one),
controls, seed.
"""

import argparse

from case_saliency import storage
from case_saliency.cli.arguments import add_input, add_output, add_settings, setting


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_input(parser, "--scores", "agreement at every layer, of every network (.parquet)", many=True)
    add_settings(parser, "diagnostic, layers, controls, seed")
    add_output(parser, "--table", "table to write, one row for each network, layer and method (.csv)")


def run(arguments: argparse.Namespace) -> None:
    """Run the stage."""
    import pandas as pd

    from case_saliency.statistics.layers import layers_table

    settings = arguments.settings
    diagnostic = setting(settings, "diagnostic")
    table = layers_table(
        pd.concat([storage.read_table(file) for file in arguments.scores], ignore_index=True),
        main_layers={model: names[0] for model, names in setting(settings, "layers").items()},
        controls=setting(settings, "controls"),
        alpha=diagnostic["alpha"],
        threshold=diagnostic["threshold"],
        zero_method=diagnostic["zero_method"],
        degenerate_policy=diagnostic["degenerate"],
        seed=setting(settings, "seed"),
    )
    storage.write_table(table, arguments.table)
