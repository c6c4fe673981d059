"""Obtain a network: weights checked against their pinned hash, kept without pickle, and a description.

Settings: models (name -> entry of `models` in params.yaml), for a network of the user's own.

Example:
  case-saliency obtain-model --model efficientnet_lite0 --dataset imagenet-sample --seed 0
      --weights weights.safetensors --description model.json
"""

import argparse

from case_saliency.cli.arguments import add_output, add_parameter, add_settings
from case_saliency.cli.networks import declare_network, named_network_modules, own_models
from case_saliency.cli.progress import track

declare = declare_network
modules = named_network_modules


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_parameter(parser, "--model", "name in the model zoo, or in the settings")
    add_parameter(parser, "--dataset", "data set whose classes the network tells apart")
    add_parameter(parser, "--seed", "training seed; pretrained networks have 0", int)
    add_settings(parser, "models", required=False)
    add_output(parser, "--weights", "weights to write (.safetensors)")
    add_output(parser, "--description", "description to write (.json): layers, transform, classes, source")


def run(arguments: argparse.Namespace) -> None:
    """Run the stage."""
    from case_saliency.models import networks

    networks.obtain(
        *(arguments.model, arguments.dataset, arguments.seed, arguments.weights, arguments.description),
        progress=track,
        own=own_models(arguments),
    )
