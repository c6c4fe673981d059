"""Test layers: verdicts at every target layer, and paired differences from the main one.

Settings: diagnostic (alpha, threshold, zero_method, degenerate), layers (of each model; the first is the main one),
controls, seed.
"""

import argparse

from case_saliency.cli.arguments import setting
from case_saliency.cli.tabulating import add_tabulating, tabulate


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_tabulating(parser, "network, layer and method")


def run(arguments: argparse.Namespace) -> None:
    """Run the stage."""
    from case_saliency.statistics.layers import layers_table

    wanted = ("controls", "alpha", "threshold", "zero_method", "degenerate_policy", "seed")
    main_layers = {model: names[0] for model, names in setting(arguments.settings, "layers").items()}
    tabulate(arguments, layers_table, wanted, main_layers=main_layers)
