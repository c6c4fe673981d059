"""Confidence drop: how far the softmax confidence in a class falls when its top-k% pixels are replaced.

With c the confidence on the image and c' on the ablated image: absolute ``c - c'``, relative ``(c - c') / c``, and
relative clipped ``max(c - c', 0) / c``. Source: CASE (arXiv 2506.07327), section 4.3.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from case_saliency.attribution.resample import upsample
from case_saliency.diagnostic import degenerate
from case_saliency.diagnostic.topk import FloatArray, top_size
from case_saliency.errors import CaseSaliencyError
from case_saliency.fidelity.confidence import PredictLogits, follow
from case_saliency.fidelity.perturb import FILLS, tie_order, top_mask

COLUMNS = (
    *("experiment", "dataset", "model", "seed", "layer", "method", "image_id", "target", "class_index", "test"),
    *("fill", "k_percent", "n_removed", "confidence", "confidence_ablated"),
    *("drop_absolute", "drop_relative", "drop_relative_clipped", "logit", "logit_ablated"),
    *("degenerate", "qualified", "reason"),
)
"""Columns of the table of fidelity scores; `ConfidenceDrop` fills those from `method` on."""


@dataclass(frozen=True)
class ConfidenceDrop:
    """The confidence-drop test with its settings; call it with one batch of images at a time.

    Attributes
    ----------
    predict_logits
        Images (M, C, H, W) -> logits (M, classes).
    k_percents, fills
        Shares of pixels to remove, and names in `perturb.FILLS` of what replaces them.
    seed
        Seed of the order in which tied pixels are removed.
    batch_size
        Largest number of ablated images that are held and forwarded at a time.
    target
        Name of the role of the class that is explained and followed.
    """

    predict_logits: PredictLogits
    k_percents: Sequence[float]
    fills: Sequence[str]
    seed: int
    batch_size: int
    target: str = "top1"

    def __post_init__(self) -> None:
        unknown = [name for name in self.fills if name not in FILLS]
        if unknown:
            raise CaseSaliencyError(f"fidelity.fills: unknown {unknown}; choose from {sorted(FILLS)}")

    def __call__(
        self,
        images: torch.Tensor,
        maps: Mapping[str, FloatArray],
        *,
        image_ids: Sequence[str],
        class_index: npt.NDArray[np.integer],
        qualified: npt.NDArray[np.bool_],
    ) -> pd.DataFrame:
        """Measure the drop of every image, method, k and fill.

        Parameters
        ----------
        images
            (N, C, H, W) normalised images as the network sees them.
        maps
            Method -> (N, h, w) maps at native resolution that explain `class_index`.
        image_ids
            N names of the images.
        class_index
            (N,) the class whose confidence is followed.
        qualified
            (N,) whether the image takes part in the test. The others get rows of NaN with `reason` = "misclassified",
            and cost no forward pass.

        Returns
        -------
        pandas.DataFrame
            `COLUMNS` from `method` on, one row for each image, method, k and fill; exactly `n_removed` pixels go. A
            map that ranks no pixels (zero, constant, nan) has NaN for what follows from its ablation. Small support is
            marked but measured, with ties broken in the seeded order.

        Raises
        ------
        CaseSaliencyError
            If the network returns a logit that is not finite; names the image.
        ValueError
            If the lengths do not fit together.
        """
        _check_lengths(images, maps, image_ids, class_index, qualified)
        table = self._settings(maps, image_ids, images.shape[-2:])
        row_image = np.repeat(np.arange(len(image_ids)), len(table) // max(len(image_ids), 1))
        table["class_index"] = class_index[row_image]
        table["qualified"] = qualified[row_image]
        table["reason"] = np.where(table["qualified"], "", "misclassified")

        def confidence(stream: Iterator[torch.Tensor], rows: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
            names = [image_ids[i] for i in rows]
            return follow(stream, class_index[rows], names, self.predict_logits, self.batch_size)

        kept = np.flatnonzero(qualified)
        before = np.full((len(image_ids), 2), np.nan)
        before[kept] = confidence((images[i] for i in kept), kept)
        measured = np.flatnonzero(table["qualified"] & ~table["unranked"])
        after = np.full((len(table), 2), np.nan)
        after[measured] = confidence(self._ablated(images, maps, image_ids, kept), row_image[measured])
        return _with_drops(table, before[row_image], after)

    def _settings(self, maps: Mapping[str, FloatArray], image_ids: Sequence[str], size: Sequence[int]) -> pd.DataFrame:
        """Return the rows without measurements, in the order image, method, k, fill."""
        height, width = size
        codes = {}
        for method, native in maps.items():
            base = degenerate.classify(native)
            ranked = np.flatnonzero(~degenerate.unranked(base))
            values = upsample(native[ranked], (height, width)).reshape(len(ranked), height * width)
            for k in self.k_percents:
                codes[method, k] = base.copy()
                codes[method, k][ranked] = degenerate.small_support(values, top_size(height * width, k))
        return pd.DataFrame(
            [
                {
                    "method": method,
                    "image_id": image_id,
                    "target": self.target,
                    "test": "confidence_drop",
                    "fill": fill,
                    "k_percent": float(k),
                    "n_removed": top_size(height * width, k),
                    "degenerate": degenerate.KINDS[codes[method, k][i]],
                    "unranked": bool(degenerate.unranked(codes[method, k])[i]),
                }
                for (i, image_id), method, k, fill in product(enumerate(image_ids), maps, self.k_percents, self.fills)
            ],
            columns=[*COLUMNS, "unranked"],
        )

    def _ablated(
        self,
        images: torch.Tensor,
        maps: Mapping[str, FloatArray],
        image_ids: Sequence[str],
        kept: npt.NDArray[np.intp],
    ) -> Iterator[torch.Tensor]:
        """Yield the ablated images one at a time, in the order of `_settings`, for maps that rank pixels."""
        height, width = images.shape[-2:]
        unranked = {method: degenerate.unranked(degenerate.classify(native)) for method, native in maps.items()}
        for i in kept:
            order = tie_order(self.seed, image_ids[i], height * width)
            for method, native in maps.items():
                if unranked[method][i]:
                    continue
                values = upsample(native[i], (height, width))
                for k in self.k_percents:
                    mask = torch.from_numpy(top_mask(values, top_size(values.size, k), order)).to(images.device)
                    for fill in self.fills:
                        yield FILLS[fill](images[i], mask)


def _with_drops(table: pd.DataFrame, before: npt.NDArray[np.float64], after: npt.NDArray[np.float64]) -> pd.DataFrame:
    drop = before[:, 0] - after[:, 0]
    return table.assign(
        confidence=before[:, 0],
        confidence_ablated=after[:, 0],
        drop_absolute=drop,
        drop_relative=drop / before[:, 0],
        drop_relative_clipped=np.maximum(drop, 0) / before[:, 0],
        logit=before[:, 1],
        logit_ablated=after[:, 1],
    )[list(COLUMNS[5:])]


def _check_lengths(
    images: torch.Tensor,
    maps: Mapping[str, FloatArray],
    image_ids: Sequence[str],
    class_index: npt.NDArray[np.integer],
    qualified: npt.NDArray[np.bool_],
) -> None:
    n_images = len(image_ids)
    lengths = {"images": len(images), "class_index": len(class_index), "qualified": len(qualified)}
    lengths |= {f"maps[{method!r}]": len(native) for method, native in maps.items()}
    wrong = {name: length for name, length in lengths.items() if length != n_images}
    if wrong:
        raise ValueError(f"ConfidenceDrop: {n_images} image_ids, but lengths {wrong}")
