"""Maps without a meaningful ranking of pixels, found before any tie is resolved.

An empty map shares about nothing with any other map, so that a method could pass the diagnostic by drawing nothing.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from case_saliency.diagnostic.topk import FloatArray, neighbours

KINDS = ("", "small_support", "constant", "zero", "nan")
"""Names of the defects in increasing severity; a map's code is its position here, 0 for a sound map."""

_SMALL_SUPPORT, _CONSTANT, _ZERO, _NAN = range(1, len(KINDS))
_UNRANKED = _CONSTANT

Codes = npt.NDArray[np.int8]


def classify(maps: FloatArray) -> Codes:
    """Return the code of each map at native resolution: 0, constant, zero or nan.

    ``nan``: any value is not finite; ``zero``: all values are 0; ``constant``: all values are equal, and not 0. The
    comparison is exact: a map that varies by rounding alone counts as sound.

    Parameters
    ----------
    maps
        (N, h, w) values.

    Returns
    -------
    numpy.ndarray
        (N,) positions in `KINDS`.

    Examples
    --------
    >>> maps = np.array([[[0, 1]], [[2, 2]], [[0, 0]], [[np.nan, 1]]])
    >>> [KINDS[code] for code in classify(maps)]
    ['', 'constant', 'zero', 'nan']
    """
    if maps.ndim != 3 or 0 in maps.shape[1:]:
        raise ValueError(f"classify: maps of shape {maps.shape}, expected (N, h, w) with at least one value each")
    low, high = maps.min(axis=(1, 2)), maps.max(axis=(1, 2))
    codes = np.zeros(len(maps), dtype=np.int8)
    codes[low == high] = _CONSTANT
    codes[(low == 0) & (high == 0)] = _ZERO
    codes[~np.isfinite(maps).all(axis=(1, 2))] = _NAN
    return codes


def unranked(codes: Codes) -> npt.NDArray[np.bool_]:
    """Return which maps order no two pixels at all (constant, zero, nan): their top set would be pure chance."""
    return codes >= _UNRANKED


def small_support(values: FloatArray, n_top: float) -> Codes:
    """Return the code of each map at the resolution of the top set: 0 or small_support.

    Small support means that the n-th largest value is exactly 0 and more pixels are 0 than still fit: the top set
    would be filled up, by chance, with pixels to which the map gives nothing. For a rectified map that is "fewer than
    n positive pixels". A signed map qualifies only if its zeros reach the threshold; where it goes on to rank negative
    values below, it has an opinion about them.

    Parameters
    ----------
    values
        (N, P) finite values.
    n_top
        Size of the top set in pixels; a fractional one has small support if either whole size beside it has.

    Examples
    --------
    >>> small_support(np.array([[1.0, 0.0, 0.0], [1.0, -1.0, -2.0]]), 2).tolist()
    [1, 0]
    """
    return small_supports(values, [n_top])[:, 0]


def small_supports(values: FloatArray, sizes: Sequence[float]) -> Codes:
    """Return `small_support` for K sizes of the top set, (N, K); the pixels are counted once."""
    n_positive = np.count_nonzero(values > 0, axis=1)
    n_zero = np.count_nonzero(values == 0, axis=1)
    codes = np.zeros((len(values), len(sizes)), dtype=np.int8)
    for column, size in enumerate(sizes):
        for n in neighbours(size):
            codes[(n_positive < n) & (n_positive + n_zero > n), column] = _SMALL_SUPPORT
    return codes
