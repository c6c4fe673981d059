"""Figures as the page carries them."""

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image

from case_saliency.errors import CaseSaliencyError

_QUALITY = 90
_LIMIT = 16383  # pixels on a side that the format holds


@dataclass(frozen=True)
class Picture:
    """A WebP file and its size in pixels."""

    webp: bytes
    width: int
    height: int


def picture(path: Path) -> Picture:
    """Read a figure and compress it as WebP at its own size: exactly where that is smaller, as it is for plots.

    A figure with photographs shrinks to a seventh of its PNG file, without visible loss. One that the format cannot
    hold, as of very many trainings, is reduced to what it can.

    Raises
    ------
    CaseSaliencyError
        If the file cannot be read.
    """
    try:
        with Image.open(path) as image:
            flat = image.convert("RGB")
        if max(flat.size) > _LIMIT:
            flat.thumbnail((_LIMIT, _LIMIT))
    except OSError as error:
        raise CaseSaliencyError(f"cannot read figure {path}: {error}; delete it and run the workflow again") from error
    exact, close = BytesIO(), BytesIO()
    flat.save(exact, format="WEBP", lossless=True)
    flat.save(close, format="WEBP", quality=_QUALITY)
    return Picture(min(exact.getvalue(), close.getvalue(), key=len), flat.width, flat.height)
