"""Test activity: active channels of each layer, as counts and as fractions, with intervals.

Settings: diagnostic (alpha), seed.
"""

import argparse

from case_saliency import storage
from case_saliency.cli.arguments import add_input, add_output, add_settings, setting


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_input(parser, "--scores", "channel activity of every network (.parquet)", many=True)
    add_settings(parser, "diagnostic, seed")
    add_output(parser, "--table", "table to write, one row for each network, layer, kind and threshold (.csv)")


def run(arguments: argparse.Namespace) -> None:
    """Run the stage."""
    import pandas as pd

    from case_saliency.statistics.activity import activity_table

    settings = arguments.settings
    scores = pd.concat([storage.read_table(file) for file in arguments.scores], ignore_index=True)
    table = activity_table(scores, alpha=setting(settings, "diagnostic")["alpha"], seed=setting(settings, "seed"))
    storage.write_table(table, arguments.table)
