"""Score-CAM: channels weighted by the class's score on the image seen through them. No gradients.

Notation: see `view`.
"""

from typing import Literal

import torch
from torch import Tensor

from case_saliency.attribution.gradient import rectify
from case_saliency.attribution.view import View


def scorecam(
    view: View,
    *,
    score: Literal["logit", "probability"] = "logit",
    increase: bool = False,
    weighting: Literal["softmax", "plain"] = "softmax",
    align_corners: bool = True,
    relu: bool = True,
) -> Tensor:
    """Score-CAM: sum_k w_k A_k, with w_k from the score of t on x times M_k; shape (N, T, h, w).

    M_k is A_k, interpolated to the input's size and scaled to [0, 1]; it does not depend on the class, so that one
    forward pass of each masked image serves all classes, and the masked images are made a few at a time. Wang et al.,
    "Score-CAM", CVPR Workshops 2020 (arXiv:1910.01279). The defaults are pytorch-grad-cam's; the choices below matter.

    Parameters
    ----------
    score
        The logit or the probability of t.
    increase
        Take the increase over the score of a black (all zero) image, as in the paper, not the score.
    weighting
        "softmax" of the scores over channels, or the "plain" scores.
    align_corners
        Interpolate the masks with the corners aligned.
    relu
        Clip negative evidence.
    """
    scores = torch.stack([_masked(view, i, score, align_corners) for i in range(len(view.images))])
    if increase:
        scores = scores - _scores(view, torch.zeros_like(view.images), score).gather(1, view.classes)[..., None]
    weights = scores.softmax(-1) if weighting == "softmax" else scores
    return rectify(view.combine(weights), relu)


@torch.no_grad()
def _masked(view: View, index: int, score: Literal["logit", "probability"], align_corners: bool) -> Tensor:
    """Return the scores of image `index`'s classes behind each mask: shape (T, C)."""
    image, columns = view.images[index], []
    for part in torch.split(view.activations[index], view.rows):
        masks = torch.nn.functional.interpolate(
            part[:, None], image.shape[-2:], mode="bilinear", align_corners=align_corners
        )
        low, high = masks.amin((2, 3), keepdim=True), masks.amax((2, 3), keepdim=True)
        masked = image * ((masks - low) / (high - low + 1e-8))
        columns.append(_scores(view, masked, score)[:, view.classes[index]])
    return torch.cat(columns).T


@torch.no_grad()
def _scores(view: View, images: Tensor, score: Literal["logit", "probability"]) -> Tensor:
    logits = view.predict(images)
    return logits if score == "logit" else logits.softmax(-1)
