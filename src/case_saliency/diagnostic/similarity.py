"""How alike the maps of two classes are: agreement at many k and at two resolutions, rank correlation, and SSIM.

Agreement looks at the top set alone. Spearman's correlation looks at the order of all pixels, SSIM at the local shape
of the map as a picture. Sources: Adebayo et al. (2018) compare saliency maps by rank correlation and SSIM, scaled to
[0, 1]; Wang et al. (2004) for SSIM.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from skimage.metrics import structural_similarity

from case_saliency.attribution.resample import upsample
from case_saliency.diagnostic import degenerate
from case_saliency.diagnostic.agreement import Resolution, score_agreement
from case_saliency.diagnostic.topk import FloatArray, Ties
from case_saliency.errors import CaseSaliencyError

RESOLUTIONS: tuple[Resolution, ...] = ("input", "native")
KEYS = ("measure", "resolution", "k_percent")
"""Columns that name a measure of likeness; `k_percent` is NaN for a measure of whole maps."""
COLUMNS = (
    *("experiment", "dataset", "model", "seed", "layer", "method", "image_id", "target_a", "target_b"),
    *(*KEYS, "ties", "n_top", "value", "chance", "chance_se", "chance_median", "degenerate", "qualified", "reason"),
)
"""Columns of the table of scores; `score_similarity` fills those from `image_id` on, `chance.add_chance` three."""

_WINDOW = 11  # pixels: the width of SSIM's Gaussian window, cut at 3.5 standard deviations
_CHUNK = 32  # images upsampled at a time: about 13 MB at 224 x 224


def spearman(first: FloatArray, second: FloatArray) -> float:
    """Return Spearman's rank correlation of two maps, between -1 and 1; equal values share their mean rank.

    Parameters
    ----------
    first, second
        Finite values of the same shape, not all equal.

    Examples
    --------
    >>> round(spearman(np.array([1.0, 2.0, 3.0]), np.array([1.0, 9.0, 4.0])), 3)
    0.5
    """
    rank_a, rank_b = (pd.Series(one.ravel()).rank().to_numpy() - (one.size + 1) / 2 for one in (first, second))
    return float(rank_a @ rank_b / np.sqrt((rank_a @ rank_a) * (rank_b @ rank_b)))


def ssim(first: FloatArray, second: FloatArray) -> float:
    """Return the structural similarity of two maps, each scaled to [0, 1] by its own minimum and maximum.

    Mean over the image of Wang et al.'s index with their constants: Gaussian window of standard deviation 1.5 pixels
    (11 x 11), K1 = 0.01, K2 = 0.03, variances with divisor N, range of the data 1. 1 for maps that are equal up to
    scale and offset, exactly so for equal maps. Equal values, which rounding may leave of a map that is upsampled, are
    scaled to 0.

    Parameters
    ----------
    first, second
        (H, W) finite values.

    Raises
    ------
    CaseSaliencyError
        If the maps are smaller than the window.

    References
    ----------
    Wang et al. (2004), IEEE Transactions on Image Processing 13, 600; scikit-image.
    """
    if min(first.shape) < _WINDOW:
        raise CaseSaliencyError(
            f"ssim: maps of {first.shape[0]} x {first.shape[1]} pixels, expected at least {_WINDOW} x {_WINDOW}; take "
            "`similarity` and `randomisation` out of the experiment's analyses"
        )
    found = structural_similarity(  # type: ignore[no-untyped-call]
        _scaled(first), _scaled(second), data_range=1.0, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
    )
    return float(found)


def _scaled(values: FloatArray) -> npt.NDArray[np.float64]:
    values = values.astype(np.float64)
    low, high = values.min(), values.max()
    scaled: npt.NDArray[np.float64] = (values - low) / ((high - low) or 1.0)
    return scaled


WHOLE: Mapping[str, Callable[[FloatArray, FloatArray], float]] = {
    "spearman": lambda first, second: spearman(first.ravel(), second.ravel()),
    "ssim": ssim,
}
"""Measures of whole maps at input resolution, by name."""


def score_similarity(
    maps: FloatArray,
    *,
    image_ids: Sequence[str],
    targets: npt.NDArray[np.integer],
    qualified: npt.NDArray[np.bool_],
    input_size: tuple[int, int],
    k_percents: Sequence[float],
    ties: Ties = "expected",
    whole: Sequence[str] = tuple(WHOLE),
) -> pd.DataFrame:
    """Score how alike the maps of the two classes of each image are, by every measure.

    Parameters
    ----------
    maps, image_ids, targets, qualified, input_size, k_percents, ties
        See `agreement.score_agreement`.
    whole
        Which of the measures `WHOLE` to take.

    Returns
    -------
    pandas.DataFrame
        `COLUMNS` from `image_id` on, without those of chance. For each image agreement at each k and resolution, in
        percent, and one row for each measure of whole maps, whose `k_percent` and `n_top` are NaN and `ties` empty.
        `value` is NaN where either map is degenerate. Small support is a defect of agreement alone.

    Raises
    ------
    ValueError
        If the lengths or shapes do not fit together.
    CaseSaliencyError
        If the input is smaller than SSIM's window.
    """
    tables = [
        score_agreement(
            maps,
            image_ids=image_ids,
            targets=targets,
            qualified=qualified,
            input_size=input_size,
            k_percents=k_percents,
            ties=ties,
            resolution=resolution,
        ).assign(measure="agreement")
        for resolution in RESOLUTIONS
    ]
    images = {"image_id": list(image_ids), "target_a": targets[:, 0], "target_b": targets[:, 1]}
    tables += _whole_tables(maps, images, qualified, input_size, whole)
    table = pd.concat(tables, ignore_index=True).rename(columns={"agreement": "value"})
    return table[[name for name in COLUMNS[6:] if not name.startswith("chance")]]


def _whole_tables(
    maps: FloatArray,
    images: Mapping[str, Any],
    qualified: npt.NDArray[np.bool_],
    input_size: tuple[int, int],
    whole: Sequence[str],
) -> list[pd.DataFrame]:
    """Return the rows of each measure of whole maps, with the columns of `score_agreement`."""
    values, codes = _score_whole(maps, input_size, whole)
    rest = {"resolution": "input", "k_percent": np.nan, "ties": "", "n_top": np.nan}
    return [
        pd.DataFrame(
            {
                **images,
                **rest,
                "measure": name,
                "agreement": values[:, column],
                "degenerate": np.asarray(degenerate.KINDS, dtype=object)[codes],
                "qualified": qualified,
                "reason": np.where(qualified, "", "misclassified"),
            }
        )
        for column, name in enumerate(whole)
    ]


def _score_whole(
    maps: FloatArray, input_size: tuple[int, int], whole: Sequence[str]
) -> tuple[npt.NDArray[np.float64], degenerate.Codes]:
    """Return (N, M) values of the measures of whole maps, and the (N,) codes of the worse map of each pair."""
    codes = degenerate.classify(maps.reshape(-1, *maps.shape[2:])).reshape(len(maps), 2).max(axis=1)
    values = np.full((len(maps), len(whole)), np.nan)
    ranked = np.flatnonzero(~degenerate.unranked(codes))
    for start in range(0, len(ranked), _CHUNK):
        part = ranked[start : start + _CHUNK]
        for row, (first, second) in zip(part, upsample(maps[part], input_size), strict=True):
            values[row] = [WHOLE[name](first, second) for name in whole]
    return values, codes
