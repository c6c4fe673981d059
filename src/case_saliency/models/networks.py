"""Networks on disk: obtaining published weights, and loading what was obtained or trained."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from case_saliency import storage
from case_saliency.datasets import labels, sources
from case_saliency.datasets.fetching import Progress, silently
from case_saliency.datasets.images import Transform
from case_saliency.errors import CaseSaliencyError
from case_saliency.models import building, pretrained, zoo

if TYPE_CHECKING:
    from torch import nn

_REMEDY = "make the model again: snakemake --cores all --forcerun obtain_model train_model"


@dataclass(frozen=True)
class LoadedModel:
    """A network ready for use.

    Attributes
    ----------
    module
        The network, in evaluation mode; its parameters take no gradient.
    description
        The content of `model.json`.
    transform
        How an image becomes its input.
    target_layers
        Name of a target layer -> path of the module inside `module`.
    """

    module: "nn.Module"
    description: dict[str, Any]
    transform: Transform
    target_layers: dict[str, str]


def obtain(
    model: str,
    dataset: str,
    seed: int,
    weights_path: Path,
    description_path: Path,
    progress: Progress = silently,
    own: zoo.Own | None = None,
) -> None:
    """Write a model's weights as safetensors and its description as JSON.

    A published file is verified against its pinned hash, read without executing pickled code, and tried on the
    architecture before anything is written.

    Parameters
    ----------
    model, dataset
        Keys of `zoo.MODELS` (or of `own`) and of `sources.DATASETS`.
    seed
        0: pretrained weights exist once.
    weights_path, description_path
        Files to write: `weights.safetensors` and `model.json`.
    progress
        Shows how much of a download has arrived.
    own
        The user's own models, see `zoo`.

    Raises
    ------
    CaseSaliencyError
        If a name is unknown, model and dataset differ in their classes, the seed is not 0, or the weights are missing,
        altered, unreadable or of another architecture.
    """
    spec, data = zoo.find(model, own), sources.find(dataset)
    if zoo.is_trained(model, dataset, own):
        raise CaseSaliencyError(
            f"model {model} knows the classes {spec.label_space}, dataset {dataset} has {data.label_space}; choose a "
            "model and a dataset with the same classes, or train it: case-saliency train-model"
        )
    if seed != 0:
        raise CaseSaliencyError(f"model {model}: seed {seed} found, but its weights are pretrained; use seed 0")
    published = pretrained.read(spec, weights_path.parent, progress)
    network = building.build(spec, published.n_classes)
    remedy = f"correct `weights` or `builder` of models.{model} in params.yaml" if model in (own or {}) else _REMEDY
    pretrained.fill(network, published.tensors, published.source, remedy)
    building.check(spec, network, published.n_classes)
    storage.write_tensors(published.tensors, weights_path)
    weights = {
        "sha256": storage.sha256(weights_path),
        "source": published.source,
        "source_sha256": published.sha256,
    }
    described = describe(spec, dataset, seed, published.label_space, published.n_classes, spec.transform, weights)
    storage.write_json(described, description_path)


def load(weights_path: Path, description_path: Path, device: str = "cpu", own: zoo.Own | None = None) -> LoadedModel:
    """Load what `obtain` or a training wrote; `own` holds the user's own models, see `zoo`.

    Raises
    ------
    CaseSaliencyError
        If a file is missing or unreadable, the weights are not those that the description was written for, or the
        description is that of a network which another function built.
    """
    description = storage.read_json(description_path)
    try:
        name, builder, expected = str(description["model"]), description["builder"], description["weights"]["sha256"]
        transform, target_layers = (
            Transform.from_dict(dict(description["transform"])),
            dict(description["target_layers"]),
        )
        n_classes, n_names = description["n_classes"], len(description["classes"])
    except KeyError as error:
        raise CaseSaliencyError(f"{description_path}: no model description ({error} is missing); {_REMEDY}") from error
    except (TypeError, ValueError) as error:
        raise CaseSaliencyError(f"{description_path}: no model description ({error}); {_REMEDY}") from error
    if not (isinstance(n_classes, int) and 1 <= n_classes <= n_names):
        raise CaseSaliencyError(
            f"{description_path}: n_classes {n_classes!r} found with {n_names} names of classes; {_REMEDY}"
        )
    tensors = storage.read_tensors(weights_path)
    found = storage.sha256(weights_path)
    if found != expected:
        raise CaseSaliencyError(f"{weights_path}: sha256 {found} found, {expected} expected; {_REMEDY}")
    spec = zoo.find(name, own)  # the builder is code: it comes from the zoo or from params.yaml, never from a file
    if builder != spec.builder:
        raise CaseSaliencyError(
            f"{description_path}: builder {builder!r} found, {name} is built by {spec.builder!r}; {_REMEDY}"
        )
    module = building.build(spec, n_classes)
    pretrained.fill(module, tensors, str(weights_path), _REMEDY)
    return LoadedModel(
        module=module.to(device).eval().requires_grad_(False),
        description=description,
        transform=transform,
        target_layers=target_layers,
    )


def describe(
    spec: zoo.ModelSpec,
    dataset: str,
    seed: int,
    label_space: str,
    n_classes: int,
    transform: Transform,
    weights: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the content of `model.json`; `weights` tells their hash and where they come from."""
    return {
        "model": spec.name,
        "dataset": dataset,
        "seed": seed,
        "architecture": spec.architecture,
        "builder": spec.builder,
        "label_space": label_space,
        "n_classes": n_classes,
        "target_layers": dict(spec.target_layers),
        "default_layer": spec.default_layer,
        "transform": transform.to_dict(),
        "licence": spec.licence,
        "weights": dict(weights),
        "classes": list(labels.names(label_space, n_classes)),
    }
