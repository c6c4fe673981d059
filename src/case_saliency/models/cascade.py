"""Replace a network's weights by random ones, from the classifier down to the first layer.

A *unit* is a module that holds parameters, or batch statistics, of its own: a convolution, a normalisation, a linear
layer. Units are ordered by when they run, not by how the network names them.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Literal, get_args

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase

from case_saliency.errors import CaseSaliencyError

How = Literal["permute", "reinitialise"]


def order(module: nn.Module, image: Tensor) -> list[str]:
    """Return the paths of all units, from the output towards the input.

    A unit stands where it begins to run for the last time in a forward pass: one that runs more than once is reached
    with its use nearest to the output. A unit whose own `forward` is not called (the output projection of PyTorch's
    attention, a head that only training uses) stands just behind the nearest module around it that runs.

    Parameters
    ----------
    module
        The network.
    image
        Shape (1, 3, H, W), on the network's device.

    Raises
    ------
    CaseSaliencyError
        If there are no units.
    """
    began: dict[str, int] = {}

    def note(path: str) -> Callable[..., None]:
        def hook(*_: object) -> None:
            began.pop(path, None)
            began[path] = clock[0] = clock[0] + 1

        return hook

    clock = [0]
    handles = [part.register_forward_pre_hook(note(path)) for path, part in module.named_modules()]
    try:
        with torch.no_grad():
            module(image.clone())
    finally:
        for handle in handles:
            handle.remove()
    units = [path for path, part in module.named_modules() if _tensors(part)]
    if not units:
        raise CaseSaliencyError("randomisation: the network has no parameters to replace; use one that has")
    places = {path: (_began(path, began), position) for position, path in enumerate(units)}
    return sorted(units, key=lambda path: places[path], reverse=True)


def groups(units: Sequence[str], steps: int) -> list[list[str]]:
    """Cut ordered units into the classifier, which is the first, and `steps` groups of equally many others.

    Where they do not divide, the first groups have one more; where there are fewer units than groups, each is one.

    Examples
    --------
    >>> groups(["fc", "conv4", "conv3", "conv2", "conv1"], 2)
    [['fc'], ['conv4', 'conv3'], ['conv2', 'conv1']]
    """
    others = np.array_split(np.arange(1, len(units)), steps)
    return [list(units[:1]), *([units[index] for index in part] for part in others if part.size)]


def shares(module: nn.Module, parts: Sequence[Sequence[str]]) -> list[float]:
    """Return the share of the network's parameters that lie in the first part, in the first two, ..., in all."""
    seen: set[int] = set()
    counts = []
    for part in parts:
        held = [value for path in part for value in module.get_submodule(path).parameters(recurse=False)]
        new = {id(value): value.numel() for value in held if id(value) not in seen}  # weights may be shared
        seen |= set(new)
        counts.append(sum(new.values()))
    return [float(share) for share in np.cumsum(counts) / max(sum(counts), 1)]


def randomise(module: nn.Module, units: Sequence[str], how: How, seed_of: Callable[[str], int]) -> None:
    """Replace the weights of units in place.

    Parameters
    ----------
    module
        A copy of the network; it is changed.
    units
        Paths of the units.
    how
        "permute": the entries of each tensor, and of a normalisation's batch statistics, change places at random.
        "reinitialise": `reset_parameters()`, PyTorch's own initialisation (statistics become mean 0 and variance 1); a
        unit without that method is permuted.
    seed_of
        Path of a unit -> seed of its random numbers. They are drawn on the CPU, so that devices agree, and global
        random states are left alone.

    Raises
    ------
    ValueError
        If `how` is unknown.
    """
    if how not in get_args(How):
        raise ValueError(f"randomise: how is {how!r}, expected one of {get_args(How)}")
    for path in units:
        unit = module.get_submodule(path)
        reset = getattr(unit, "reset_parameters", None)
        if how == "reinitialise" and reset is not None:
            device = next(iter(_tensors(unit).values())).device
            unit.to("cpu")
            with torch.random.fork_rng(devices=[]), torch.no_grad():
                torch.default_generator.manual_seed(seed_of(path))
                reset()
            unit.to(device)
        else:
            _permute(_tensors(unit), torch.Generator().manual_seed(seed_of(path)))


def response(network: nn.Module, image: Tensor) -> float:
    """Return how far the image moves the logits away from those of an image of zeros; not finite if they are not."""
    with torch.no_grad():
        logits = network(torch.cat([image, torch.zeros_like(image)])).double()
    if not bool(logits.isfinite().all()):
        return float("nan")
    return float((logits[0] - logits[1]).square().mean().sqrt())


def _permute(tensors: dict[str, Tensor], generator: torch.Generator) -> None:
    for value in tensors.values():
        places = torch.randperm(value.numel(), generator=generator)
        value.data = value.data.flatten()[places.to(value.device)].view_as(value)


def _tensors(unit: nn.Module) -> dict[str, Tensor]:
    """Return what a unit holds itself: floating-point parameters, and the batch statistics of a normalisation."""
    statistics = ("running_mean", "running_var") if isinstance(unit, _NormBase) else ()
    held: Iterator[tuple[str, Tensor | None]] = iter(
        [*unit.named_parameters(recurse=False), *((name, getattr(unit, name)) for name in statistics)]
    )
    return {name: value for name, value in held if value is not None and value.is_floating_point()}


def _began(path: str, began: dict[str, int]) -> int:
    """Return when a module began to run for the last time, or else the nearest around it that ran."""
    while path not in began and path:
        path = path.rpartition(".")[0]
    return began.get(path, 0)
