"""Fetch a data set: verified images and their manifest.

Example:
  case-saliency fetch-dataset --dataset imagenet-sample --manifest data/imagenet-sample/manifest.csv
"""

import argparse
import logging

from case_saliency import storage
from case_saliency.cli.arguments import add_output, add_parameter
from case_saliency.datasets import sources


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_parameter(parser, "--dataset", "name of the data set", choices=sorted(sources.DATASETS))
    add_output(parser, "--manifest", "table of the images to write; the images go into images/ beside it")


def modules(arguments: argparse.Namespace) -> list[str]:
    """Return the module that fetches the data set; it is loaded by name."""
    return [sources.find(arguments.dataset).fetcher.partition(":")[0]]


def run(arguments: argparse.Namespace) -> None:
    """Run the stage."""
    manifest = sources.fetch(arguments.dataset, arguments.manifest.parent)
    storage.write_table(manifest, arguments.manifest)
    logging.getLogger(__name__).info("%d images of %s, all hashes as pinned", len(manifest), arguments.dataset)
