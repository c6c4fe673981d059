"""What a network rectifies with: Guided Backprop reaches `nn.ReLU` modules only."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from case_saliency.errors import CaseSaliencyError

_OTHERS = (
    "celu",
    "elu",
    "gelu",
    "hardswish",
    "hardtanh",
    "leaky_relu",
    "mish",
    "_prelu_kernel",
    "rrelu",
    "silu",
    "softplus",
)


@contextmanager
def only_relu_modules(module: nn.Module, image: Tensor) -> Iterator[None]:
    """Refuse a network with other rectifiers; make its ReLUs work out of place while the context is open.

    Parameters
    ----------
    image
        Shape (1, 3, H, W); run through the network to see what it calls.

    Raises
    ------
    CaseSaliencyError
        If it calls another rectifier, or ReLU as a function, or none at all.
    """
    _refuse_others(module, image)
    in_place = [part for part in module.modules() if isinstance(part, nn.ReLU) and part.inplace]
    for part in in_place:
        part.inplace = False
    try:
        yield
    finally:
        for part in in_place:
            part.inplace = True


class _Called(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the operations that are called, by name, in-place ones with the others."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.counts: Counter[str] = Counter()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        self.counts[func.overloadpacket.__name__.removesuffix("_")] += 1
        return func(*args, **(kwargs or {}))


def _refuse_others(module: nn.Module, image: Tensor) -> None:
    runs: list[nn.Module] = []
    relus = [part for part in module.modules() if isinstance(part, nn.ReLU)]
    handles = [part.register_forward_hook(lambda part, _inputs, _output: runs.append(part)) for part in relus]
    try:
        with torch.no_grad(), _Called() as called:
            module(image.clone())
    finally:
        for handle in handles:
            handle.remove()
    others = sorted(set(called.counts) & set(_OTHERS))
    if called.counts["relu"] > len(runs):
        others.append("relu as a function")
    if others or not runs:
        found = ", ".join(others) or "no ReLU"
        raise CaseSaliencyError(f"guided_backprop: the model rectifies with {found}; it needs nn.ReLU modules only")
