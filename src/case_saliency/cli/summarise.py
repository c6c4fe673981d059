"""Summarise an experiment: the table and the metrics that a reader wants first.

Settings: k_agreement, k_fidelity, fill, measure.
"""

import argparse

from case_saliency import storage
from case_saliency.cli.arguments import add_input, add_output, add_settings, setting
from case_saliency.storage.tables import read_table, write_table


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_input(parser, "--agreement", "table of agreement (.csv)")
    add_input(parser, "--fidelity", "table of fidelity (.csv)")
    add_settings(parser, "k_agreement, k_fidelity, fill, measure")
    add_output(parser, "--summary", "table to write, one row for each network and method (.csv)")
    add_output(parser, "--metrics", "the same numbers, nested, to write (.json)")


def run(arguments: argparse.Namespace) -> None:
    """Run the stage."""
    from case_saliency.statistics.summary import headline, summarise

    settings = arguments.settings
    table = headline(
        read_table(arguments.agreement),
        read_table(arguments.fidelity),
        k_agreement=setting(settings, "k_agreement"),
        k_fidelity=setting(settings, "k_fidelity"),
        fill=setting(settings, "fill"),
        measure=f"drop_{setting(settings, 'measure')}",
    )
    write_table(table, arguments.summary)
    storage.write_json({"networks": summarise(table)}, arguments.metrics)
