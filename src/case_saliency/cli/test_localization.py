"""Test localization: mean shares of the classes' own cells, against chance and against the reference method.

Settings: controls, diagnostic (alpha), fidelity (reference).
"""

import argparse

from case_saliency.cli.tabulating import add_tabulating, tabulate


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_tabulating(parser, "network, layer and method")


def run(arguments: argparse.Namespace) -> None:
    """Run the stage."""
    from case_saliency.statistics.localization import localization_table

    wanted = ("controls", "alpha", "reference")
    tabulate(arguments, localization_table, wanted)
