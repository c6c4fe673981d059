"""Test class specificity (RQ2): the map of a class should take away its own class, not the other.

Settings: alpha, reference, controls.
"""

import argparse

from case_saliency.cli.arguments import add_input, add_output, add_settings, setting
from case_saliency.storage.columns import StoredRows
from case_saliency.storage.tables import read_table, write_table


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_input(parser, "--fidelity-scores", "fidelity scores of all networks (.parquet)", many=True)
    add_input(parser, "--agreement", "table of agreement, for its verdicts (.csv)")
    add_settings(parser, "alpha, reference, controls")
    add_output(parser, "--cross-deletion", "table to write: one row for each network, method, fill and k (.csv)")


def run(arguments: argparse.Namespace) -> None:
    """Run the stage."""
    from case_saliency.statistics.cross_deletion import NEEDED, cross_deletion_table

    settings = arguments.settings
    table = cross_deletion_table(
        StoredRows(arguments.fidelity_scores, NEEDED),
        read_table(arguments.agreement),
        controls=set(setting(settings, "controls")),
        alpha=setting(settings, "alpha"),
        reference=setting(settings, "reference"),
    )
    write_table(table, arguments.cross_deletion)
