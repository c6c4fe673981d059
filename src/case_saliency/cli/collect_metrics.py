"""Collect the metrics of all experiments into one file."""

import argparse

from case_saliency import storage
from case_saliency.cli.arguments import add_input, add_output


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_input(parser, "--metrics", "metrics of each experiment (.json), named after it", many=True)
    add_output(parser, "--collected", "file to write (.json): experiment -> its metrics")


def run(arguments: argparse.Namespace) -> None:
    """Run the stage."""
    collected = {}
    for file in arguments.metrics:
        collected[file.stem] = {key: value for key, value in storage.read_json(file).items() if key != "schema_version"}
    storage.write_json({"experiments": collected}, arguments.collected)
