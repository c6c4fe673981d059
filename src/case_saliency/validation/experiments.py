"""An experiment's data set, networks, seeds, layers and methods: do they exist, and do they fit together."""

from collections.abc import Iterator
from typing import Any

from case_saliency.attribution import registry
from case_saliency.datasets.sources import DATASETS
from case_saliency.errors import CaseSaliencyError
from case_saliency.models import checking, zoo
from case_saliency.params import Params, entry, fidelity, layers
from case_saliency.validation.analyses import analysis_problems
from case_saliency.validation.datasets import place_problems, size_problems
from case_saliency.validation.suggestions import suggest


def experiment_problems(params: Params, name: str) -> Iterator[str]:
    """Yield what the experiment names and the package does not know, or cannot combine."""
    experiment, where = params["experiments"][name], f"experiments.{name}"
    if experiment["dataset"] not in DATASETS:
        yield f"{where}.dataset: {experiment['dataset']!r} is not a data set{suggest(experiment['dataset'], DATASETS)}"
    else:
        yield from size_problems(params, experiment, where)
        yield from place_problems(params, name)
    yield from _model_problems(params, name)
    yield from analysis_problems(params, name)
    yield from _method_problems(params, name)
    own = "reference" in experiment.get("fidelity", {})
    reference = fidelity(params, name)["reference"]
    if (own or name in params["run"]) and reference not in experiment["methods"]:
        here = f"{where}.fidelity.reference" if own else "fidelity.reference"
        yield f"{here}: {reference!r} is not among {where}.methods; add it there or choose one of them"


def _model_problems(params: Params, name: str) -> Iterator[str]:
    """Yield networks that do not exist, or cannot be had for the experiment's data set, and layers they lack."""
    experiment, where, models = params["experiments"][name], f"experiments.{name}", zoo.known(params["models"])
    for position, model in enumerate(experiment["models"]):
        if model not in models:
            yield f"{where}.models[{position}]: {model!r} is not a model{suggest(model, models)}"
            continue
        if experiment["dataset"] in DATASETS:
            yield from _seed_problems(params, name, model)
        if name in params["run"] and (problem := checking.missing(models[model])):
            yield problem
        target_layers = models[model].target_layers
        for index, layer in enumerate(listed := layers(params, name, model)):
            if layer not in target_layers:
                here = f"{where}.layers{_part(experiment['layers'], model)}[{index}]"
                yield f"{here}: {layer!r} is not a target layer of {model}{suggest(layer, target_layers)}"
        if not listed:
            yield f"{where}.layers: nothing found for {model}; name its layers, or add `default`"
    named = experiment["layers"] if isinstance(experiment["layers"], dict) else ()
    for model in named:
        if model not in (*experiment["models"], "default"):
            yield f"{where}.layers.{model}: not among the experiment's models{suggest(model, experiment['models'])}"


def _part(told: Any, model: str) -> str:
    """Return the key under which a model's layers stand."""
    return "" if isinstance(told, list) else f".{model if model in told else 'default'}"


def _method_problems(params: Params, name: str) -> Iterator[str]:
    """Yield methods that do not exist, and parameters or needs of theirs that do not fit."""
    experiment, where = params["experiments"][name], f"experiments.{name}"
    known = {**registry.ENTRIES, **params["methods"]}
    for position, method in enumerate(experiment["methods"]):
        here = f"{where}.methods[{position}]"
        if method not in known:
            yield f"{here}: {method!r} is not a method{suggest(method, known)}"
        elif problem := _override_problem(params, name, method):
            yield problem
        else:
            yield from (f"{here}: {problem}" for problem in _needs(params, name, method))
    for method in experiment.get("parameters", {}):
        if method not in experiment["methods"]:
            yield (
                f"{where}.parameters.{method}: not among the experiment's methods"
                f"{suggest(method, experiment['methods'])}"
            )


def _seed_problems(params: Params, name: str, model: str) -> Iterator[str]:
    """Yield seeds that a model cannot have, and a training without images to learn from."""
    experiment, where = params["experiments"][name], f"experiments.{name}"
    dataset = DATASETS[experiment["dataset"]]
    if not zoo.is_trained(model, dataset.name, params["models"]):
        if experiment["seeds"] != [0]:
            yield f"{where}.seeds: {experiment['seeds']} found, but {model} is pretrained and has one seed; use [0]"
    elif not {"train", "validation"} <= set(dataset.splits or ()):
        yield (
            f"{where}.models: {model} must be trained, and data set {dataset.name!r} has no images for that; choose a "
            f"model with published weights of {dataset.label_space}, or a data set with a training split"
        )


def _override_problem(params: Params, name: str, method: str) -> str | None:
    """Return what is wrong with an experiment's own parameters of a method."""
    given = params["experiments"][name].get("parameters", {}).get(method, {})
    where = f"experiments.{name}.parameters.{method}"
    if "method" in given or "name" in given:
        return f"{where}: only parameters may differ here; give a variant a name of its own under methods"
    try:
        registry.resolve([entry(params, method)])
    except CaseSaliencyError:
        return None  # told under `methods`
    try:
        registry.resolve([entry(params, method, name)])
    except CaseSaliencyError as error:
        return f"{where}: {error}"
    return None


def _needs(params: Params, experiment: str, name: str) -> Iterator[str]:
    """Yield what a method needs and the experiment's data set cannot give."""
    try:
        method = registry.resolve([entry(params, name, experiment)])[0]
    except CaseSaliencyError:
        return  # told under `methods`
    dataset = params["experiments"][experiment]["dataset"]
    if "confusion" in method.requires and dataset in DATASETS and not DATASETS[dataset].has_heldout:
        yield (
            f"{name!r} takes its contrast set from a confusion matrix (source: confusion), which needs a held-out "
            f"split, and data set {dataset!r} has none; set methods.{name}.source to logits"
        )
