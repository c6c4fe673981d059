"""Test agreement over the sweep of k and both resolutions, and average the other measures of likeness.

Settings: seed, controls, diagnostic (alpha, threshold, degenerate).
"""

import argparse

from case_saliency.cli.tabulating import add_tabulating, tabulate


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_tabulating(parser, "network, method, measure, resolution and k")


def run(arguments: argparse.Namespace) -> None:
    """Run the stage."""
    from case_saliency.statistics.similarity import similarity_table

    wanted = ("controls", "alpha", "threshold", "degenerate_policy", "seed")
    tabulate(arguments, similarity_table, wanted)
