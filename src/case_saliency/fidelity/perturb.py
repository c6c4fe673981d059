"""Which pixels of an image are removed, and the seeded draws that depend on the image alone."""

import hashlib

import numpy as np
import numpy.typing as npt


def tie_order(seed: int, image_id: str, n_pixels: int) -> npt.NDArray[np.intp]:
    """Return each pixel's place in the order in which tied pixels are taken: a permutation of 0 .. n_pixels - 1.

    The order depends on the seed and the image alone, so that all methods break ties on an image alike, whatever else
    a run contains.
    """
    return _generator(f"{seed}:{image_id}").permutation(n_pixels)


def fill_generator(seed: int, image_id: str) -> np.random.Generator:
    """Return the generator from which a fill draws for an image: the same for all methods, masks and fills."""
    return _generator(f"{seed}:{image_id}:fill")


def _generator(key: str) -> np.random.Generator:
    return np.random.default_rng(int.from_bytes(hashlib.sha256(key.encode()).digest(), "big"))


def top_mask(values: npt.NDArray[np.floating], n_top: int, order: npt.NDArray[np.intp]) -> npt.NDArray[np.bool_]:
    """Return the mask of exactly `n_top` most salient pixels; of pixels tied at the threshold, the first in `order`.

    Masks for growing `n_top` are nested.

    Parameters
    ----------
    values
        (H, W) finite saliency values, indexed (row, column).
    n_top
        Number of pixels to take, 1 to H * W.
    order
        (H * W,) places from `tie_order`, row-major.

    Returns
    -------
    numpy.ndarray
        (H, W) booleans, indexed (row, column) as `values` and as the image.

    Raises
    ------
    ValueError
        If a value is not finite, `n_top` is out of range, or `order` has another length.

    Examples
    --------
    >>> top_mask(np.array([[0.0, 2.0], [1.0, 1.0]]), 2, order=np.array([3, 2, 1, 0]))
    array([[False,  True],
           [False,  True]])
    """
    flat = values.ravel()
    if not np.isfinite(flat).all():
        raise ValueError("top_mask: the map holds values that are not finite; set degenerate maps aside first")
    if not 1 <= n_top <= flat.size or order.shape != flat.shape:
        raise ValueError(f"top_mask: n_top {n_top} and order of {order.shape} do not fit {flat.size} pixels")
    threshold = np.partition(flat, -n_top)[-n_top]
    mask = flat > threshold
    tied = np.flatnonzero(flat == threshold)
    n_missing = n_top - np.count_nonzero(mask)
    mask[tied[np.argsort(order[tied])[:n_missing]]] = True
    return np.asarray(mask.reshape(values.shape), dtype=np.bool_)
