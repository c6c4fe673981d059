"""What an experiment asks of its data set that the data set does not have, or that nobody has placed."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from case_saliency.datasets.labels import USER
from case_saliency.datasets.sources import DATASETS
from case_saliency.models import zoo
from case_saliency.params import Params


def size_problems(params: Params, experiment: Mapping[str, Any], where: str) -> Iterator[str]:
    """Yield more images, or more shards, than the data set has images and batches."""
    available, batch_size = DATASETS[experiment["dataset"]].n_test, params["compute"]["batch_size"]
    wanted = experiment["n_images"] or available
    if wanted is None:
        return  # all images of a folder that nobody has looked into yet
    available = wanted if available is None else available
    if wanted > available:
        yield (
            f"{where}.n_images: {wanted} found, {experiment['dataset']} has {available} to evaluate; lower it or use "
            "null"
        )
    batches = math.ceil(min(wanted, available) / batch_size)
    if (experiment.get("shards") or 1) > batches:
        yield (
            f"{where}.shards: {experiment['shards']} found, but {wanted} images make {batches} batches of {batch_size} "
            f"(compute.batch_size), which are never cut; use null or at most {batches}"
        )


def place_problems(params: Params, name: str) -> Iterator[str]:
    """Yield a data set of the user's that an experiment in `run` needs and params.yaml does not place."""
    dataset = DATASETS[params["experiments"][name]["dataset"]]
    told = params["datasets"].get(dataset.name, {})
    if name in params["run"] and dataset.needs_path and told["path"] is None:
        yield (
            f"datasets.{dataset.name}.path: null found, but experiment {name!r} in run needs {dataset.description}; "
            "name their folder, or take the experiment out of run"
        )
    if dataset.label_space != USER:
        return
    models, expected = zoo.known(params["models"]), told["label_space"] or USER
    for position, model in enumerate(params["experiments"][name]["models"]):
        space = models[model].label_space if model in models else None
        if space not in (None, expected):  # None: it must be trained, which is told elsewhere
            yield (
                f"experiments.{name}.models[{position}]: {model} tells "
                f"{'your own classes' if space == USER else f'the classes of {space}'} apart, and "
                f"datasets.{dataset.name}.label_space is {told['label_space'] or 'null'}; set it to "
                f"{'null' if space == USER else space}, or choose another model"
            )
