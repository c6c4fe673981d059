"""Which layer to explain: the last one that still knows where things are."""

from typing import Any

import torch
from torch import Tensor, nn

from case_saliency.attribution.capture import Capture, capture
from case_saliency.errors import CaseSaliencyError

_LAST = 64  # maps that are tried, from the last one back: more than the longest block has


def find(module: nn.Module, image: Tensor) -> str:
    """Return the path of the last submodule whose output is a map that the logits depend on.

    "Last" is in the order in which submodules finish a forward pass, so that a block is preferred to its parts. A map
    is an output of shape (N, C, h, w) with more than one cell, or the tokens (N, L, D) of a vision transformer. Pooling
    layers are passed over: they blur the map. A module that runs more than once cannot be told apart and is passed over
    as well. The logits must have a gradient at the map: in a vision transformer that reads its class token alone, the
    other tokens have none behind the last attention, so that its norm is found.

    Parameters
    ----------
    image
        Shape (1, 3, H, W), on the model's device.

    Raises
    ------
    CaseSaliencyError
        If there is no such submodule, or the model cannot be run.
    """
    candidates = _maps(module, image)[-_LAST:]
    if candidates:
        captured = probe(module, image, {path: path for path in candidates})
        ones = torch.ones(1, 1, captured.logits.shape[1], device=image.device)
        for path in reversed(candidates):
            # Of any weighting of the logits: the plain sum would vanish behind a layer that centres them.
            if captured.layers[path].pullback(ones * _uneven(captured.logits)).abs().max() > 0:
                return path
    raise CaseSaliencyError(
        "layer: no submodule of the model returns a map that its logits depend on; name one with --layer, or, for an "
        "exported program, export the model itself with torch.export.export, which keeps its submodules"
    )


def probe(module: nn.Module, image: Tensor, layers: dict[str, str]) -> Capture:
    """Run the model once on one image, and check its output and these layers.

    Raises
    ------
    CaseSaliencyError
        If the model refuses the image or returns no logits of two or more classes, or a layer has no map.
    """
    try:
        captured = capture(module, image, layers)
    except (RuntimeError, ValueError, AssertionError) as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        height, width = image.shape[-2:]
        raise CaseSaliencyError(
            f"model: it fails on an image of 3 x {height} x {width} ({reason}); set --input-size to what it expects"
        ) from error
    n_classes = captured.logits.shape[1]
    if n_classes < 2:
        raise CaseSaliencyError(
            f"model: {n_classes} class found, two or more needed: maps of two classes are compared; give a network "
            "with one logit a second one, zero"
        )
    return captured


def _maps(module: nn.Module, image: Tensor) -> list[str]:
    """Return the paths of submodules that run once and return a map, in the order in which they finish."""
    finished: list[str] = []
    usable: dict[str, bool] = {}
    pooled: list[Tensor] = []

    def watch(path: str, part: nn.Module) -> Any:
        def hook(_module: nn.Module, _inputs: Any, output: Any) -> None:
            if "Pool" in _kind(part) and isinstance(output, Tensor):
                pooled.append(output)
            usable[path] = path not in finished and _is_map(output) and not any(output is seen for seen in pooled)
            finished.append(path)

        return hook

    handles = [part.register_forward_hook(watch(path, part)) for path, part in module.named_modules() if path]
    try:
        probe(module, image, {})
    finally:
        for handle in handles:
            handle.remove()
    return [path for path in finished if usable[path]]


def _kind(part: nn.Module) -> str:
    """Name of a submodule's class, which an exported program's submodule tells by `type_name`."""
    original = getattr(part, "type_name", None)
    return str(original() if callable(original) else type(part).__name__)


def _is_map(output: Any) -> bool:
    if not isinstance(output, Tensor) or not output.is_floating_point():
        return False
    if output.ndim == 4:
        channels_last = output.shape[1] == output.shape[2] != output.shape[3]
        return output.shape[2] * output.shape[3] > 1 and not channels_last
    if output.ndim != 3:
        return False
    side = int(output.shape[1] ** 0.5)
    return side > 1 and side * side in (output.shape[1], output.shape[1] - 1)


def _uneven(logits: Tensor) -> Tensor:
    return torch.arange(1.0, logits.shape[1] + 1, device=logits.device)
