"""Decoding of image files. A file is untrusted: few kinds are decoded, and the number of pixels is limited."""

import io
import struct
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError
from PIL.JpegImagePlugin import JpegImageFile

from case_saliency.errors import CaseSaliencyError

MAX_PIXELS = 2**26  # 67 million, 201 MB as RGB; the largest ILSVRC2012 photograph has 61 million
MAX_BYTES = 8 * MAX_PIXELS  # of a file: not compressed, with four channels of 16 bits
MAX_PASSES = 16 * MAX_PIXELS  # pixels times scans of a progressive JPEG, whose writers make about ten scans
MAX_ELONGATION = 100  # longer side over shorter side; resizing the shorter side enlarges a thread without bound
_SCAN = b"\xff\xda"  # begins a scan; within one these two bytes do not follow each other
_FORMATS = ("JPEG", "PNG", "BMP", "WEBP")  # decoders that never start another program


def decode(content: bytes, path: Path) -> Image.Image:
    """Decode an image as RGB with 8 bits for each channel.

    Grey, palette, CMYK and transparent images are converted as Pillow does; of 16-bit values the upper 8 bits are kept,
    as Pillow keeps them for colour. An orientation noted in EXIF is not applied, as in the usual ImageNet pipelines.

    Parameters
    ----------
    content
        Bytes of the file.
    path
        Its name for messages.

    Raises
    ------
    CaseSaliencyError
        If it is truncated, is not an image, has more than `MAX_PIXELS` pixels, is longer than `MAX_ELONGATION`, or has
        more scans than `MAX_PASSES` allows.
    """
    try:
        with warnings.catch_warnings():
            # Pillow only warns from 89 million pixels on; the limit below is lower and is an error.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(content), formats=_FORMATS)
        width, height = image.size
        if width * height > MAX_PIXELS or max(image.size) > MAX_ELONGATION * min(image.size):
            raise CaseSaliencyError(
                f"{path}: {width} x {height} pixels found; at most {MAX_PIXELS} pixels and sides of at most "
                f"{MAX_ELONGATION} to 1 are read; scale or crop the image"
            )
        if isinstance(image, JpegImageFile) and (scans := content.count(_SCAN)) * width * height > MAX_PASSES:
            raise CaseSaliencyError(f"{path}: {scans} scans of {width} x {height} pixels found; save it anew")
        return _rgb(image)
    except Image.DecompressionBombError as error:
        raise CaseSaliencyError(f"{path}: {error}; at most {MAX_PIXELS} pixels are read; scale the image") from error
    except UnidentifiedImageError as error:
        raise CaseSaliencyError(
            f"{path}: not an image of the kinds {', '.join(_FORMATS)}; convert or remove it"
        ) from error
    except (OSError, SyntaxError, ValueError, EOFError, struct.error) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CaseSaliencyError(f"{path}: damaged image ({reason}); replace or remove it") from error


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16-bit grey: Pillow's own conversion would clip at 255
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    return image.convert("RGB")
