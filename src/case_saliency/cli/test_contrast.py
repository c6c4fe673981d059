"""Test contrast: verdicts of CASE by contrast set.

Settings: diagnostic (alpha, threshold, zero_method, degenerate), seed.
"""

import argparse

from case_saliency import storage
from case_saliency.cli.arguments import add_input, add_output, add_settings, setting


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_input(parser, "--scores", "agreement of every variant, on every network (.parquet)", many=True)
    add_settings(parser, "diagnostic, seed")
    add_output(parser, "--table", "table to write, one row for each network and variant (.csv)")


def run(arguments: argparse.Namespace) -> None:
    """Run the stage."""
    import pandas as pd

    from case_saliency.statistics.contrast import contrast_table

    diagnostic = setting(arguments.settings, "diagnostic")
    table = contrast_table(
        pd.concat([storage.read_table(file) for file in arguments.scores], ignore_index=True),
        alpha=diagnostic["alpha"],
        threshold=diagnostic["threshold"],
        zero_method=diagnostic["zero_method"],
        degenerate_policy=diagnostic["degenerate"],
        seed=setting(arguments.settings, "seed"),
    )
    storage.write_table(table, arguments.table)
