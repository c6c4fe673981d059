"""Test defects: how the numbers of the study move when each known defect of the released code is turned on.

Settings: diagnostic (alpha, threshold, zero_method), seed.
"""

import argparse

from case_saliency.cli.tabulating import add_tabulating, tabulate


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_tabulating(parser, "network, method, defect and outcome")


def run(arguments: argparse.Namespace) -> None:
    """Run the stage."""
    from case_saliency.statistics.defects import defects_table

    tabulate(arguments, defects_table, ("alpha", "threshold", "zero_method", "seed"))
