"""Resume a model behind a target layer with changed activations."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from case_saliency.attribution.cut import Cut, NotTraceableError, cut, spread

# Logits (R, K) of one image with R variants of the layer's output: called with the outputs (R, ...) and its index.
Tail = Callable[[Tensor, int], Tensor]


@dataclass(frozen=True)
class Tails:
    """The tails of one model, cut out on first use.

    A model that cannot be cut is run from its input each time, with the layer's output replaced: the same logits, for
    the price of whole forward passes; `report` is told so.
    """

    module: nn.Module
    report: Callable[[str], None]
    _cuts: dict[str, Cut | None] = field(default_factory=dict)

    def resume(self, path: str, images: Tensor) -> Tail:
        """Return the tail behind the submodule at `path`, for these images."""
        if path not in self._cuts:
            self._cuts[path] = self._cut(path, images)
        halves = self._cuts[path]
        if halves is None:
            return lambda outputs, index: self._replay(path, images[index : index + 1], outputs)
        with torch.no_grad():
            _, *live = halves.trunk(images.clone())

        def tail(outputs: Tensor, index: int) -> Tensor:
            logits: Tensor = halves.tail(outputs, *spread(live, index, len(images), len(outputs)))
            return logits

        return tail

    def _cut(self, path: str, images: Tensor) -> Cut | None:
        try:
            return cut(self.module, path, images)
        except NotTraceableError as error:
            self.report(f"layer {path}: the model cannot be cut there ({error}); whole forward passes, slower")
            return None

    def _replay(self, path: str, image: Tensor, outputs: Tensor) -> Tensor:
        def replace(_module: nn.Module, _inputs: Any, _output: Any) -> Tensor:
            return outputs

        handle = self.module.get_submodule(path).register_forward_hook(replace)
        try:
            logits: Tensor = self.module(image.repeat(len(outputs), 1, 1, 1))
        finally:
            handle.remove()
        return logits
