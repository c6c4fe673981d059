"""Linear imputation of removed pixels from their neighbours, the heart of ROAD.

Source: Rong et al. (2022), A Consistent and Efficient Evaluation Strategy for Attribution Methods, ICML, section 5.
"""

from functools import lru_cache

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
_OUTSIDE = ((0, 0), (0, 1))  # one more pixel for all that lies outside the image


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
    neighbours, weights = _grid(height, width)
    at = np.flatnonzero(removed)
    number = np.full(removed.size + 1, -1, dtype=np.int32)  # of removed pixels; the last entry is outside the image
    number[at] = np.arange(len(at))
    near, weight = neighbours[:, at], weights[:, at]
    column = number[near]
    unknown = column >= 0
    shown = np.pad(pixels.reshape(len(pixels), -1), _OUTSIDE)
    known = np.einsum("kn,ckn->nc", np.where(unknown, 0.0, weight), shown[:, near])
    # Neighbours are numbered in ascending order, a pixel between its fourth and its fifth: rows come out sorted.
    columns = np.insert(column, 4, np.arange(len(at)), axis=0).T
    values = np.insert(-weight, 4, weight.sum(axis=0), axis=0).T
    kept = columns >= 0
    starts = np.concatenate([[0], kept.sum(axis=1).cumsum()])
    return sparse.csc_array((values[kept], columns[kept], starts), shape=(len(at), len(at))), known


@lru_cache(maxsize=4)
def _grid(height: int, width: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]]:
    """Return the neighbours (8, height * width) of all pixels by number, and their weights.

    What lies outside the image has the number height * width and the weight 0.
    """
    steps = np.array(list(_NEIGHBOURS))
    down, right = np.indices((height, width)).reshape(2, -1)
    y, x = down + steps[:, :1], right + steps[:, 1:]
    inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
    weights = np.where(inside, np.array(list(_NEIGHBOURS.values()))[:, None], 0.0)
    return np.where(inside, y * width + x, height * width), weights
