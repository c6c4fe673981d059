"""What several stages load in the same way: the selected images, in batches, and what a network confuses."""

import argparse
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from case_saliency import storage
from case_saliency.cli.arguments import add_input
from case_saliency.cli.progress import track
from case_saliency.storage.tables import read_table

if TYPE_CHECKING:
    import pandas as pd
    import torch

    from case_saliency.attribution.contrast import Confusion


def add_confusion(parser: argparse.ArgumentParser) -> None:
    """Declare what a network confuses, for methods that contrast with it."""
    add_input(parser, "--confusion", "confusion counts, for methods with source: confusion (.npy)", required=False)
    add_input(parser, "--mean-softmax", "held-out mean probabilities; they fill short rows (.npy)", required=False)


def add_images(parser: argparse.ArgumentParser) -> None:
    """Declare the images: the data set's manifest and the rows that were selected from it."""
    add_input(parser, "--manifest", "manifest of the data set; the images lie beside it")
    add_input(parser, "--selection", "the selected images (.csv)")


def load_batches(
    arguments: argparse.Namespace, rows: "pd.DataFrame", transform: Any, batch_size: int
) -> Iterator[tuple[list[str], "torch.Tensor"]]:
    """Yield image ids and network inputs batch by batch, and show progress."""
    from case_saliency.datasets import images

    found = images.batches(arguments.manifest.parent, rows, transform, batch_size)
    yield from track(found, math.ceil(len(rows) / batch_size), "batches")


def load_confusion(arguments: argparse.Namespace) -> "Confusion | None":
    """Read what the network confuses, if the arguments name it."""
    from case_saliency.attribution.contrast import Confusion

    if arguments.confusion is None:
        return None
    probabilities = arguments.mean_softmax and storage.read_matrix(arguments.mean_softmax)
    return Confusion(storage.read_matrix(arguments.confusion), probabilities)


def load_selection(arguments: argparse.Namespace) -> "pd.DataFrame":
    """Read the selected rows of the manifest."""
    return storage.read_csv(arguments.selection)


def load_leading(arguments: argparse.Namespace, n_images: int | None) -> "pd.DataFrame":
    """Read the selected rows up to the `n_images`-th that the network classifies correctly; None: all."""
    from case_saliency.datasets.selection import leading

    rows = load_selection(arguments)
    if n_images is None:
        return rows
    correct = read_table(arguments.predictions).set_index("image_id").loc[rows["image_id"], "correct"]
    return rows.iloc[leading(correct.to_numpy(), n_images)]
