"""Select the images of an experiment: a seeded sample, the same for every model and method.

It is drawn from the split `test`, on which nothing was trained or tuned.

Settings: n_images (null: all), seed.
"""

import argparse
import logging

from case_saliency import storage
from case_saliency.cli.arguments import add_input, add_output, add_settings, setting


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_input(parser, "--manifest", "manifest of the data set")
    add_settings(parser, "n_images, seed")
    add_output(parser, "--selection", "the chosen rows of the manifest to write (.csv)")


def run(arguments: argparse.Namespace) -> None:
    """Run the stage."""
    from case_saliency.datasets import selection

    manifest = storage.read_csv(arguments.manifest)
    chosen = selection.select(
        manifest,
        n_images=setting(arguments.settings, "n_images"),
        seed=setting(arguments.settings, "seed"),
        split="test",
    )
    storage.write_csv(chosen, arguments.selection)
    logging.getLogger(__name__).info("%d of %d test images selected", len(chosen), (manifest["split"] == "test").sum())
