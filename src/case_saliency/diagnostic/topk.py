"""Top-k% pixel sets and their overlap, exact under ties.

Upsampled and rectified maps hold many equal values, so that "the" top-k% set is not unique. Two conventions:

- ``expected``: the expectation over independent uniform tie-breaking in both maps, in closed form.
- ``paper``: one particular set, that of the published code: an ascending argsort read from its end. Its sort is not
  stable; here it is, so of equal pixels the one with the highest flat (row-major) index comes first.

A set may have a fractional size, such as 2.45 cells of a 7 x 7 map: then it has one of both neighbouring whole sizes,
at random, with a mean of just that size.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from case_saliency.diagnostic.ties import shared_pixels

FloatArray: TypeAlias = npt.NDArray[np.floating]
Ties = Literal["expected", "paper"]
_COUNTED: tuple[Ties, Ties] = ("expected", "paper")


def exact_size(n_pixels: int, k_percent: float) -> float:
    """Return the size of the top-k% set without rounding, ``k * P / 100``: below 1 where k% is less than one pixel.

    Raises
    ------
    ValueError
        If `k_percent` is not in (0, 100] or `n_pixels` is below 1.

    Examples
    --------
    >>> exact_size(7 * 7, 5)
    2.45
    """
    if not 0 < k_percent <= 100:
        raise ValueError(f"size of the top set: k_percent is {k_percent}, expected 0 < k_percent <= 100")
    if n_pixels < 1:
        raise ValueError(f"size of the top set: n_pixels is {n_pixels}, expected at least 1")
    return k_percent * n_pixels / 100


def top_size(n_pixels: int, k_percent: float) -> int:
    """Return the number of pixels in the top-k% set: ``max(1, floor(k * P / 100))``.

    Rounding down is the convention of the published code, and never takes more than was asked for, except that one
    pixel is always taken.

    Raises
    ------
    ValueError
        As `exact_size`.

    Examples
    --------
    >>> top_size(224 * 224, 5), top_size(7 * 7, 5), top_size(10, 5)
    (2508, 2, 1)
    """
    return max(1, int(exact_size(n_pixels, k_percent)))


def neighbours(size: float) -> list[int]:
    """Return the whole sizes, 0 excepted, that a top set of a given size may have.

    Examples
    --------
    >>> neighbours(2.45), neighbours(2), neighbours(0.49)
    ([2, 3], [2], [1])
    """
    return sorted({math.floor(size), math.ceil(size)} - {0})


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


def overlap(first: FloatArray, second: FloatArray, sizes: Sequence[float], ties: Ties) -> npt.NDArray[np.float64]:
    """Return the share of the top set that two maps have in common, in percent, under one convention for ties.

    ``100 * shared(n) / n``, with ``shared(n) = sum_p pi_A(p) pi_B(p)`` (``expected``) or ``|A intersected with B|``
    (``paper``). For a fractional n, `shared` is interpolated linearly between both neighbouring whole sizes, with
    ``shared(0) = 0``: the expectation when both sets are of one random size, floor(n) or ceil(n), with mean n. A map
    without ties shares exactly 100% with itself at every size.

    Parameters
    ----------
    first, second
        (N, P) finite values: row i of both form a pair.
    sizes
        K sizes of the top set in pixels, each above 0 and at most P.
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
    >>> overlap(np.array([[3.0, 2.0, 1.0]]), np.array([[3.0, 1.0, 2.0]]), [1, 1.6, 2], "expected")
    array([[100. ,  62.5,  50. ]])
    """
    if ties not in get_args(Ties):
        raise ValueError(f"overlap: ties is {ties!r}, expected one of {', '.join(get_args(Ties))}")
    return overlaps(first, second, sizes)[ties]


def overlaps(first: FloatArray, second: FloatArray, sizes: Sequence[float]) -> dict[Ties, npt.NDArray[np.float64]]:
    """Return the `overlap` under each convention for ties, in one pass over the maps."""
    if first.shape != second.shape:
        raise ValueError(f"overlap: the maps of a pair differ in shape, {first.shape} and {second.shape}")
    _check(first, sizes)
    _check(second, sizes)
    whole = sorted({neighbour for n in sizes for neighbour in neighbours(n)})
    # Row by row: a pair then stays in the processor's cache through all sizes.
    rows = [shared_pixels(a, b, whole) for a, b in zip(first, second, strict=True)]
    counts = np.array(rows, dtype=np.float64).reshape(len(first), len(whole), 2)
    found: dict[Ties, npt.NDArray[np.float64]] = {}
    for ties, of_ties in zip(_COUNTED, np.moveaxis(counts, 2, 0), strict=True):
        shared = dict(zip(whole, of_ties.T, strict=True))
        percent = [_percent(shared, n) for n in sizes]
        found[ties] = np.stack(percent, axis=1) if percent else np.empty((len(first), 0))
    return found


def _percent(shared: Mapping[int, npt.NDArray[np.float64]], size: float) -> npt.NDArray[np.float64]:
    """Return 100 shared(n) / n from the numbers of shared pixels at whole sizes."""
    lower = math.floor(size)
    if lower == size:
        return 100 * shared[lower] / size
    below = shared[lower] if lower else np.zeros_like(shared[1])
    common = below + (size - lower) * (shared[lower + 1] - below)
    return 100 * (common / size)  # in this order equal maps give 100 and not 100 + 1e-14


def _check(values: FloatArray, sizes: Sequence[float]) -> None:
    if values.ndim != 2:
        raise ValueError(f"top-k: maps of shape {values.shape}, expected (N, P)")
    if not np.isfinite(values).all():
        raise ValueError("top-k: maps hold values that are not finite; set degenerate maps aside first")
    wrong = [n for n in sizes if not 0 < n <= values.shape[1]]
    if wrong:
        raise ValueError(f"top-k: sizes {wrong} are not above 0 and at most the {values.shape[1]} pixels of a map")
