"""Test activity: active channels of each layer, as counts and as fractions, with intervals.

Settings: diagnostic (alpha), seed.
"""

import argparse

from case_saliency.cli.tabulating import add_tabulating, tabulate


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_tabulating(parser, "network, layer, kind and threshold")


def run(arguments: argparse.Namespace) -> None:
    """Run the stage."""
    from case_saliency.statistics.activity import activity_table

    wanted = ("alpha", "seed")
    tabulate(arguments, activity_table, wanted)
