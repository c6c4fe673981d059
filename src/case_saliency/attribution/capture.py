"""One forward pass of a batch that keeps what every method needs: activations, and the way back to them.

The output of a target layer is replaced by a detached leaf, so that the layers before it build no graph; the gradient
of any function of the logits is then one vector-Jacobian product (VJP) through the layers behind it.
"""

import difflib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from case_saliency.errors import CaseSaliencyError

Grid = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class CapturedLayer:
    """A target layer's output for one batch.

    `output` is what the layer returned, a node of the graph that ends in `logits`; `grid` turns it (or its gradient)
    into shape (N, C, h, w).
    """

    name: str
    path: str
    output: Tensor
    logits: Tensor
    grid: Grid

    @property
    def channel_axis(self) -> int:
        """Which axis of `output` holds the channels."""
        if self.grid is _identity:
            return 1
        if self.grid is tokens_to_grid:
            return 2
        raise CaseSaliencyError(f"layer {self.name}: no ablation with a `grid` of your own; leave ablationcam out")

    @property
    def activations(self) -> Tensor:
        """A, shape (N, C, h, w), float32."""
        return self.grid(self.output.detach()).float()

    def pullback(self, cotangents: Tensor) -> Tensor:
        """Return sum_c q_c dy_c/dA for each row q of `cotangents`.

        Parameters
        ----------
        cotangents
            Shape (N, J, K): J rows over the K logits of each image. One VJP serves row j of all images.

        Returns
        -------
        Shape (N, J, C, h, w), float32.
        """
        columns = []
        for row in cotangents.to(self.logits.dtype).unbind(1):
            weighted = (row * self.logits).sum()  # handing `row` over as cotangent makes torch import its compiler
            (gradient,) = torch.autograd.grad(weighted, self.output, retain_graph=True)
            columns.append(self.grid(gradient).float())
        return torch.stack(columns, 1)


@dataclass(frozen=True)
class Capture:
    """Logits (N, K) of a batch, detached and in float32, and its target layers by name."""

    logits: Tensor
    layers: dict[str, CapturedLayer]


def capture(
    module: nn.Module,
    images: Tensor,
    layers: Mapping[str, str],
    *,
    grid: Grid | None = None,
    autocast: torch.dtype | None = None,
) -> Capture:
    """Run `module` once on `images` and keep the target layers.

    Parameters
    ----------
    module
        The classifier; left as it was found. It may be in training mode, frozen, wrapped, or work in place.
    images
        Shape (N, 3, H, W). Not changed.
    layers
        Name -> dotted path of a submodule that runs exactly once in a forward pass.
    grid
        Turns a layer's output into shape (N, C, h, w). None: 4-d outputs are taken as they are, 3-d outputs are the
        tokens of a vision transformer (see `tokens_to_grid`).
    autocast
        Compute the forward pass in this mixed precision; None: in the precision of the weights.

    Raises
    ------
    CaseSaliencyError
        If a layer does not exist, does not run exactly once, or returns no map; if the logits are not of shape (N, K).
    """
    module = unwrap(module)
    targets = {name: submodule(module, name, path) for name, path in layers.items()}
    outputs: dict[str, Tensor] = {}
    device = images.device.type
    precision = torch.autocast(device, dtype=autocast) if autocast is not None else nullcontext()
    with evaluating(module), _hooked(targets, outputs), torch.no_grad(), precision:
        logits = module(images.clone())
    if not isinstance(logits, Tensor) or logits.ndim != 2 or len(logits) != len(images):
        found = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
        raise CaseSaliencyError(f"model: its output is {found}, logits of shape ({len(images)}, classes) expected")
    for name, path in layers.items():
        if name not in outputs:
            raise CaseSaliencyError(f"layer {name}: {path!r} did not run in the forward pass; choose one that does")
    captured = {
        name: CapturedLayer(name, path, outputs[name], logits, grid or _default_grid(name, outputs[name]))
        for name, path in layers.items()
    }
    return Capture(logits.detach().float(), captured)


def unwrap(module: nn.Module) -> nn.Module:
    """Return the model inside `DataParallel` wrappers: one batch is small, and hooks must see all of it."""
    while isinstance(module, nn.DataParallel | nn.parallel.DistributedDataParallel):
        module = module.module
    return module


def submodule(module: nn.Module, name: str, path: str) -> nn.Module:
    """Return the submodule at a dotted path; a wrong path is an error that proposes the nearest one."""
    known = dict(module.named_modules())
    path = path if path in known else path.removeprefix("module.")
    if path in known and path:
        return module.get_submodule(path)
    close = difflib.get_close_matches(path, list(known), n=1)
    remedy = f"did you mean {close[0]!r}?" if close else "list the paths with model.named_modules()"
    raise CaseSaliencyError(f"layer {name}: the model has no submodule {path!r}; {remedy}")


@contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """Put every submodule into evaluation mode, and back into its own mode afterwards."""
    training = [part for part in module.modules() if part.training]
    module.eval()
    try:
        yield
    finally:
        for part in training:
            part.training = True


def tokens_to_grid(tokens: Tensor) -> Tensor:
    """Turn a vision transformer's tokens (N, L, D) into a map (N, D, s, s), dropping a leading class token.

    L must be s * s or s * s + 1, patches in row-major order as in torchvision's and timm's ViT.
    """
    length = tokens.shape[1]
    side = int(length**0.5)
    if side * side not in (length, length - 1):
        raise CaseSaliencyError(f"layer: {length} tokens are no square of patches; pass your own `grid` function")
    return tokens[:, length - side * side :].transpose(1, 2).reshape(len(tokens), -1, side, side)


@contextmanager
def _hooked(targets: Mapping[str, nn.Module], outputs: dict[str, Tensor]) -> Iterator[None]:
    """Keep the targets' outputs while the context is open, and let the graph begin at the first of them."""

    def keep(name: str) -> Callable[[nn.Module, Any, Any], Tensor]:
        def hook(_module: nn.Module, _inputs: Any, output: Any) -> Tensor:
            if name in outputs:
                raise CaseSaliencyError(f"layer {name}: it runs more than once in a forward pass; choose another")
            if not isinstance(output, Tensor) or not output.is_floating_point():
                raise CaseSaliencyError(f"layer {name}: it returns {type(output).__name__}, a float tensor is needed")
            torch.set_grad_enabled(True)  # undone by the no_grad context around the forward pass
            outputs[name] = output if output.requires_grad else output.detach().requires_grad_()
            return outputs[name].clone()  # the next layer may work in place

        return hook

    handles = [target.register_forward_hook(keep(name)) for name, target in targets.items()]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _default_grid(name: str, output: Tensor) -> Grid:
    if output.ndim == 4:
        return _identity
    if output.ndim == 3:
        return tokens_to_grid
    raise CaseSaliencyError(f"layer {name}: its output has shape {tuple(output.shape)}, no map; choose another")


def _identity(output: Tensor) -> Tensor:
    return output
