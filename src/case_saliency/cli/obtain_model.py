"""Obtain a network: weights checked against their pinned hash, kept without pickle, and a description.

Example:
  case-saliency obtain-model --model efficientnet_lite0 --dataset imagenet-sample --seed 0
      --weights weights.safetensors --description model.json
"""

import argparse

from case_saliency.cli.arguments import add_output, add_parameter
from case_saliency.cli.progress import track
from case_saliency.models import zoo


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_parameter(parser, "--model", "name in the model zoo", choices=sorted(zoo.MODELS))
    add_parameter(parser, "--dataset", "data set whose classes the network tells apart")
    add_parameter(parser, "--seed", "training seed; pretrained networks have 0", int)
    add_output(parser, "--weights", "weights to write (.safetensors)")
    add_output(parser, "--description", "description to write (.json): layers, transform, classes, source")


def modules(arguments: argparse.Namespace) -> list[str]:
    """Return the module that builds the network; it is loaded by name."""
    return [zoo.find(arguments.model).builder.partition(":")[0]]


def run(arguments: argparse.Namespace) -> None:
    """Run the stage."""
    from case_saliency.models import networks

    networks.obtain(
        *(arguments.model, arguments.dataset, arguments.seed, arguments.weights, arguments.description), progress=track
    )
