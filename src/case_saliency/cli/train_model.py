"""Train a network on a data set: weights of the best epoch by the validation split, a description, and the history.

An interrupted training goes on where it stopped when the same command is run again.
Settings: device, recipe (see the section `training` of params.yaml), models (see obtain-model).

Example:
  case-saliency train-model --model resnet_small --dataset digits --seed 0 --manifest data/digits/manifest.csv
      --settings '{"device": "cpu", "recipe": {...}}'
      --weights weights.safetensors --description model.json --history training.csv
"""

import argparse

from case_saliency.cli.arguments import add_input, add_output, add_parameter, add_settings, setting
from case_saliency.cli.networks import declare_network, named_network_modules, own_models
from case_saliency.cli.progress import track

declare = declare_network
modules = named_network_modules


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_input(parser, "--manifest", "manifest of the data set; the images lie beside it")
    add_parameter(parser, "--model", "name in the model zoo, or in the settings")
    add_parameter(parser, "--dataset", "data set to train on")
    add_parameter(parser, "--seed", "training seed", int)
    add_settings(parser, "device, recipe, models")
    add_output(parser, "--weights", "weights to write (.safetensors)")
    add_output(parser, "--description", "description to write (.json): layers, transform, classes, recipe, accuracy")
    add_output(parser, "--history", "losses and accuracies of each epoch to write (.csv)")


def run(arguments: argparse.Namespace) -> None:
    """Run the stage."""
    from case_saliency.models import training
    from case_saliency.models.recipe import Recipe

    recipe = Recipe.from_dict(setting(arguments.settings, "recipe"))
    own = own_models(arguments)
    training.produce(
        training.Task(arguments.model, arguments.dataset, arguments.seed, recipe, arguments.manifest, own),
        *(arguments.weights, arguments.description, arguments.history),
        device=setting(arguments.settings, "device"),
        fingerprint=arguments.record_id,
        watch=lambda epochs, total: track(epochs, total, "epochs"),
    )
