"""Small pictures for the report, how many of them, and what stands below them."""

from collections import Counter
from collections.abc import Sequence
from io import BytesIO
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from PIL import Image

T = TypeVar("T")

_SIDE = 128  # pixels; shown at most at this size
_QUALITY = 80


def jpeg(photograph: npt.NDArray[np.uint8]) -> bytes:
    """Return a photograph as a JPEG file of at most 128 x 128 pixels.

    Parameters
    ----------
    photograph
        (H, W, 3) uint8.
    """
    picture = Image.fromarray(photograph)
    picture.thumbnail((_SIDE, _SIDE), Image.Resampling.LANCZOS)
    buffer = BytesIO()
    picture.save(buffer, format="JPEG", quality=_QUALITY)
    return buffer.getvalue()


def shown(photographs: Sequence[T], most: int = 24) -> Sequence[T]:
    """Return at most so many of the photographs, evenly spaced: a hundred small ones say no more than these.

    Examples
    --------
    >>> shown(range(10), 4)
    [0, 2, 5, 7]
    """
    if len(photographs) <= most:
        return photographs
    return [photographs[position * len(photographs) // most] for position in range(most)]


def said(predictions: Sequence[tuple[str, float]]) -> str:
    """Tell the class that a network predicts and its probability; over several seeds, the classes and their range.

    Examples
    --------
    >>> said([("3", 0.9)]), said([("3", 0.9), ("8", 0.5), ("3", 0.7)])
    ('3 (0.90)', '3 (2 of 3 seeds), 8 (1 of 3 seeds), 0.50 to 0.90')
    """
    counts = Counter(name for name, _ in predictions)
    low, high = (f"{end(probability for _, probability in predictions):.2f}" for end in (min, max))
    between = low if low == high else f"{low} to {high}"
    if len(counts) == 1:
        return f"{predictions[0][0]} ({between})"
    told = ", ".join(f"{name} ({count} of {len(predictions)} seeds)" for name, count in counts.most_common())
    return f"{told}, {between}"
