"""Test agreement over the sweep of k and both resolutions, and average the other measures of likeness.

Settings: seed, controls, diagnostic (alpha, threshold, degenerate).
"""

import argparse

from case_saliency import storage
from case_saliency.cli.arguments import add_input, add_output, add_settings, setting


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_input(parser, "--scores", "similarity scores of all networks (.parquet)", many=True)
    add_settings(parser, "see above")
    add_output(parser, "--table", "table to write: one row for each network, method, measure, resolution and k (.csv)")


def run(arguments: argparse.Namespace) -> None:
    """Run the stage."""
    import pandas as pd

    from case_saliency.statistics.similarity import similarity_table

    settings = arguments.settings
    diagnostic = setting(settings, "diagnostic")
    table = similarity_table(
        pd.concat([storage.read_table(file) for file in arguments.scores], ignore_index=True),
        controls=set(setting(settings, "controls")),
        alpha=setting(diagnostic, "alpha"),
        threshold=setting(diagnostic, "threshold"),
        degenerate_policy=setting(diagnostic, "degenerate"),
        seed=setting(settings, "seed"),
    )
    storage.write_table(table, arguments.table)
