"""How exactly to compute: precision, determinism, and how many images fit."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from case_saliency.attribution.capture import evaluating
from case_saliency.models.devices import exactly

__all__ = ["AUTOCAST", "Settings", "exactly", "fitting_batch"]

Precision = Literal["float32", "bfloat16", "float16"]
AUTOCAST: dict[str, torch.dtype | None] = {"float32": None, "bfloat16": torch.bfloat16, "float16": torch.float16}
# More images at a time gain nothing: on a CPU they fall out of its cache.
LARGEST_BATCH = {"cpu": 16}
LARGEST_BATCH_ELSEWHERE = 64


@dataclass(frozen=True)
class Settings:
    """How to compute, as opposed to what; recorded with the maps.

    Attributes
    ----------
    precision
        "float32", or mixed precision of the forward pass in "bfloat16" or "float16". Formulas are always float32.
    deterministic
        Choose deterministic algorithms.
    batch_size
        Images at a time; None: as many as fit into `memory_mb`.
    memory_mb
        Memory for activations, used where `batch_size` is None.
    """

    precision: Precision = "float32"
    deterministic: bool = True
    batch_size: int | None = None
    memory_mb: int = 1024


def fitting_batch(module: nn.Module, image: Tensor, memory_mb: int, *, keeps_graph: bool) -> int:
    """Return how many images may pass through `module` at once within `memory_mb`, at most `LARGEST_BATCH`.

    The need of one image is measured in one forward pass: the sum of the outputs of all innermost modules where the
    graph is kept (`keeps_graph`, for gradients at the input), else eight times the largest of them (its input, output
    and workspace, and the gradients at a target layer). The weights are not counted. An estimate from shapes alone, so
    that it is the same in every run.

    Parameters
    ----------
    image
        Shape (1, 3, H, W).
    """
    sizes: list[int] = []

    def measure(_module: nn.Module, _inputs: object, output: object) -> None:
        if isinstance(output, Tensor):
            sizes.append(output.nbytes)

    innermost = [part for part in module.modules() if not any(True for _ in part.children())]
    handles = [part.register_forward_hook(measure) for part in innermost]
    try:
        with torch.no_grad(), evaluating(module):
            module(image.clone())
    finally:
        for handle in handles:
            handle.remove()
    need = sum(sizes) if keeps_graph else 8 * max(sizes, default=1)
    return max(1, min(LARGEST_BATCH.get(image.device.type, LARGEST_BATCH_ELSEWHERE), memory_mb * 2**20 // max(need, 1)))
