"""Test randomisation: similarity of maps to those of the intact network, step by step.

Settings: diagnostic (alpha), controls.
"""

import argparse

from case_saliency.cli.tabulating import add_tabulating, tabulate


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_tabulating(parser, "network, method, step and measure")


def run(arguments: argparse.Namespace) -> None:
    """Run the stage."""
    from case_saliency.statistics.randomisation import randomisation_table

    wanted = ("controls", "alpha")
    tabulate(arguments, randomisation_table, wanted)
