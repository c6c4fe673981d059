"""Score layers: agreement of the two classes' maps at every target layer of the network, by every method.

Methods that explain in the input's space know no layer and are left out.
Settings: dataset, compute, attribution, diagnostic (k_percent, ties), layers, methods.
"""

import argparse

from case_saliency.cli import explaining
from case_saliency.cli.arguments import add_output, add_settings
from case_saliency.storage.parquet import writing_parquet

modules = explaining.modules_of()


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    explaining.configure(parser)
    add_settings(parser, "dataset, compute, attribution, diagnostic, layers, methods")
    add_output(parser, "--scores", "table to write, one row for each image, layer and method (.parquet)")


def run(arguments: argparse.Namespace) -> None:
    """Run the stage."""
    methods = [method for method in explaining.listed_methods(arguments.settings) if method.space == "layer"]
    with writing_parquet(arguments.scores) as write:
        for table, _ in explaining.agreements(arguments, methods, everywhere=True):
            write(table)
