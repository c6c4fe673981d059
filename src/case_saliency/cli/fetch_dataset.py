"""Fetch a data set: verified images and their manifest.

Example calls:
  case-saliency fetch-dataset --dataset digits --manifest data/digits/manifest.csv
  case-saliency fetch-dataset --dataset folder --manifest data/folder/manifest.csv
      --settings '{"path": "photographs", "label_space": "imagenet-1k"}'

Settings (optional): path (a folder of yours), label_space (what its class folders are named after).
A download that stopped is continued. CASE_SALIENCY_MIRROR in the environment names another place to download from.
"""

import argparse
import logging
from pathlib import Path

from case_saliency import storage
from case_saliency.cli.arguments import Declared, add_output, add_parameter, add_settings
from case_saliency.cli.progress import track
from case_saliency.datasets import sources
from case_saliency.datasets.fetching import Options
from case_saliency.errors import CaseSaliencyError


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_parameter(parser, "--dataset", "name of the data set", choices=sorted(sources.DATASETS))
    add_settings(parser, "path, label_space", required=False)
    add_output(parser, "--manifest", "table of the images to write; images/ and exclusions.csv go beside it")


def declare(arguments: argparse.Namespace) -> Declared:
    """Return what goes into the record: the settings, and the two tables that are written."""
    return Declared(
        parameters={"dataset": arguments.dataset, "settings": arguments.settings},
        inputs={},
        outputs={"manifest": [arguments.manifest], "exclusions": [_exclusions(arguments)]},
    )


def _exclusions(arguments: argparse.Namespace) -> Path:
    return arguments.manifest.with_name("exclusions.csv")  # type: ignore[no-any-return]


def modules(arguments: argparse.Namespace) -> list[str]:
    """Return the module that fetches the data set; it is loaded by name."""
    return [sources.find(arguments.dataset).fetcher.partition(":")[0]]


def run(arguments: argparse.Namespace) -> None:
    """Run the stage."""
    log = logging.getLogger(__name__)
    unknown = sorted(set(arguments.settings) - {"path", "label_space"})
    if unknown:
        raise CaseSaliencyError(f"--settings: key {unknown[0]!r} is unknown; known are path and label_space")
    folder = arguments.manifest.parent
    fetched = sources.obtain(arguments.dataset, folder, Options(**arguments.settings, progress=track))
    storage.write_csv(fetched.exclusions, _exclusions(arguments))
    storage.write_csv(fetched.manifest, arguments.manifest)
    counts = fetched.manifest["split"].value_counts()
    said = ", ".join(f"{counts[split]} {split}" for split in sources.SPLITS if split in counts)
    log.info("%d images of %s verified (%s)", len(fetched.manifest), arguments.dataset, said)
    if len(fetched.exclusions):
        log.warning("%d left out, see %s", len(fetched.exclusions), _exclusions(arguments))
