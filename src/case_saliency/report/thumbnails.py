"""Small pictures for the report."""

from io import BytesIO

import numpy as np
import numpy.typing as npt
from PIL import Image

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
