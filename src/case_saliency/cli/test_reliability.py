"""Estimate the reliability index of each method: agreement within a class and between classes across augmentations.

Settings: seed, controls, diagnostic (alpha).
"""

import argparse

from case_saliency.cli.tabulating import add_tabulating, tabulate


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_tabulating(parser, "network, method and augmentation")


def run(arguments: argparse.Namespace) -> None:
    """Run the stage."""
    from case_saliency.statistics.reliability import reliability_table

    wanted = ("controls", "alpha", "seed")
    tabulate(arguments, reliability_table, wanted)
