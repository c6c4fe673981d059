"""Bring maps from their native resolution to another: the only place where maps are interpolated."""

import numpy as np
from numpy.typing import NDArray


def upsample(maps: NDArray[np.floating], size: tuple[int, int]) -> NDArray[np.float32]:
    """Interpolate maps bilinearly, with pixel centres aligned (`align_corners=False`).

    Output pixel `i` of `n` reads the input of length `m` at `(i + 1/2) m / n - 1/2`, clamped to `[0, m - 1]`. This is
    the convention of `torch.nn.functional.interpolate(..., mode="bilinear", align_corners=False)` and of OpenCV's
    `INTER_LINEAR` (both without antialiasing). Constant areas and the clamped border stay exactly constant, and the
    result does not depend on the machine, because it is computed element by element.

    Parameters
    ----------
    maps
        Shape (..., h, w).
    size
        Height and width of the result, in pixels.

    Returns
    -------
    Shape (..., height, width), float32.

    Examples
    --------
    >>> upsample(np.array([[0.0, 1.0]]), (1, 4))
    array([[0.  , 0.25, 0.75, 1.  ]], dtype=float32)
    """
    rows = _stretch(np.asarray(maps, dtype=np.float32), size[0], axis=-2)
    return _stretch(rows, size[1], axis=-1)


def _stretch(maps: NDArray[np.float32], length: int, axis: int) -> NDArray[np.float32]:
    old = maps.shape[axis]
    position = np.clip((np.arange(length) + 0.5) * old / length - 0.5, 0, old - 1)
    lower = np.floor(position).astype(np.intp)
    upper = np.minimum(lower + 1, old - 1)
    fraction = (position - lower).astype(np.float32)
    if axis == -2:
        fraction = fraction[:, None]
    below, above = maps.take(lower, axis), maps.take(upper, axis)
    # a + f (b - a) rather than (1 - f) a + f b: equal neighbours give exactly their value.
    blended: NDArray[np.float32] = below + fraction * (above - below)
    return blended
