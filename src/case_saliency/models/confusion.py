"""Which classes a network takes for which, on images that nothing else looks at."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from case_saliency.errors import CaseSaliencyError


@dataclass(frozen=True)
class Confusions:
    """What a network takes the images of each class for.

    Attributes
    ----------
    counts
        Images of class u that were taken for class v, shape (K, K), rows the true class.
    mean_softmax
        Mean probability of class v over the images of class u, shape (K, K); a row of zeros where class u has no image.
    """

    counts: NDArray[np.int64]
    mean_softmax: NDArray[np.float64]

    def short_rows(self, k: int) -> int:
        """Return how many classes were taken for fewer than `k` other classes."""
        others = (self.counts > 0) & ~np.eye(len(self.counts), dtype=bool)
        return int((others.sum(1) < k).sum())


def estimate(
    module: nn.Module, batches: Iterable[tuple[list[str], Tensor]], labels: Mapping[str, int], n_classes: int
) -> Confusions:
    """Count what a network takes images for.

    Probabilities are the softmax of the logits in float64; of equal logits the lower class index counts.

    Parameters
    ----------
    module
        A network in evaluation mode: (N, 3, H, W) -> logits (N, K).
    batches
        Ids and inputs, as `images.batches` yields them; moved to the network's device.
    labels
        image_id -> true class index.
    n_classes
        K.

    Raises
    ------
    CaseSaliencyError
        If there is no image, logits are not finite or not K, or a label is out of range; names the image.
    """
    device = next((parameter.device for parameter in module.parameters()), torch.device("cpu"))
    counts = np.zeros((n_classes, n_classes), dtype=np.int64)
    sums = np.zeros((n_classes, n_classes))
    with torch.inference_mode():
        for image_ids, inputs in batches:
            logits = module(inputs.to(device)).cpu().double()
            for image_id, scores in zip(image_ids, logits, strict=True):
                label = labels[image_id]
                _check(image_id, label, scores, n_classes)
                counts[label, int(np.argmax(scores.numpy()))] += 1
                sums[label] += scores.softmax(0).numpy()
    if not counts.sum():
        raise CaseSaliencyError("confusion: no image was given; the held-out split is empty, check the manifest")
    return Confusions(counts, sums / np.maximum(counts.sum(1, keepdims=True), 1))


def _check(image_id: str, label: int, logits: Any, n_classes: int) -> None:
    if logits.shape != (n_classes,) or not bool(logits.isfinite().all()):
        raise CaseSaliencyError(
            f"image {image_id}: {n_classes} finite logits expected, {tuple(logits.shape)} found, "
            f"{int((~logits.isfinite()).sum())} of them not finite; check the model's weights"
        )
    if not 0 <= label < n_classes:
        raise CaseSaliencyError(
            f"image {image_id}: label {label} found, the model has classes 0 to {n_classes - 1}; correct the manifest"
        )
