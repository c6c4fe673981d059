"""Test the circularity of CASE: how much of its low agreement is left when the compared classes are held out.

Settings: seed, diagnostic (alpha, threshold, degenerate), fidelity (measure).
"""

import argparse

from case_saliency import storage
from case_saliency.cli.arguments import add_input, add_output, add_settings, setting


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_input(parser, "--scores", "circularity scores of all networks (.parquet)", many=True)
    add_settings(parser, "see above")
    add_output(parser, "--table", "table to write: one row for each network, variant and setting of the drops (.csv)")


def run(arguments: argparse.Namespace) -> None:
    """Run the stage."""
    import pandas as pd

    from case_saliency.statistics.circularity import circularity_table

    diagnostic = setting(arguments.settings, "diagnostic")
    table = circularity_table(
        pd.concat([storage.read_table(file) for file in arguments.scores], ignore_index=True),
        alpha=diagnostic["alpha"],
        threshold=diagnostic["threshold"],
        measure=setting(arguments.settings, "fidelity")["measure"],
        degenerate_policy=diagnostic["degenerate"],
        seed=setting(arguments.settings, "seed"),
    )
    storage.write_table(table, arguments.table)
