"""What several stages load in the same way: a network on its device, and the selected images in batches."""

import argparse
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from case_saliency import storage
from case_saliency.cli.arguments import Declared, add_input, declare
from case_saliency.cli.progress import track

if TYPE_CHECKING:
    import pandas as pd
    import torch

    from case_saliency.attribution.contrast import Confusion
    from case_saliency.models.networks import LoadedModel


def add_model(parser: argparse.ArgumentParser) -> None:
    """Declare the two files of a network."""
    add_input(parser, "--weights", "weights of the network (.safetensors)")
    add_input(parser, "--description", "description of the network (.json)")


def add_confusion(parser: argparse.ArgumentParser) -> None:
    """Declare what a network confuses, for methods that contrast with it."""
    add_input(parser, "--confusion", "confusion counts, for methods with source: confusion (.npy)", required=False)
    add_input(parser, "--mean-softmax", "held-out mean probabilities; they fill short rows (.npy)", required=False)


def add_images(parser: argparse.ArgumentParser) -> None:
    """Declare the images: the data set's manifest and the rows that were selected from it."""
    add_input(parser, "--manifest", "manifest of the data set; the images lie beside it")
    add_input(parser, "--selection", "the selected images (.csv)")


def load_model(arguments: argparse.Namespace, device: str) -> "LoadedModel":
    """Load the network named by the arguments onto a device ("auto": CUDA if there is one), and compute exactly."""
    from case_saliency.models import devices, networks

    devices.be_exact(deterministic=True)  # until the process ends
    place = str(devices.resolve(device))
    return networks.load(arguments.weights, arguments.description, device=place, own=own_models(arguments))


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
    return storage.read_table(arguments.selection)


def load_leading(arguments: argparse.Namespace, n_images: int | None) -> "pd.DataFrame":
    """Read the selected rows up to the `n_images`-th that the network classifies correctly; None: all."""
    from case_saliency.datasets.selection import leading

    rows = load_selection(arguments)
    if n_images is None:
        return rows
    correct = storage.read_table(arguments.predictions).set_index("image_id").loc[rows["image_id"], "correct"]
    return rows.iloc[leading(correct.to_numpy(), n_images)]


def network_modules(arguments: argparse.Namespace) -> list[str]:
    """Return the module that builds the described network; it is loaded by name, no import statement shows it."""
    from case_saliency.models import zoo

    name = str(storage.read_json(arguments.description).get("model"))
    return [zoo.find(name, own_models(arguments)).builder.partition(":")[0]]


def named_network_modules(arguments: argparse.Namespace) -> list[str]:
    """Return the module that builds the network named by ``--model``, which has no description yet."""
    from case_saliency.models import zoo

    return [zoo.find(arguments.model, own_models(arguments)).builder.partition(":")[0]]


def own_models(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return what params.yaml says of the network, if it is the user's own: the setting `models`."""
    found: dict[str, Any] = arguments.settings.get("models", {})
    return found


def declare_network(arguments: argparse.Namespace) -> Declared:
    """Return what a stage that makes a network reads and writes: the user's file of weights is read, too."""
    from case_saliency.models import zoo

    declared, weights = declare(arguments), zoo.find(arguments.model, own_models(arguments)).weights
    if not isinstance(weights, zoo.LocalFile):
        return declared
    return replace(declared, inputs={**declared.inputs, "published": [Path(weights.path).expanduser()]})
