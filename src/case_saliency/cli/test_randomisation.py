"""Test randomisation: similarity of maps to those of the intact network, step by step.

Settings: diagnostic (alpha), controls.
"""

import argparse

from case_saliency import storage
from case_saliency.cli.arguments import add_input, add_output, add_settings, setting


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_input(parser, "--scores", "scores of all networks (.parquet)", many=True)
    add_settings(parser, "diagnostic, controls")
    add_output(parser, "--table", "table to write: one row for each network, method, step and measure (.csv)")


def run(arguments: argparse.Namespace) -> None:
    """Run the stage."""
    import pandas as pd

    from case_saliency.statistics.randomisation import randomisation_table

    table = randomisation_table(
        pd.concat([storage.read_table(file) for file in arguments.scores], ignore_index=True),
        controls=set(setting(arguments.settings, "controls")),
        alpha=setting(arguments.settings, "diagnostic")["alpha"],
    )
    storage.write_table(table, arguments.table)
