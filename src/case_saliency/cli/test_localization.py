"""Test localization: mean shares of the classes' own cells, against chance and against the reference method.

Settings: controls, diagnostic (alpha), fidelity (reference).
"""

import argparse

from case_saliency import storage
from case_saliency.cli.arguments import add_input, add_output, add_settings, setting


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_input(parser, "--scores", "localization scores of all networks (.parquet)", many=True)
    add_settings(parser, "controls, diagnostic, fidelity")
    add_output(parser, "--table", "table to write: one row for each network, layer and method (.csv)")


def run(arguments: argparse.Namespace) -> None:
    """Run the stage."""
    import pandas as pd

    from case_saliency.statistics.localization import localization_table

    settings = arguments.settings
    table = localization_table(
        pd.concat([storage.read_table(file) for file in arguments.scores], ignore_index=True),
        controls=set(setting(settings, "controls")),
        alpha=setting(settings, "diagnostic")["alpha"],
        reference=setting(settings, "fidelity")["reference"],
    )
    storage.write_table(table, arguments.table)
