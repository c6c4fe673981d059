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


class Coincidences:
    """Which methods of one layer draw the same maps, found from one part of the images after another.

    Only whether each pair of methods has agreed so far is kept, and no map.

    Examples
    --------
    >>> same = Coincidences()
    >>> for part in ([[[1, 2]]], [[[3, 1]], [[0, 2]]]):
    ...     maps = np.array(part, dtype=np.float32)
    ...     same.add({"one": maps, "twice": 2 * maps, "other": maps + 1})
    >>> same.found()
    {'twice': 'one'}
    """

    def __init__(self) -> None:
        self._finite: dict[str, bool] = {}
        self._drawn: dict[str, bool] = {}
        self._differ: set[tuple[str, str]] = set()

    def add(self, maps: Mapping[str, NDArray[np.float32]]) -> None:
        """Compare the maps of the next images: method -> shape (n, T, h, w), the same methods each time."""
        scaled: dict[str, NDArray[np.float32]] = {}
        for name, values in maps.items():
            scale = np.abs(values).max((-2, -1), keepdims=True)
            self._finite[name] = self._finite.get(name, True) and bool(np.isfinite(scale).all())
            self._drawn[name] = self._drawn.get(name, False) or bool(scale.any())
            if not self._finite[name]:
                continue
            scale[scale == 0] = 1
            unit: NDArray[np.float32] = values / scale
            for earlier, other in scaled.items():
                pair = (earlier, name)
                if pair not in self._differ and not _equal(unit, other):
                    self._differ.add(pair)
            scaled[name] = unit

    def found(self) -> dict[str, str]:
        """Return method -> the first method before it that drew the same maps, as `coincidences` does of all images."""
        found: dict[str, str] = {}
        distinct: list[str] = []
        for name in self._finite:
            if not (self._finite[name] and self._drawn[name]):
                continue
            same = next((earlier for earlier in distinct if (earlier, name) not in self._differ), None)
            if same is None:
                distinct.append(name)
            else:
                found[name] = same
        return found


def coincidences(maps: Mapping[str, NDArray[np.float32]]) -> dict[str, str]:
    """Return method -> the first method before it that draws the same maps up to a positive factor for each map.

    Grad-CAM and HiResCAM are one method on a layer that is followed by average pooling and a linear layer, and the
    softmax and log-probability targets always are: one result must not be counted twice. Maps that are zero in both are
    no evidence; methods whose maps are all zero coincide with nothing, nor do those with a map that is not finite.

    Parameters
    ----------
    maps
        Method -> shape (N, T, h, w), of one layer.
    """
    same = Coincidences()
    same.add(maps)
    return same.found()


def _equal(unit: NDArray[np.float32], other: NDArray[np.float32]) -> bool:
    """Whether maps of largest magnitude 1 differ nowhere by more than the tolerance."""
    return unit.shape == other.shape and bool(np.abs(unit - other).max() <= COINCIDENCE_TOLERANCE)
