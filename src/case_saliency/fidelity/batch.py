"""What the fidelity tests share: network, seed, and a batch of images with the maps of one class or two."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from case_saliency.diagnostic.topk import FloatArray
from case_saliency.fidelity.confidence import PredictLogits
from case_saliency.fidelity.pairs import check_batch, with_targets


class Batch(NamedTuple):
    """N images (N, C, H, W) and their names, their maps (N, T, h, w) by method, the classes (N, T), and which count."""

    images: torch.Tensor
    maps: Mapping[str, FloatArray]
    image_ids: Sequence[str]
    class_index: npt.NDArray[np.integer]
    qualified: npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class PerturbationTest(ABC):
    """A test that shows perturbed images to the network; call it with one batch of images at a time.

    Attributes
    ----------
    predict_logits
        Images (M, C, H, W) -> logits (M, classes).
    seed
        Seed of the order in which tied pixels are taken, and of what fills draw.
    batch_size
        Largest number of perturbed images that are held and forwarded at a time.
    """

    predict_logits: PredictLogits
    seed: int
    batch_size: int

    def __call__(
        self,
        images: torch.Tensor,
        maps: Mapping[str, FloatArray],
        *,
        image_ids: Sequence[str],
        class_index: npt.NDArray[np.integer],
        qualified: npt.NDArray[np.bool_],
    ) -> pd.DataFrame:
        """Measure every image and method.

        Parameters
        ----------
        images
            (N, C, H, W) normalised images as the network sees them.
        maps
            Method -> (N, T, h, w) maps at native resolution; the map of target t explains ``class_index[:, t]``.
        image_ids
            N names of the images.
        class_index
            (N, T) the classes that are explained and followed: one, or two of which each is the other's `other_class`.
            One class may also be given as (N,), with maps (N, h, w).
        qualified
            (N,) whether the image takes part in the test. The others get rows of NaN with `reason` = "misclassified",
            and cost no forward pass.

        Returns
        -------
        pandas.DataFrame
            As `measure` returns it.

        Raises
        ------
        CaseSaliencyError
            If the network returns a logit that is not finite; names the image.
        ValueError
            If the lengths do not fit together.
        """
        maps, class_index = with_targets(maps, class_index)
        check_batch(type(self).__name__, images, maps, image_ids, class_index, qualified)
        return self.measure(Batch(images, maps, image_ids, class_index, qualified))

    @abstractmethod
    def measure(self, batch: Batch) -> pd.DataFrame:
        """Return the table of a batch whose lengths fit together."""
