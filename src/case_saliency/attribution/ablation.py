"""Ablation-CAM: channels weighted by what the class's logit loses without them. No gradients.

Notation: see `view`.
"""

from typing import Literal

import torch
from torch import Tensor

from case_saliency.attribution.gradient import rectify
from case_saliency.attribution.view import View

Baseline = Literal["zero", "library"]
_TAIL_BYTES = 32 * 2**20  # of changed activations at a time


def ablationcam(view: View, *, baseline: Baseline = "zero", library_batch: int = 32, relu: bool = True) -> Tensor:
    """Ablation-CAM: sum_k w_k A_k with w_k = (y_t - y_t without channel k) / y_t, shape (N, T, h, w).

    Desai and Ramaswamy, "Ablation-CAM", WACV 2020, equation 6. A negative y_t turns the map around: it is noted as
    `score`. One run of the tail serves all classes.

    Parameters
    ----------
    baseline
        What a removed channel becomes. "zero" is the paper's. "library" is pytorch-grad-cam's: 0 if the least
        activation of the image is 0, else that minimum - 1e7 (r + 1), with r the channel's place in its batch.
    library_batch
        That library's batch size; used with "library" only.
    relu
        Clip negative evidence.
    """
    score = view.logits.gather(1, view.classes)
    ablated = torch.stack([_ablated(view, i, baseline, library_batch) for i in range(len(view.images))])
    weights = (score[..., None] - ablated) / score[..., None]
    view.note("score", score)
    return rectify(view.combine(weights), relu)


@torch.no_grad()
def _ablated(view: View, index: int, baseline: Baseline, library_batch: int) -> Tensor:
    """Return the logits of image `index`'s classes without each channel: shape (T, C)."""
    output, axis = view.at_layer.output.detach()[index : index + 1], view.at_layer.channel_axis
    n_channels = output.shape[axis]
    channels = torch.arange(n_channels, device=output.device)
    values = torch.zeros(n_channels, dtype=output.dtype, device=output.device)
    if baseline == "library" and output.min() != 0:
        values = output.min() - 1e7 * (channels % library_batch + 1)
    kept = view.logits[index, view.classes[index]][:, None].repeat(1, n_channels)
    changing = channels[(output != 0).transpose(0, axis).flatten(1).any(1) | (values != 0)]
    for part in torch.split(changing, max(1, _TAIL_BYTES // output.nbytes)):
        changed = output.repeat(len(part), *[1] * (output.ndim - 1))
        changed.movedim(axis, 1)[torch.arange(len(part)), part] = values[part].reshape(-1, *[1] * (output.ndim - 2))
        kept[:, part] = view.resume(changed, index)[:, view.classes[index]].T
    return kept
