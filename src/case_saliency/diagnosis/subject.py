"""The network to diagnose: from the zoo, from a user's function, or an exported program."""

import difflib
import importlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from torch import nn

from case_saliency.datasets.images import Transform
from case_saliency.datasets.sources import DATASETS
from case_saliency.diagnosis import exported
from case_saliency.diagnosis.naming import PROGRAM
from case_saliency.diagnosis.options import TRANSFORM, shorter_side
from case_saliency.errors import CaseSaliencyError
from case_saliency.models import devices, networks, zoo


@dataclass(frozen=True)
class Subject:
    """A network and what is known of it.

    Attributes
    ----------
    name
        What it is called in tables.
    module
        The network, on the device where it is to run.
    transform
        How an image becomes its input.
    layers
        Name of a target layer -> path of the submodule; the first is the default. Empty where none is known.
    class_names
        Names of its classes in order; None where they are unknown.
    batch_size
        The only batch size that it takes; None: any.
    """

    name: str
    module: nn.Module
    transform: Transform = TRANSFORM
    layers: Mapping[str, str] = field(default_factory=dict)
    class_names: tuple[str, ...] | None = None
    batch_size: int | None = None


def load(model: str | Path | nn.Module, device: str | None, changes: Mapping[str, Any]) -> Subject:
    """Return the network to diagnose.

    Parameters
    ----------
    model
        A network; or a name in the zoo, `module:function` (a function without arguments that returns the network), or
        the path of an exported program.
    device
        Where it is to run (see `devices.resolve`); None: where it is, or on the CPU.
    changes
        Fields of `Transform` in which the images' preparation differs from the network's own, or from `TRANSFORM` where
        it has none. With another `input_size`, `resize` follows in proportion unless given.

    Raises
    ------
    CaseSaliencyError
        If there is no such network.
    """
    subject = _load(model)
    if device is not None:
        subject.module.to(devices.resolve(device))
    fields = dict(changes)
    if "input_size" in fields:
        fields = {"resize": shorter_side(fields["input_size"])} | fields
    return replace(subject, transform=replace(subject.transform, **fields))


def _load(model: str | Path | nn.Module) -> Subject:
    if isinstance(model, nn.Module):
        return Subject(type(model).__name__, model)
    if str(model) in zoo.MODELS:
        return _from_zoo(str(model))
    path = Path(model)
    if path.suffix == PROGRAM:
        program = exported.load(path)
        size = program.input_size or TRANSFORM.input_size
        transform = replace(TRANSFORM, input_size=size, resize=shorter_side(size))
        return Subject(path.stem, program.module, transform, batch_size=program.batch_size)
    if ":" in str(model):
        return Subject(str(model).partition(":")[2], _from_function(str(model)))
    if path.exists():
        raise CaseSaliencyError(
            f"model: {path} is not an exported program ({PROGRAM}), and weights alone do not say how to compute; name "
            "module:function, a function that builds the network and loads them"
        )
    raise CaseSaliencyError(
        f"model: {str(model)!r} is no model of the zoo ({', '.join(sorted(zoo.MODELS))}){_near(str(model), zoo.MODELS)}"
        f", no module:function, and no file {PROGRAM}; name one of these"
    )


def _from_zoo(name: str) -> Subject:
    spec = zoo.find(name)
    if spec.label_space is None:
        raise CaseSaliencyError(
            f"model: {name} has no published weights, the workflow trains it; name module:function, a function that "
            "builds the network and loads the trained weights (case_saliency.models.networks.load)"
        )
    dataset = next(data.name for data in DATASETS.values() if data.label_space == spec.label_space)
    with TemporaryDirectory() as folder:
        files = Path(folder) / "weights.safetensors", Path(folder) / "model.json"
        networks.obtain(name, dataset, 0, *files)
        loaded = networks.load(*files)
    layers = {spec.default_layer: spec.target_layers[spec.default_layer], **spec.target_layers}
    return Subject(name, loaded.module, loaded.transform, layers, tuple(loaded.description["classes"]))


def _from_function(target: str) -> nn.Module:
    module_name, _, name = target.partition(":")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise  # the user's module itself lacks something: that traceback is theirs
        raise CaseSaliencyError(
            f"model: module {module_name!r} cannot be found; keep {module_name}.py in {Path.cwd()}, or install it"
        ) from error
    if not hasattr(module, name):
        raise CaseSaliencyError(f"model: module {module_name} has no {name!r}{_near(name, dir(module))}; correct it")
    found = getattr(module, name)
    built = found if isinstance(found, nn.Module) or not callable(found) else _call(target, found)
    if not isinstance(built, nn.Module):
        raise CaseSaliencyError(f"model: {target} gave {type(built).__name__}, a torch.nn.Module expected; return one")
    return built


def _call(target: str, function: Callable[..., Any]) -> Any:
    try:
        inspect.signature(function).bind()
    except TypeError as error:
        raise CaseSaliencyError(
            f"model: {target} needs arguments ({error}); name a function that needs none"
        ) from error
    return function()


def _near(name: str, known: Sequence[str] | Mapping[str, Any]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
