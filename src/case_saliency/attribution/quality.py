"""Find maps that say nothing, and methods that say the same."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

# Two maps coincide if, each divided by its largest magnitude, they differ nowhere by more than this.
COINCIDENCE_TOLERANCE = 1e-4


def flag(maps: NDArray[np.float32]) -> NDArray[np.str_]:
    """Return for each map "nan" (any value not finite), "zero" (all), "constant" (one value), or "".

    Parameters
    ----------
    maps
        Shape (..., h, w).

    Returns
    -------
    Shape (...).

    Examples
    --------
    >>> flag(np.array([[[0, 0]], [[2, 2]], [[1, np.nan]], [[1, 2]]], dtype=np.float32)).tolist()
    ['zero', 'constant', 'nan', '']
    """
    flat = maps.reshape(*maps.shape[:-2], -1)
    first = flat[..., :1]
    constant = (flat == first).all(-1)
    conditions = [~np.isfinite(flat).all(-1), constant & (first[..., 0] == 0), constant]
    return np.select(conditions, ["nan", "zero", "constant"], default="")


def coincidences(maps: Mapping[str, NDArray[np.float32]]) -> dict[str, str]:
    """Return method -> the first method before it that draws the same maps up to a positive factor for each map.

    Grad-CAM and HiResCAM are one method on a layer that is followed by average pooling and a linear layer, and the
    softmax and log-probability targets always are: one result must not be counted twice. Maps that are zero in both are
    no evidence; methods whose maps are all zero coincide with nothing.

    Parameters
    ----------
    maps
        Method -> shape (N, T, h, w), of one layer.
    """
    found: dict[str, str] = {}
    scaled: dict[str, NDArray[np.float32]] = {}
    for name, values in maps.items():
        scale = np.abs(values).max((-2, -1), keepdims=True)
        if not np.isfinite(scale).all() or not scale.any():
            continue
        scale[scale == 0] = 1
        unit: NDArray[np.float32] = values / scale
        for earlier, other in scaled.items():
            if other.shape == unit.shape and np.abs(unit - other).max() <= COINCIDENCE_TOLERANCE:
                found[name] = earlier
                break
        else:
            scaled[name] = unit
    return found
