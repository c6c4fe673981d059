"""How alike two saliency maps are, by several measures: of one method, on two networks, classes or images."""

from collections.abc import Callable
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd

from case_saliency.attribution.resample import upsample
from case_saliency.diagnostic import degenerate
from case_saliency.diagnostic.agreement import score_agreement
from case_saliency.diagnostic.similarity import spearman, ssim
from case_saliency.diagnostic.topk import FloatArray, Ties

MEASURES = ("rank_correlation", "rank_correlation_absolute", "ssim", "overlap")
"""Spearman's correlation of the maps and of their absolute values, structural similarity, overlap of the top k%."""


def resemblance(
    first: FloatArray, second: FloatArray, *, input_size: tuple[int, int], k_percent: float, ties: Ties
) -> pd.DataFrame:
    """Compare pairs of maps.

    Parameters
    ----------
    first, second
        (N, h, w) maps at native resolution: row i of both form a pair.
    input_size
        (H, W) of the network's input in pixels, where `ssim` and `overlap` are formed.
    k_percent, ties
        Of the top set, see `score_agreement`.

    Returns
    -------
    pandas.DataFrame
        N rows, `MEASURES` and `degenerate`. `rank_correlation` is Spearman's, with mean ranks for ties, over the cells
        of the native maps; `rank_correlation_absolute` that of the absolute values; `ssim` the structural similarity of
        the upsampled maps, see `similarity.ssim`; `overlap` a share between 0 and 1. All are 1 for equal maps
        (`overlap` only where no ties cross the threshold), and NaN if a map orders no two cells; `overlap` is NaN as
        well if a map has too small a support, `rank_correlation_absolute` if a map has one absolute value. `degenerate`
        says why one is NaN.

    Raises
    ------
    ValueError
        If the shapes differ.
    CaseSaliencyError
        If the input is smaller than SSIM's window.

    Examples
    --------
    >>> a = np.arange(144.0).reshape(1, 12, 12)
    >>> found = resemblance(a, a**2, input_size=(12, 12), k_percent=5, ties="expected")
    >>> found[["rank_correlation", "overlap"]].to_numpy().tolist()
    [[1.0, 1.0]]
    """
    if first.shape != second.shape or first.ndim != 3:
        raise ValueError(f"resemblance: maps of shapes {first.shape} and {second.shape}, expected (N, h, w) twice")
    overlap, defects = _overlap(first, second, input_size, k_percent, ties)
    ranked = ~degenerate.unranked(defects)
    signed = _each(first, second, ranked, _rank_correlation)
    absolute = _each(np.abs(first), np.abs(second), ranked, _rank_correlation)
    structure = _each(first, second, ranked, lambda a, b: ssim(*upsample(np.stack([a, b]), input_size)))
    flat = ranked & np.isnan(absolute)
    defects[flat] = np.maximum(defects[flat], degenerate.KINDS.index("constant"))
    kinds = np.asarray(degenerate.KINDS, dtype=object)[defects]
    measured = (signed, absolute, structure, overlap)
    return pd.DataFrame(dict(zip(MEASURES, measured, strict=True)) | {"degenerate": kinds})


def among(maps: FloatArray, *, input_size: tuple[int, int], k_percent: float, ties: Ties) -> pd.DataFrame:
    """Compare each map with all others; the measures are symmetric, so that each pair is compared once.

    Parameters
    ----------
    maps
        (N, h, w) maps, N at least 2.
    input_size, k_percent, ties
        See `resemblance`.

    Returns
    -------
    pandas.DataFrame
        N rows: for each map the means of `MEASURES` over those pairs that have a value, and as `degenerate` the worst
        defect of its pairs where a measure has no value at all.
    """
    pairs = list(combinations(range(len(maps)), 2))
    first, second = (maps[list(side)] for side in zip(*pairs, strict=True))
    found = resemblance(first, second, input_size=input_size, k_percent=k_percent, ties=ties)
    rank = {kind: code for code, kind in enumerate(degenerate.KINDS)}
    rows = []
    for index in range(len(maps)):
        own = found[[index in pair for pair in pairs]]
        means = own[list(MEASURES)].mean()
        worst = max(own["degenerate"], key=rank.__getitem__) if means.isna().any() else ""
        rows.append({**means, "degenerate": worst})
    return pd.DataFrame(rows)


def _overlap(
    first: FloatArray, second: FloatArray, input_size: tuple[int, int], k_percent: float, ties: Ties
) -> tuple[npt.NDArray[np.float64], degenerate.Codes]:
    """Return the share of the top set that each pair has in common, and the code of the pair's worse defect."""
    n = len(first)
    top = score_agreement(
        np.stack([first, second], axis=1),
        image_ids=[str(pair) for pair in range(n)],
        targets=np.zeros((n, 2), dtype=int),
        qualified=np.ones(n, dtype=bool),
        input_size=input_size,
        k_percents=[k_percent],
        ties=ties,
    )
    codes = {kind: code for code, kind in enumerate(degenerate.KINDS)}
    return top["agreement"].to_numpy() / 100, np.array([codes[kind] for kind in top["degenerate"]], dtype=np.int8)


def _each(
    first: FloatArray,
    second: FloatArray,
    wanted: npt.NDArray[np.bool_],
    measure: Callable[[FloatArray, FloatArray], float],
) -> npt.NDArray[np.float64]:
    values = np.full(len(first), np.nan)
    for pair in np.flatnonzero(wanted):
        values[pair] = measure(first[pair], second[pair])
    return values


def _rank_correlation(a: FloatArray, b: FloatArray) -> float:
    if np.ptp(a) == 0 or np.ptp(b) == 0:  # absolute values may be equal where the values are not
        return float("nan")
    return spearman(a.ravel(), b.ravel())
