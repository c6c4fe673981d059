"""What several stages need to know of a network: its files, its module and, on its device, itself."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from case_saliency import storage
from case_saliency.cli.arguments import Declared, add_input, declare

if TYPE_CHECKING:
    from case_saliency.models.networks import LoadedModel


def add_model(parser: argparse.ArgumentParser) -> None:
    """Declare the two files of a network."""
    add_input(parser, "--weights", "weights of the network (.safetensors)")
    add_input(parser, "--description", "description of the network (.json)")


def load_model(arguments: argparse.Namespace, device: str) -> "LoadedModel":
    """Load the network named by the arguments onto a device ("auto": CUDA if there is one), and compute exactly."""
    from case_saliency.models import devices, networks

    devices.be_exact(deterministic=True)  # until the process ends
    place = str(devices.resolve(device))
    return networks.load(arguments.weights, arguments.description, device=place, own=own_models(arguments))


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
