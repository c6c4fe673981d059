"""Estimate the agreement of every two of the most likely classes, by their ranks, and over all pairs.

Settings: seed, controls, diagnostic (alpha).
"""

import argparse

from case_saliency.cli.tabulating import add_tabulating, tabulate


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_tabulating(parser, "network, method and pair of ranks")


def run(arguments: argparse.Namespace) -> None:
    """Run the stage."""
    from case_saliency.statistics.pairwise import pairwise_table

    wanted = ("controls", "alpha", "seed")
    tabulate(arguments, pairwise_table, wanted)
