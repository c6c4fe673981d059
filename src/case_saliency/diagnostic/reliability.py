"""Agreement of a method with itself: how much of a map stays when nothing that matters has changed.

Two maps of one image can agree little because the method tells classes apart, or because it is unsteady. Both are
measured across a harmless change of the image (`augmentation`), for classes a and b, with x' the changed image:

    within  = mean of agreement(map_a(x), map_a(x')) and agreement(map_b(x), map_b(x'))
    between = mean of agreement(map_a(x), map_b(x')) and agreement(map_b(x), map_a(x'))

A method that knows no class has within = between exactly; one that draws at random has both at `chance`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from case_saliency.attribution.resample import upsample
from case_saliency.attribution.seeding import generator
from case_saliency.diagnostic import degenerate, topk
from case_saliency.diagnostic.augmentation import Augmentation
from case_saliency.diagnostic.topk import FloatArray

if TYPE_CHECKING:
    import torch

COLUMNS = (
    *("experiment", "dataset", "model", "seed", "layer", "method", "image_id", "target_a", "target_b"),
    *("augmentation", "k_percent", "n_top", "within_a", "within_b", "between_ab", "between_ba", "within", "between"),
    *("chance", "keeps_top1", "degenerate", "qualified", "reason"),
)
"""Columns of the table of scores; `SelfAgreement` fills those from `layer` on."""

_MEASURES = {"within_a": (0, 0), "within_b": (1, 1), "between_ab": (0, 1), "between_ba": (1, 0)}
"""Measure -> the class of the original's map, and that of the changed image's map."""
_CHUNK = 32  # pairs of random maps upsampled at a time

Batches: TypeAlias = "Sequence[tuple[list[str], torch.Tensor]]"
Maps: TypeAlias = Mapping[str, Mapping[str, FloatArray]]


@dataclass(frozen=True)
class SelfAgreement:
    """The measurement with its settings; call it with one batch of images at a time.

    Attributes
    ----------
    explain
        Batches (image ids, images), and image id -> classes, to layer -> method -> maps (N, T, h, w).
    predict
        Batches, and image id -> class, to a table with one row for each image in order: whether the class is its most
        likely one (column `correct`).
    augmentations
        The changes of the image.
    k_percent
        Size of the top set in percent of the valid region's pixels.
    chance_pairs, seed
        Pairs of random maps that the level of chance is simulated from, and their seed.
    """

    explain: Callable[[Batches, Mapping[str, Sequence[int]]], Maps]
    predict: Callable[[Batches, Mapping[str, int]], pd.DataFrame]
    augmentations: Sequence[Augmentation]
    k_percent: float
    chance_pairs: int
    seed: int

    def __call__(
        self,
        images: "torch.Tensor",
        maps: Maps,
        *,
        image_ids: Sequence[str],
        class_index: npt.NDArray[np.integer],
        qualified: npt.NDArray[np.bool_],
    ) -> pd.DataFrame:
        """Measure every image, method and augmentation.

        Parameters
        ----------
        images, image_ids
            (N, C, H, W) images as the network sees them, and their N names.
        maps
            Layer -> method -> (N, 2, h, w) maps of the images as they are, at native resolution.
        class_index
            (N, 2) classes a and b, explained in the changed images too, whatever is predicted there.
        qualified
            (N,) whether the image takes part. The others get rows of NaN and cost no pass through the network.

        Returns
        -------
        pandas.DataFrame
            `COLUMNS` from `layer` on. Measures are in percent, and NaN where one of the four maps is degenerate;
            `keeps_top1` is 1 where class a is the changed image's most likely class, else 0.
        """
        kept = np.flatnonzero(qualified)
        again, keeps = self._again(images, image_ids, class_index, kept)
        size = (int(images.shape[-2]), int(images.shape[-1]))
        tables = []
        for layer, methods in maps.items():
            for method, original in methods.items():
                for step, augmentation in enumerate(self.augmentations):
                    part = slice(step * len(kept), (step + 1) * len(kept))
                    changed = again[layer][method][part] if len(kept) else original[kept]
                    columns = self._scores(original[kept], changed, augmentation, size)
                    columns["keeps_top1"] = keeps[part]
                    tables.append(
                        pd.DataFrame(columns, index=kept)
                        .reindex(range(len(image_ids)))
                        .fillna({"degenerate": ""})
                        .assign(
                            layer=layer, method=method, image_id=list(image_ids), target_a=class_index[:, 0],
                            target_b=class_index[:, 1], augmentation=augmentation.name, k_percent=float(self.k_percent),
                            n_top=topk.top_size(_n_pixels(augmentation, size), self.k_percent),
                            chance=chance(
                                augmentation, original.shape[-2:], size, self.k_percent, self.chance_pairs, self.seed
                            ),
                            qualified=qualified, reason=np.where(qualified, "", "misclassified"),
                        )
                    )  # fmt: skip
        return pd.concat(tables, ignore_index=True)[list(COLUMNS[4:])]

    def _again(
        self,
        images: "torch.Tensor",
        image_ids: Sequence[str],
        class_index: npt.NDArray[np.integer],
        kept: npt.NDArray[np.intp],
    ) -> tuple[Maps, npt.NDArray[np.float64]]:
        """Return the maps of the changed images, augmentation after augmentation, and whether they keep class a."""
        if not len(kept):
            return {}, np.empty(0)
        chosen = images[kept.tolist()]
        batches = [([one.image_id(image_ids[i]) for i in kept], one.apply(chosen)) for one in self.augmentations]
        explained = {one.image_id(image_ids[i]): class_index[i].tolist() for one in self.augmentations for i in kept}
        found = self.predict(batches, {name: classes[0] for name, classes in explained.items()})
        return self.explain(batches, explained), found["correct"].to_numpy(dtype=np.float64)

    def _scores(
        self, original: FloatArray, changed: FloatArray, augmentation: Augmentation, size: tuple[int, int]
    ) -> dict[str, Any]:
        """Compare maps (N, 2, h, w) of images and changed images; degenerate maps never reach the overlap."""
        n_pixels = _n_pixels(augmentation, size)
        n_top = topk.top_size(n_pixels, self.k_percent)
        four = np.concatenate([original, changed], axis=1)
        codes = degenerate.classify(four.reshape(-1, *four.shape[2:])).reshape(len(four), 4).max(axis=1)
        ranked = np.flatnonzero(~degenerate.unranked(codes))
        before = augmentation.valid(upsample(original[ranked], size)).reshape(len(ranked), 2, n_pixels)
        after = augmentation.undone(upsample(changed[ranked], size)).reshape(len(ranked), 2, n_pixels)
        for values in (*before.swapaxes(0, 1), *after.swapaxes(0, 1)):
            codes[ranked] = np.maximum(codes[ranked], degenerate.small_support(values, n_top))
        found: dict[str, Any] = {}
        for measure, (of_original, of_changed) in _MEASURES.items():
            found[measure] = np.full(len(four), np.nan)
            found[measure][ranked] = topk.overlap(before[:, of_original], after[:, of_changed], [n_top], "expected")[
                :, 0
            ]
            found[measure][codes > 0] = np.nan
        found["within"] = (found["within_a"] + found["within_b"]) / 2
        found["between"] = (found["between_ab"] + found["between_ba"]) / 2
        found["degenerate"] = np.asarray(degenerate.KINDS, dtype=object)[codes]
        return found


@cache
def chance(
    augmentation: Augmentation,
    native: tuple[int, int],
    size: tuple[int, int],
    k_percent: float,
    n_pairs: int,
    seed: int,
) -> float:
    """Return the mean agreement, in percent, of two independent maps of uniform noise across an augmentation.

    The maps have `native` cells and are upsampled to `size`, brought back and cut as the maps of a method are. Their
    peaks lie at cell centres and on the border, so that they share more than k%. Maps with a value for each pixel are
    not simulated: every pixel is as likely, and the mean is ``100 n / P`` exactly.

    Examples
    --------
    >>> chance(Augmentation("flip", mirrored=True), (10, 10), (10, 10), 5, 1000, 0)
    5.0
    """
    n_pixels = _n_pixels(augmentation, size)
    n_top = topk.top_size(n_pixels, k_percent)
    if native == size:
        return 100 * n_top / n_pixels
    random = generator(seed, "chance", augmentation.name, *native, *size)
    total = 0.0
    for start in range(0, n_pairs, _CHUNK):
        count = min(_CHUNK, n_pairs - start)
        first, second = random.random((2, count, *native))
        before = augmentation.valid(upsample(first, size)).reshape(count, -1)
        after = augmentation.undone(upsample(second, size)).reshape(count, -1)
        total += float(topk.overlap(before, after, [n_top], "expected").sum())
    return total / n_pairs


def _n_pixels(augmentation: Augmentation, size: tuple[int, int]) -> int:
    """Return the number of pixels in the valid region."""
    return augmentation.valid(np.empty(size, dtype=np.bool_)).size
