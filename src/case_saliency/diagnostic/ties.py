"""Pixels that the top sets of two maps share, counted under both conventions for ties that `topk` defines."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.floating]


def shared_pixels(a: FloatArray, b: FloatArray, sizes: Sequence[int]) -> list[tuple[float, float]]:
    """Return how many pixels of their top sets two maps share, at each whole size.

    Parameters
    ----------
    a, b
        (P,) finite values of either map.
    sizes
        Sizes of the top sets, from 1 to P.

    Returns
    -------
    list
        For each size the expected number under random tie-breaking, and the number in the published code's order.
    """
    thresholds_a, thresholds_b = _thresholds(a, sizes), _thresholds(b, sizes)
    shared = []
    for n in sizes:
        above_a, tied_a, share_a = _top(a, thresholds_a[n], n)
        above_b, tied_b, share_b = _top(b, thresholds_b[n], n)
        both = (
            np.count_nonzero(above_a & above_b)
            + share_b * np.count_nonzero(above_a & tied_b)
            + share_a * np.count_nonzero(tied_a & above_b)
            + share_a * share_b * np.count_nonzero(tied_a & tied_b)
        )
        if share_a == share_b == 1:  # all that are tied fit: there is one top set
            shared.append((float(both), float(both)))
        else:
            sets = _last(above_a, tied_a, n) & _last(above_b, tied_b, n)
            shared.append((float(both), float(np.count_nonzero(sets))))
    return shared


def _thresholds(values: FloatArray, sizes: Sequence[int]) -> dict[int, np.floating]:
    """Return the n-th largest value for each n. A smaller set is looked for within the larger one: half the time."""
    found, top = {}, values
    for n in sorted(sizes, reverse=True):
        top = np.partition(top, len(top) - n)[len(top) - n :]
        found[n] = top[0]
    return found


def _top(
    values: FloatArray, threshold: np.floating, n: int
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_], float]:
    """Return the pixels above the threshold, those tied on it, and the inclusion probability of the tied ones."""
    above, tied = values > threshold, values == threshold
    return above, tied, (n - np.count_nonzero(above)) / np.count_nonzero(tied)


def _last(above: npt.NDArray[np.bool_], tied: npt.NDArray[np.bool_], n: int) -> npt.NDArray[np.bool_]:
    """Return the top set of the published code: of the tied pixels, those with the highest indices that still fit."""
    chosen = above.copy()
    chosen[np.flatnonzero(tied)[np.count_nonzero(above) - n :]] = True
    return chosen
