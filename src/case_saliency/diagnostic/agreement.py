"""Agreement of the saliency maps of two classes on the same image: overlap of their top-k% pixels.

Agreement = ``100 * |A intersected with B| / n`` with A and B the n most salient pixels for the two classes, n the
top k% of the pixels at input resolution. Source: CASE (arXiv 2506.07327), section 4.2; ties as in `topk`. The same at
the maps' native resolution shows what interpolation adds; there n is not rounded.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from case_saliency.attribution.resample import upsample
from case_saliency.diagnostic import degenerate, topk
from case_saliency.diagnostic.topk import FloatArray, Ties

COLUMNS = (
    *("experiment", "dataset", "model", "seed", "layer", "method", "image_id", "target_a", "target_b"),
    *("k_percent", "resolution", "ties", "n_top", "agreement", "agreement_paper", "degenerate", "qualified", "reason"),
)
"""Columns of the table of agreement scores; `score_agreement` fills those from `image_id` on."""

Resolution = Literal["input", "native"]

_CHUNK = 8  # images upsampled at a time: about 3 MB at 224 x 224, which the processor can cache


def score_agreement(
    maps: FloatArray,
    *,
    image_ids: Sequence[str],
    targets: npt.NDArray[np.integer],
    qualified: npt.NDArray[np.bool_],
    input_size: tuple[int, int],
    k_percents: Sequence[float],
    ties: Ties = "expected",
    resolution: Resolution = "input",
) -> pd.DataFrame:
    """Score the agreement of one method's maps, image by image.

    Parameters
    ----------
    maps
        (N, 2, h, w) maps of one method and layer at native resolution, for the two classes of each image.
    image_ids
        N names of the images.
    targets
        (N, 2) class indices that the maps explain.
    qualified
        (N,) whether the image takes part in the tests, that is whether its top-1 prediction is correct. The others are
        scored as well, and marked `reason` = "misclassified".
    input_size
        (H, W) of the network's input in pixels.
    k_percents
        Sizes of the top set in percent of the pixels.
    ties
        Convention for equal values in `agreement`.
    resolution
        Where the top sets are formed: "input", of `top_size` pixels of the upsampled maps, or "native", of `exact_size`
        cells of the maps as they are.

    Returns
    -------
    pandas.DataFrame
        `COLUMNS` from `image_id` on, N x K rows in the order of the images, then of `k_percents`. `agreement` is in
        percent, and NaN where either map is degenerate; `agreement_paper` is the same under the published code's
        convention for ties, whatever `ties` says; `degenerate` names the worse of both maps' defects.

    Raises
    ------
    ValueError
        If the lengths or shapes do not fit together.
    """
    _check_lengths(maps, image_ids, targets, qualified)
    native = resolution == "native"
    height, width = maps.shape[2:] if native else input_size
    sizes: list[float] = [(topk.exact_size if native else topk.top_size)(height * width, k) for k in k_percents]
    agreement = np.full((2, len(maps), len(sizes)), np.nan)
    codes = np.zeros((len(maps), len(sizes)), dtype=np.int8)
    for start in range(0, len(maps), _CHUNK):
        part = slice(start, start + _CHUNK)
        agreement[:, part], codes[part] = _score_chunk(maps[part], (height, width), sizes, ties)
    n_sizes = len(sizes)
    return pd.DataFrame(
        {
            "image_id": np.repeat(np.asarray(image_ids, dtype=object), n_sizes),
            "target_a": np.repeat(targets[:, 0], n_sizes),
            "target_b": np.repeat(targets[:, 1], n_sizes),
            "k_percent": np.tile(np.asarray(k_percents, dtype=float), len(maps)),
            "resolution": resolution,
            "ties": ties,
            "n_top": np.tile(sizes, len(maps)),
            "agreement": agreement[0].ravel(),
            "agreement_paper": agreement[1].ravel(),
            "degenerate": np.asarray(degenerate.KINDS, dtype=object)[codes.ravel()],
            "qualified": np.repeat(qualified, n_sizes),
            "reason": np.where(np.repeat(qualified, n_sizes), "", "misclassified"),
        }
    )


def _score_chunk(
    maps: FloatArray, size: tuple[int, int], sizes: Sequence[float], ties: Ties
) -> tuple[FloatArray, degenerate.Codes]:
    """Return (2, N, K) agreement, with `ties` and the paper's, and the codes of degenerate pairs.

    Degenerate pairs never reach the overlap.
    """
    n_images = len(maps)
    defects = degenerate.classify(maps.reshape(n_images * 2, *maps.shape[2:])).reshape(n_images, 2).max(axis=1)
    codes = np.repeat(defects[:, None], len(sizes), axis=1)
    agreement = np.full((2, *codes.shape), np.nan)
    ranked = np.flatnonzero(~degenerate.unranked(defects))
    if not ranked.size:
        return agreement, codes
    values = upsample(maps[ranked], size).reshape(len(ranked), 2, -1)
    first, second = values[:, 0], values[:, 1]
    codes[ranked] = np.maximum(degenerate.small_supports(first, sizes), degenerate.small_supports(second, sizes))
    found = topk.overlaps(first, second, sizes)
    agreement[:, ranked] = found[ties], found["paper"]
    agreement[:, codes > 0] = np.nan
    return agreement, codes


def _check_lengths(
    maps: FloatArray,
    image_ids: Sequence[str],
    targets: npt.NDArray[np.integer],
    qualified: npt.NDArray[np.bool_],
) -> None:
    n_images = len(image_ids)
    if maps.ndim != 4 or maps.shape[:2] != (n_images, 2):
        raise ValueError(f"score_agreement: maps of shape {maps.shape}, expected ({n_images}, 2, h, w)")
    if targets.shape != (n_images, 2):
        raise ValueError(f"score_agreement: targets of shape {targets.shape}, expected ({n_images}, 2)")
    if qualified.shape != (n_images,) or qualified.dtype != np.bool_:
        raise ValueError(
            f"score_agreement: qualified is {qualified.dtype} {qualified.shape}, expected bool ({n_images},)"
        )
