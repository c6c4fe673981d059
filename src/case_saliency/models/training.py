"""Train a model of the zoo on a data set, and write what `networks.load` reads."""

import logging
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import nn

from case_saliency import storage
from case_saliency.datasets import sources
from case_saliency.datasets.images import Transform
from case_saliency.errors import CaseSaliencyError
from case_saliency.models import building, devices, networks, pixels, pretrained, train, zoo
from case_saliency.models.pixels import Normalise, Pixels
from case_saliency.models.recipe import Recipe

CHECKPOINT = "checkpoint.safetensors"
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Task:
    """A network to be trained.

    Attributes
    ----------
    model, dataset
        Keys of `zoo.MODELS` (or of `own`) and of `sources.DATASETS`.
    seed
        Of the initial weights, the order of images, and augmentation.
    recipe
        How it is trained.
    manifest
        Manifest of the data set; the images lie beside it.
    own
        The user's own models, see `zoo`.
    """

    model: str
    dataset: str
    seed: int
    recipe: Recipe
    manifest: Path
    own: zoo.Own = field(default_factory=dict)


def produce(
    task: Task,
    weights: Path,
    description: Path,
    history: Path,
    *,
    device: str = "cpu",
    fingerprint: str = "",
    every_seconds: float = 20.0,
    watch: train.Watch = lambda epochs, _total: epochs,
) -> train.Trained:
    """Train a model on the split `train`, choose the epoch on the split `validation`, and write the result.

    A network with published weights of other classes begins with them and a new last layer (fine-tuning), and keeps
    their preparation of images; any other begins with random numbers, and with the mean and standard deviation of its
    training images.

    Parameters
    ----------
    weights, description, history
        Files to write: `weights.safetensors`, `model.json`, `training.csv`. An unfinished training leaves
        `checkpoint.safetensors` beside them, and goes on from there.
    fingerprint
        Stands for whatever the caller knows to be able to change the result, such as the code; the rest is added.
    device, every_seconds, watch
        See `devices.resolve` and `train.train`.

    Raises
    ------
    CaseSaliencyError
        If a name is unknown, the model's published weights fit the data set already, or a split is missing.
    """
    spec, data = zoo.find(task.model, task.own), sources.find(task.dataset)
    if not zoo.is_trained(task.model, task.dataset, task.own):
        raise CaseSaliencyError(
            f"model {task.model} has published weights for the classes of {task.dataset}; obtain them: "
            "case-saliency obtain-model"
        )
    place = devices.resolve(device)
    training, validation = _images(task, spec)
    transform = _transform(spec, training)
    checkpoint = weights.with_name(CHECKPOINT)
    with devices.exactly(deterministic=True):
        found = train.train(
            _initial(spec, data.n_classes, task.seed, weights.parent).to(place),
            *(training, validation, Normalise(transform.mean, transform.std, place), task.recipe, task.seed),
            checkpoint=checkpoint,
            fingerprint=storage.digest([fingerprint, _facts(task)]),
            every_seconds=every_seconds,
            watch=watch,
        )
    storage.write_tensors(found.tensors, weights)
    told = _told(spec, task, found) | {"sha256": storage.sha256(weights)}
    described = networks.describe(spec, task.dataset, task.seed, data.label_space, data.n_classes, transform, told)
    storage.write_json(described, description)
    storage.write_csv(pd.DataFrame(found.history), history)
    checkpoint.unlink(missing_ok=True)
    said = "best epoch %d of %d: %.2f%% of %d validation images classified correctly"
    log.info(said, found.best_epoch, task.recipe.epochs, 100 * found.validation_accuracy, len(validation))
    return found


def _images(task: Task, spec: zoo.ModelSpec) -> tuple[Pixels, Pixels]:
    """Read the images to learn from, and those to choose the epoch by."""
    table, folder = storage.read_csv(task.manifest), task.manifest.parent
    return pixels.read(folder, table, "train", spec.transform), pixels.read(folder, table, "validation", spec.transform)


def _transform(spec: zoo.ModelSpec, images: Pixels) -> Transform:
    """Return how the network is to see images."""
    if not isinstance(spec.weights, zoo.Trained):
        return spec.transform
    mean, std = images.moments()
    return replace(spec.transform, mean=mean, std=std)


def _facts(task: Task) -> dict[str, Any]:
    """Return what a checkpoint must share with the run that continues it."""
    return asdict(task) | {
        "manifest": storage.sha256(task.manifest),
        "torch": str(torch.__version__),
        "threads": torch.get_num_threads(),
    }


def _initial(spec: zoo.ModelSpec, n_classes: int, seed: int, folder: Path) -> nn.Module:
    """Return the network as training finds it."""
    with train.seeded(train.derived(seed, "initial weights")):
        network = building.build(spec, n_classes)
    building.check(spec, network, n_classes)
    if isinstance(spec.weights, zoo.Trained):
        return network
    if spec.classifier is None:
        raise CaseSaliencyError(f"model {spec.name} cannot be fine-tuned: its last layer is not known to the zoo")
    published = pretrained.read(spec, folder)
    pretrained.fill(network, published.tensors, published.source, "check the file", but=spec.classifier)
    return network


def _told(spec: zoo.ModelSpec, task: Task, found: train.Trained) -> dict[str, Any]:
    """Return what `model.json` tells of the weights."""
    return {
        "source": "trained here",
        "initial": "random" if isinstance(spec.weights, zoo.Trained) else spec.weights.source,
        "manifest_sha256": storage.sha256(task.manifest),
        "recipe": task.recipe.to_dict(),
        "best_epoch": found.best_epoch,
        "validation_accuracy": found.validation_accuracy,
    }
