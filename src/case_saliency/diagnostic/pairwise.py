"""Agreement of the maps of every two of several classes on the same image.

RQ1 compares the two most likely classes. Where more are compared, it is seen whether maps differ between classes in
general, or between those two alone. Agreement is that of `agreement`, exact under ties.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np
import numpy.typing as npt
import pandas as pd

from case_saliency.attribution.resample import upsample
from case_saliency.diagnostic import degenerate, topk
from case_saliency.diagnostic.topk import FloatArray
from case_saliency.errors import CaseSaliencyError

COLUMNS = (
    *("experiment", "dataset", "model", "seed", "layer", "method", "image_id", "rank_a", "rank_b", "class_a"),
    *("class_b", "k_percent", "n_top", "agreement", "degenerate", "qualified", "reason"),
)
"""Columns of the table of scores; `score_pairwise` fills those from `image_id` on."""


@dataclass(frozen=True)
class ClassMatrix:
    """Agreement of every two classes of one image.

    Attributes
    ----------
    agreement
        (C, C), symmetric, percent; NaN in the rows and columns of degenerate maps. On the diagonal a map meets itself,
        each side with its own order of ties: below 100 it shows how far ties blur the other cells.
    degenerate
        (C, C) text: "", or the worse defect of both maps (`degenerate.KINDS`).
    n_top
        Pixels in a top set.
    """

    agreement: npt.NDArray[np.float64]
    degenerate: npt.NDArray[np.str_]
    n_top: int

    @property
    def pairs(self) -> npt.NDArray[np.float64]:
        """Agreement of each two different classes that have a value, in row-major order above the diagonal."""
        found = self.agreement[np.triu_indices(len(self.agreement), 1)]
        return found[~np.isnan(found)]

    def summary(self) -> dict[str, float]:
        """Return n_pairs, n_degenerate (pairs without a value), and mean, median, lowest and highest of the others."""
        pairs, n_classes = self.pairs, len(self.agreement)
        counts = {"n_pairs": len(pairs), "n_degenerate": n_classes * (n_classes - 1) // 2 - len(pairs)}
        values = pairs if len(pairs) else np.array([np.nan])
        return {
            **counts,
            "mean": float(values.mean()),
            "median": float(np.median(values)),
            "lowest": float(values.min()),
            "highest": float(values.max()),
        }


def class_matrix(maps: FloatArray, input_size: tuple[int, int], k_percent: float = 5.0) -> ClassMatrix:
    """Compare the maps of every two classes of one image.

    Parameters
    ----------
    maps
        (C, h, w) maps of C classes by one method, at native resolution.
    input_size
        (H, W) of the network's input in pixels, where the top sets are formed.
    k_percent
        Size of the top set in percent of the H x W pixels.

    Raises
    ------
    ValueError
        If the maps are not those of two classes at least.

    Examples
    --------
    >>> maps = np.array([[[4, 3], [2, 1]], [[4, 1], [3, 2]], [[1, 2], [3, 4]]])
    >>> found = class_matrix(maps, (2, 2), k_percent=50)
    >>> found.agreement
    array([[100.,  50.,   0.],
           [ 50., 100.,  50.],
           [  0.,  50., 100.]])
    >>> found.summary()["median"]
    50.0
    """
    if maps.ndim != 3 or len(maps) < 2:
        raise ValueError(f"class_matrix: maps of shape {maps.shape}, expected (C, h, w) with C >= 2 classes")
    n_pixels = input_size[0] * input_size[1]
    n_top = topk.top_size(n_pixels, k_percent)
    codes = degenerate.classify(maps)
    ranked = np.flatnonzero(~degenerate.unranked(codes))
    values = upsample(maps[ranked], input_size).reshape(len(ranked), n_pixels)
    codes[ranked] = np.maximum(codes[ranked], degenerate.small_support(values, n_top))
    agreement = np.full((len(maps), len(maps)), np.nan)
    sound = np.flatnonzero(codes[ranked] == 0)
    pairs = np.array(list(combinations_with_replacement(sound, 2)), dtype=np.intp).reshape(-1, 2)
    shared = topk.overlap(values[pairs[:, 0]], values[pairs[:, 1]], [n_top], "expected")[:, 0]
    first, second = ranked[pairs].T
    agreement[first, second] = agreement[second, first] = shared
    worse = np.maximum(codes[:, None], codes[None, :])
    return ClassMatrix(agreement, np.asarray(degenerate.KINDS)[worse], n_top)


def score_pairwise(
    maps: FloatArray,
    *,
    image_ids: Sequence[str],
    classes: npt.NDArray[np.integer],
    input_size: tuple[int, int],
    k_percent: float,
    qualified: npt.NDArray[np.bool_],
) -> pd.DataFrame:
    """Score the agreement of every two classes of each image, by one method.

    Parameters
    ----------
    maps
        (N, C, h, w) maps at native resolution. Those of images that do not qualify are not looked at.
    image_ids
        N names of the images.
    classes
        (N, C) classes that the maps explain, the most likely first: rank 1 is the top-1 prediction.
    input_size, k_percent
        See `class_matrix`.
    qualified
        (N,) whether the image takes part; the others get rows of NaN, `reason` = "misclassified".

    Returns
    -------
    pandas.DataFrame
        `COLUMNS` from `image_id` on: one row for each image and pair of ranks a < b.
    """
    n_images, n_classes = classes.shape
    if maps.shape[:2] != classes.shape or len(image_ids) != n_images or qualified.shape != (n_images,):
        raise ValueError(
            f"score_pairwise: maps of shape {maps.shape}, classes {classes.shape}, {len(image_ids)} image_ids, "
            f"qualified {qualified.shape}; expected (N, C, h, w), (N, C), N and (N,)"
        )
    first, second = np.triu_indices(n_classes, 1)
    tables = []
    for image_id, explained, of_image, counts in zip(image_ids, classes, maps, qualified.tolist(), strict=True):
        found = class_matrix(of_image, input_size, k_percent) if counts else None
        tables.append(
            pd.DataFrame(
                {
                    "image_id": image_id,
                    "rank_a": first + 1,
                    "rank_b": second + 1,
                    "class_a": explained[first],
                    "class_b": explained[second],
                    "k_percent": float(k_percent),
                    "n_top": topk.top_size(input_size[0] * input_size[1], k_percent),
                    "agreement": found.agreement[first, second] if found else np.nan,
                    "degenerate": found.degenerate[first, second].astype(object) if found else "",
                    "qualified": counts,
                    "reason": "" if counts else "misclassified",
                }
            )
        )
    return pd.concat(tables, ignore_index=True)


def most_likely(logits: npt.NDArray[np.floating], n_classes: int) -> npt.NDArray[np.intp]:
    """Return the `n_classes` most likely classes of each image, the most likely first; equal logits by class index.

    Parameters
    ----------
    logits
        (N, K) logits.

    Returns
    -------
    numpy.ndarray
        (N, n_classes) classes.

    Raises
    ------
    CaseSaliencyError
        If the network has fewer classes.

    Examples
    --------
    >>> most_likely(np.array([[0.0, 2.0, 1.0]]), 2).tolist()
    [[1, 2]]
    """
    if n_classes > logits.shape[1]:
        raise CaseSaliencyError(
            f"pairwise.n_classes: {n_classes} found, the network tells {logits.shape[1]} classes apart; lower it"
        )
    return np.argsort(-logits, axis=1, kind="stable")[:, :n_classes]
