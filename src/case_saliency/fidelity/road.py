"""Linear imputation of removed pixels from their neighbours, the heart of ROAD.

Source: Rong et al. (2022), A Consistent and Efficient Evaluation Strategy for Attribution Methods, ICML, section 5.
"""

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse.linalg import splu

DIRECT, DIAGONAL = 1 / 6, 1 / 12
_NEIGHBOURS = {
    (down, right): DIAGONAL if down and right else DIRECT
    for down in (-1, 0, 1)
    for right in (-1, 0, 1)
    if (down, right) != (0, 0)
}


def interpolate(pixels: npt.NDArray[np.float64], removed: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Return values for the removed pixels, of which each is the weighted mean of its up to 8 neighbours.

    For each removed pixel i with neighbours N(i) inside the image, ``sum_{j in N(i)} w_ij (x_i - x_j) = 0``, with
    w = 1/6 for the four direct and 1/12 for the four diagonal neighbours. Neighbours may be removed themselves: one
    sparse linear system, which is symmetric and positive definite, holds for all of them. It is factorised once for a
    mask and solved for every channel.

    Parameters
    ----------
    pixels
        (C, H, W) the image; what stands at removed pixels has no influence.
    removed
        (H, W) which n pixels to impute.

    Returns
    -------
    numpy.ndarray
        (C, n) values in row-major order of the removed pixels. Zeros (the mean colour in normalised space) where all
        pixels are removed, for then there is nothing to interpolate from.

    Examples
    --------
    >>> interpolate(np.array([[[1.0, 9.0, 3.0]]]), np.array([[False, True, False]]))
    array([[2.]])
    """
    n_removed = np.count_nonzero(removed)
    if n_removed in (0, removed.size):
        return np.zeros((len(pixels), n_removed))
    matrix, known = _system(pixels, removed)
    factors = splu(matrix, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
    return np.asarray(factors.solve(known).T, dtype=np.float64)


def _system(
    pixels: npt.NDArray[np.float64], removed: npt.NDArray[np.bool_]
) -> tuple[sparse.csc_array, npt.NDArray[np.float64]]:
    """Return the matrix (n, n) over the removed pixels and the right-hand side (n, C) from the known ones."""
    height, width = removed.shape
    down, right = np.nonzero(removed)
    number = np.full(removed.shape, -1)
    number[removed] = np.arange(len(down))
    weights, known = np.zeros(len(down)), np.zeros((len(down), len(pixels)))
    entries: list[tuple[npt.NDArray[np.float64], npt.NDArray[np.intp], npt.NDArray[np.intp]]] = []
    for (step_down, step_right), weight in _NEIGHBOURS.items():
        y, x = down + step_down, right + step_right
        inside = np.flatnonzero((y >= 0) & (y < height) & (x >= 0) & (x < width))
        weights[inside] += weight
        y, x = y[inside], x[inside]
        given = ~removed[y, x]
        known[inside[given]] += weight * pixels[:, y[given], x[given]].T
        unknown = inside[~given]
        entries.append((np.full(len(unknown), -weight), unknown, number[y[~given], x[~given]]))
    entries.append((weights, np.arange(len(down)), np.arange(len(down))))
    values, rows, columns = (np.concatenate(parts) for parts in zip(*entries, strict=True))
    return sparse.csc_array((values, (rows, columns)), shape=(len(down), len(down))), known
