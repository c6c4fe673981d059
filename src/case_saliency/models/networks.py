"""Networks on disk: obtaining published weights, and loading what was obtained."""

import io
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

from case_saliency import storage
from case_saliency.datasets import labels, sources
from case_saliency.datasets.images import Transform
from case_saliency.datasets.packages import PackagedFile
from case_saliency.errors import CaseSaliencyError
from case_saliency.models import zoo

if TYPE_CHECKING:
    import torch
    from torch import nn

_REMEDY = "obtain the model again: snakemake --cores all --forcerun obtain_model"


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


def obtain(model: str, dataset: str, seed: int, weights_path: Path, description_path: Path) -> None:
    """Write a model's weights as safetensors and its description as JSON.

    The published file is verified against its pinned hash, read without executing pickled code, and tried on the
    architecture before anything is written.

    Parameters
    ----------
    model, dataset
        Keys of `zoo.MODELS` and of `sources.DATASETS`.
    seed
        0: pretrained weights exist once.
    weights_path, description_path
        Files to write: `weights.safetensors` and `model.json`.

    Raises
    ------
    CaseSaliencyError
        If a name is unknown, model and dataset differ in their classes, the seed is not 0, or the weights are missing,
        altered, unreadable or of another architecture.
    """
    spec, data = zoo.find(model), sources.find(dataset)
    if not data.admits(spec.label_space):
        raise CaseSaliencyError(
            f"model {model} knows the classes {spec.label_space}, dataset {dataset} has {data.label_space}; "
            "choose a model and a dataset with the same classes"
        )
    if seed != 0:
        raise CaseSaliencyError(f"model {model}: seed {seed} found, but its weights are pretrained; use seed 0")
    tensors = _unpickle(spec.weights)
    _load_into(_build(spec), tensors, spec.weights.source)
    storage.write_tensors(tensors, weights_path)
    storage.write_json(_describe(spec, dataset, seed, storage.sha256(weights_path)), description_path)


def load(weights_path: Path, description_path: Path, device: str = "cpu") -> LoadedModel:
    """Load what `obtain` wrote.

    Raises
    ------
    CaseSaliencyError
        If a file is missing or unreadable, or the weights are not those that the description was written for.
    """
    description = storage.read_json(description_path)
    try:
        name, expected = description["model"], description["weights"]["sha256"]
        fields, target_layers = description["transform"], description["target_layers"]
    except (KeyError, TypeError) as error:
        raise CaseSaliencyError(f"{description_path}: no model description ({error} is missing); {_REMEDY}") from error
    tensors = storage.read_tensors(weights_path)
    found = storage.sha256(weights_path)
    if found != expected:
        raise CaseSaliencyError(f"{weights_path}: sha256 {found} found, {expected} expected; {_REMEDY}")
    module = _build(zoo.find(name))  # the builder is code: it comes from the zoo, not from a file
    _load_into(module, tensors, str(weights_path))
    return LoadedModel(
        module=module.to(device).eval().requires_grad_(False),
        description=description,
        transform=Transform.from_dict(fields),
        target_layers=target_layers,
    )


def _build(spec: zoo.ModelSpec) -> "nn.Module":
    network: nn.Module = resolve_name(spec.builder)(spec.architecture, spec.n_classes)
    return network


def _unpickle(weights: PackagedFile) -> "dict[str, torch.Tensor]":
    import torch

    content = weights.read()
    try:
        return dict(torch.load(io.BytesIO(content), map_location="cpu", weights_only=True))
    except (pickle.UnpicklingError, RuntimeError, EOFError, LookupError, TypeError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CaseSaliencyError(
            f"{weights.source}: refused, a file of plain tensors was expected ({reason}); use a trusted source"
        ) from error


def _load_into(module: "nn.Module", tensors: "Mapping[str, torch.Tensor]", origin: str) -> None:
    try:
        module.load_state_dict(dict(tensors), strict=True)
    except RuntimeError as error:
        reason = "; ".join(line.strip() for line in str(error).splitlines()[1:3])
        raise CaseSaliencyError(f"{origin}: the weights do not fit the architecture ({reason}); {_REMEDY}") from error


def _describe(spec: zoo.ModelSpec, dataset: str, seed: int, sha256: str) -> dict[str, Any]:
    return {
        "model": spec.name,
        "dataset": dataset,
        "seed": seed,
        "architecture": spec.architecture,
        "builder": spec.builder,
        "label_space": spec.label_space,
        "n_classes": spec.n_classes,
        "target_layers": dict(spec.target_layers),
        "default_layer": spec.default_layer,
        "transform": spec.transform.to_dict(),
        "licence": spec.licence,
        "weights": {"sha256": sha256, "source": spec.weights.source, "source_sha256": spec.weights.sha256},
        "classes": list(labels.names(spec.label_space)),
    }
