"""Test contrast: verdicts of CASE by contrast set.

Settings: diagnostic (alpha, threshold, zero_method, degenerate), seed.
"""

import argparse

from case_saliency.cli.tabulating import add_tabulating, tabulate


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_tabulating(parser, "network and variant")


def run(arguments: argparse.Namespace) -> None:
    """Run the stage."""
    from case_saliency.statistics.contrast import contrast_table

    wanted = ("alpha", "threshold", "zero_method", "degenerate_policy", "seed")
    tabulate(arguments, contrast_table, wanted)
