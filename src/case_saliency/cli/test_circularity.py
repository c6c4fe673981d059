"""Test the circularity of CASE: how much of its low agreement is left when the compared classes are held out.

Settings: seed, diagnostic (alpha, threshold, degenerate), fidelity (measure).
"""

import argparse

from case_saliency.cli.tabulating import add_tabulating, tabulate


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_tabulating(parser, "network, variant and setting of the drops")


def run(arguments: argparse.Namespace) -> None:
    """Run the stage."""
    from case_saliency.statistics.circularity import NEEDED, circularity_table

    wanted = ("alpha", "threshold", "measure", "degenerate_policy", "seed")
    tabulate(arguments, circularity_table, wanted, NEEDED)
