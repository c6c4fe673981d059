"""Top-k% pixel sets and their overlap, exact under ties.

Upsampled and rectified maps hold many equal values, so that "the" top-k% set is not unique. Two conventions:

- ``expected``: the expectation over independent uniform tie-breaking in both maps, in closed form.
- ``argsort``: one particular set, that of the published code: an ascending argsort read from its end. The sort is
  stable here, so of equal pixels the one with the highest flat (row-major) index comes first.
"""

from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

FloatArray: TypeAlias = npt.NDArray[np.floating]
Ties = Literal["expected", "argsort"]


def top_size(n_pixels: int, k_percent: float) -> int:
    """Return the number of pixels in the top-k% set: ``max(1, floor(k * P / 100))``.

    Rounding down is the convention of the published code, and never takes more than was asked for, except that one
    pixel is always taken.

    Raises
    ------
    ValueError
        If `k_percent` is not in (0, 100] or `n_pixels` is below 1.

    Examples
    --------
    >>> top_size(224 * 224, 5), top_size(7 * 7, 5), top_size(10, 5)
    (2508, 2, 1)
    """
    if not 0 < k_percent <= 100:
        raise ValueError(f"top_size: k_percent is {k_percent}, expected 0 < k_percent <= 100")
    if n_pixels < 1:
        raise ValueError(f"top_size: n_pixels is {n_pixels}, expected at least 1")
    return max(1, int(k_percent * n_pixels / 100))


def inclusion_probabilities(values: FloatArray, n_top: int) -> npt.NDArray[np.float64]:
    """Return each pixel's probability of being among the `n_top` largest under uniform tie-breaking.

    With threshold t the n-th largest value, T the pixels equal to t and r the number of them that still fit:
    ``pi = 1`` where value > t, ``r / |T|`` on T, 0 below. The probabilities sum to `n_top`.

    Parameters
    ----------
    values
        (N, P) finite values, one map per row.
    n_top
        Size of the top set, 1 to P.

    Returns
    -------
    numpy.ndarray
        (N, P) probabilities.

    Examples
    --------
    >>> inclusion_probabilities(np.array([[3.0, 1.0, 1.0, 0.0]]), 2)
    array([[1. , 0.5, 0.5, 0. ]])
    """
    _check(values, [n_top])
    threshold = np.partition(values, -n_top, axis=1)[:, -n_top, None]
    above, tied = values > threshold, values == threshold
    share = (n_top - above.sum(axis=1, keepdims=True)) / tied.sum(axis=1, keepdims=True)
    return np.asarray(above + share * tied, dtype=np.float64)


def overlap(first: FloatArray, second: FloatArray, sizes: Sequence[int], ties: Ties) -> npt.NDArray[np.float64]:
    """Return the share of the top set that two maps have in common, in percent.

    ``expected``: ``E = 100 / n * sum_p pi_A(p) pi_B(p)``; ``argsort``: ``100 / n * |A intersected with B|``.

    Parameters
    ----------
    first, second
        (N, P) finite values: row i of both form a pair.
    sizes
        K sizes of the top set in pixels, each 1 to P. All sizes of a pair share one partial sort.
    ties
        How equal values are resolved; see the module.

    Returns
    -------
    numpy.ndarray
        (N, K) percentages between 0 and 100.

    Raises
    ------
    ValueError
        If shapes differ, a size is out of range, a value is not finite, or `ties` is unknown.

    Examples
    --------
    >>> overlap(np.array([[3.0, 1.0, 1.0, 0.0]]), np.array([[3.0, 1.0, 0.0, 0.0]]), [1, 2], "expected")
    array([[100.,  75.]])
    """
    if first.shape != second.shape:
        raise ValueError(f"overlap: the maps of a pair differ in shape, {first.shape} and {second.shape}")
    _check(first, sizes)
    _check(second, sizes)
    pair = {"expected": _expected_pair, "argsort": _argsort_pair}.get(ties)
    if pair is None:
        raise ValueError(f"overlap: ties is {ties!r}, expected 'expected' or 'argsort'")
    # Row by row: a pair then stays in the processor's cache through all sizes.
    rows = [pair(a, b, sizes) for a, b in zip(first, second, strict=True)]
    return np.array(rows, dtype=np.float64).reshape(len(first), len(sizes))


def _expected_pair(a: FloatArray, b: FloatArray, sizes: Sequence[int]) -> list[float]:
    ranks = sorted({len(a) - n for n in sizes})
    ordered_a, ordered_b = np.partition(a, ranks), np.partition(b, ranks)
    shared = []
    for n in sizes:
        above_a, tied_a, share_a = _top(a, ordered_a[-n], n)
        above_b, tied_b, share_b = _top(b, ordered_b[-n], n)
        both = (
            np.count_nonzero(above_a & above_b)
            + share_b * np.count_nonzero(above_a & tied_b)
            + share_a * np.count_nonzero(tied_a & above_b)
            + share_a * share_b * np.count_nonzero(tied_a & tied_b)
        )
        shared.append(float(100 * both / n))
    return shared


def _top(
    values: FloatArray, threshold: np.floating, n: int
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_], float]:
    """Return the pixels above the threshold, those tied on it, and the inclusion probability of the tied ones."""
    above, tied = values > threshold, values == threshold
    return above, tied, (n - np.count_nonzero(above)) / np.count_nonzero(tied)


def _argsort_pair(a: FloatArray, b: FloatArray, sizes: Sequence[int]) -> list[float]:
    rank_a, rank_b = _descending_rank(a), _descending_rank(b)
    return [100 * np.count_nonzero((rank_a < n) & (rank_b < n)) / n for n in sizes]


def _descending_rank(values: FloatArray) -> npt.NDArray[np.intp]:
    rank = np.empty(len(values), dtype=np.intp)
    rank[np.argsort(values, kind="stable")[::-1]] = np.arange(len(values))
    return rank


def _check(values: FloatArray, sizes: Sequence[int]) -> None:
    if values.ndim != 2:
        raise ValueError(f"top-k: maps of shape {values.shape}, expected (N, P)")
    if not np.isfinite(values).all():
        raise ValueError("top-k: maps hold values that are not finite; set degenerate maps aside first")
    wrong = [n for n in sizes if not 1 <= n <= values.shape[1]]
    if wrong:
        raise ValueError(f"top-k: sizes {wrong} are not between 1 and the {values.shape[1]} pixels of a map")
