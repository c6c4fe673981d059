"""params.yaml, cut into the parts that each stage receives. No torch is imported here: the workflow plans with it."""

import json
import math
from collections import ChainMap
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, cast

from case_saliency.analyses import ANALYSES, select
from case_saliency.attribution import registry
from case_saliency.attribution.registry import Method
from case_saliency.datasets.sources import DATASETS

Params = Mapping[str, Any]
SHARD_IMAGES = 100
"""Fewest images of a job, where an experiment does not say how many jobs there are."""
MOST_SHARDS = 1200
"""Most jobs that the images of an experiment are split into, over all its networks, where it does not say how many:
five families of methods and the drops are then 7,200 jobs, and a plan of 10,000 takes about a minute."""


def methods(params: Params, experiment: str, family: str | None = None) -> list[Method]:
    """Return the methods of an experiment in the order of params.yaml, of one family or of all."""
    found = _resolved([entry(params, name, experiment) for name in params["experiments"][experiment]["methods"]])
    return [method for method in found if family in (None, method.family)]


def families(params: Params, experiment: str) -> list[str]:
    """Return the families of an experiment's methods, in order of appearance."""
    return list(dict.fromkeys(method.family for method in methods(params, experiment)))


def entries(params: Params, experiment: str, family: str | None = None) -> list[dict[str, Any]]:
    """Return the methods as JSON-serialisable entries from which `registry.resolve` makes them again."""
    return [entry(params, method.name, experiment) for method in methods(params, experiment, family)]


def controls(params: Params, experiment: str) -> list[str]:
    """Return the names of the methods that calibrate the test and never compete."""
    return [method.name for method in methods(params, experiment) if "control" in (method.family, method.citation)]


def needs_confusion(params: Params, experiment: str, family: str | None = None, analysis: str | None = None) -> bool:
    """Return whether a method (of the family, or of the analysis) takes its contrast sets from a confusion matrix."""
    if analysis == "contrast":
        return "confusion" in contrast_sources(params, experiment)
    return any("confusion" in method.requires for method in methods(params, experiment, family))


def contrast_sources(params: Params, experiment: str) -> list[str]:
    """Return the sources of contrast classes that analysis `contrast` can compare on an experiment's data set."""
    has_heldout = DATASETS[params["experiments"][experiment]["dataset"]].has_heldout
    return [source for source in params["contrast"]["sources"] if source != "confusion" or has_heldout]


def own(params: Params, model: str) -> dict[str, Any]:
    """Return, as a setting, the entry of a network of the user's; nothing for a network of the zoo.

    Examples
    --------
    >>> own({"models": {"mine": {"builder": "my_networks:mine"}}}, "mine")
    {'models': {'mine': {'builder': 'my_networks:mine'}}}
    >>> own({"models": {}}, "resnet50")
    {}
    """
    return {"models": {model: params["models"][model]}} if model in params["models"] else {}


def fidelity(params: Params, experiment: str) -> Params:
    """Return the settings of RQ2 for an experiment: what it says under `fidelity` goes before what all share.

    Examples
    --------
    >>> shared = {"fill": ["mean"], "reference": "case"}
    >>> dict(fidelity({"fidelity": shared, "experiments": {"tiny": {"fidelity": {"fill": ["mean", "blur"]}}}}, "tiny"))
    {'fill': ['mean', 'blur'], 'reference': 'case'}
    """
    return _over(params["experiments"][experiment].get("fidelity", {}), params["fidelity"])


def _with_fidelity(params: Params, experiment: str) -> Params:
    return _over({"fidelity": fidelity(params, experiment)}, params)


def _over(first: Params, then: Params) -> Params:
    """Look an entry up in the one, then in the other, and read no other entry of either."""
    return ChainMap(cast("dict[str, Any]", first), cast("dict[str, Any]", then))


def layers(params: Params, experiment: str, model: str) -> list[str]:
    """Return the names of the target layers at which a network is explained; the first is its main layer.

    Examples
    --------
    >>> experiments = {"wide": {"layers": {"default": ["last_conv"], "densenet201": ["conv2", "norm5"]}}}
    >>> layers({"experiments": experiments}, "wide", "densenet201"), layers({"experiments": experiments}, "wide", "vgg")
    (['conv2', 'norm5'], ['last_conv'])
    """
    told = params["experiments"][experiment]["layers"]
    return list(told if isinstance(told, list) else told.get(model, told.get("default", ())))


def recipe(params: Params, dataset: str, model: str) -> dict[str, Any]:
    """Return how a model is trained on a data set: what `training` says in general, of the data set, and of both.

    Examples
    --------
    >>> training = {"default": {"epochs": 9, "flip": True}, "digits": {"default": {"flip": False}}}
    >>> recipe({"training": training}, "digits", "vgg_small")
    {'epochs': 9, 'flip': False}
    """
    training = params["training"]
    of_dataset = training.get(dataset, {})
    return {**training["default"], **of_dataset.get("default", {}), **of_dataset.get(model, {})}


def shards(params: Params, experiment: str) -> list[str]:
    """Return the names of the jobs that the images of one model are split into.

    Where the experiment says null, or nothing, there are as many as `automatic_shards` has for its images; one where
    their number is unknown before they are fetched.

    Examples
    --------
    >>> shards({"experiments": {"tiny": {"shards": 2}}}, "tiny")
    ['0-of-2', '1-of-2']
    """
    count = params["experiments"][experiment].get("shards")
    if count is None:
        n_images, batch_size = images(params, experiment), params["compute"]["batch_size"]
        count = automatic_shards(n_images, batch_size, networks(params, experiment))
    return [f"{index}-of-{count}" for index in range(count)]


def automatic_shards(n_images: int, batch_size: int, n_networks: int) -> int:
    """Return into how many jobs a network's images are split: of at least 100, and at least the root of their number.

    Above 10,000 images, both the jobs and what each of them computes
    and holds grow with the root of the number of images; of so many images and networks that there would be more than
    `MOST_SHARDS` in all, there are no more jobs, but larger ones.

    Examples
    --------
    >>> [automatic_shards(n, 10, n_networks=4) for n in (20, 500, 1000, 10_000, 50_000, 1_000_000)]
    [1, 5, 10, 100, 224, 300]
    >>> [automatic_shards(1_000_000, 10, n_networks=n) for n in (1, 4, 20)]
    [1000, 300, 60]
    """
    by_size = n_images // max(SHARD_IMAGES, math.isqrt(n_images))
    return max(1, min(by_size, MOST_SHARDS // n_networks, math.ceil(n_images / batch_size)))


def images(params: Params, experiment: str) -> int:
    """Return how many images an experiment explains with each network; 0 where nothing tells how many there are."""
    section = params["experiments"][experiment]
    return section["n_images"] or DATASETS[section["dataset"]].n_test or 0


def networks(params: Params, experiment: str) -> int:
    """Return how many networks an experiment explains: each model as often as it is trained."""
    section = params["experiments"][experiment]
    return len(section["models"]) * len(section["seeds"])


def entry(params: Params, name: str, experiment: str | None = None) -> dict[str, Any]:
    """One method as `registry.resolve` takes it; the study's seed goes to methods that draw and name no seed.

    What an experiment says under `parameters` goes before what `methods` says for all experiments.
    """
    given = {"name": name, **params["methods"].get(name, {"method": name})}
    if experiment is not None:
        given |= params["experiments"][experiment].get("parameters", {}).get(name, {})
    [method] = _resolved([given])
    return {"seed": params["seed"], **given} if "seed" in method.parameters else given


def _resolved(given: Sequence[Mapping[str, Any]]) -> tuple[Method, ...]:
    return _resolve(json.dumps(given))


@cache
def _resolve(given: str) -> tuple[Method, ...]:
    """Resolve entries once: a plan of many jobs asks for the same few methods tens of thousands of times."""
    return tuple(registry.resolve(json.loads(given)))


def analyses(params: Params, experiment: str) -> list[str]:
    """Return the analyses that an experiment asks for, without `curves`, in the order of `ANALYSES`."""
    asked = params["experiments"][experiment]["analyses"]
    return [name for name in ANALYSES if name in asked]


def analysed_seeds(params: Params, experiment: str) -> list[int]:
    """Return the training seeds whose networks the analyses look at: all where the experiment names none."""
    section = params["experiments"][experiment]
    return list(section.get("analysed_seeds", section["seeds"]))


def scoring(params: Params, experiment: str, analysis: str, model: str) -> dict[str, Any]:
    """Return what the stage that scores an analysis of a network is told."""
    section = params["experiments"][experiment]
    told = select(_with_fidelity(params, experiment), ANALYSES[analysis].scored_by)
    if analysis == "circularity":  # many maps, and a question about agreement: the primary fill is enough
        told["fidelity"] = {**told["fidelity"], "fill": told["fidelity"]["fill"][:1]}
    if analysis == "contrast":
        told["contrast"] = {**told["contrast"], "sources": contrast_sources(params, experiment)}
    return {
        "seed": params["seed"],
        "compute": params["compute"],
        "dataset": section["dataset"],
        "layers": layers(params, experiment, model),
        "methods": entries(params, experiment),
        **told,
        **own(params, model),
    }


def testing(params: Params, experiment: str, analysis: str) -> dict[str, Any]:
    """Return what the stage that tests an analysis is told."""
    return {
        "seed": params["seed"],
        "controls": controls(params, experiment),
        "layers": {name: layers(params, experiment, name) for name in params["experiments"][experiment]["models"]},
        **select(_with_fidelity(params, experiment), ANALYSES[analysis].tested_by),
    }


def deciding(params: Params, experiment: str) -> dict[str, Any]:
    """Return what the stage that decides the paper's claims is told."""
    section = params["experiments"][experiment]
    keys: tuple[str, ...] = ("diagnostic.alpha", "diagnostic.threshold", "diagnostic.k_percent")
    keys += ("fidelity.k_percent", "fidelity.measure", "fidelity.equivalence_margin")
    return {
        "seed": params["seed"],
        "experiment": experiment,
        "dataset": section["dataset"],
        "layers": {name: layers(params, experiment, name) for name in section["models"]},
        **select({**params, "fidelity": fidelity(params, experiment)}, keys),
    }
