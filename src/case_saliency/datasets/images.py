"""Decoding of image files, and their preparation for a network.

A file is untrusted: its hash is compared with the manifest before a decoder sees it, paths that leave the dataset's
folder are refused, and the number of pixels is limited.
"""

import hashlib
import io
import struct
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from case_saliency.errors import CaseSaliencyError

if TYPE_CHECKING:
    import pandas as pd
    import torch

MAX_PIXELS = 2**26  # 67 million, 201 MB as RGB; the largest ILSVRC2012 photograph has 61 million
MAX_ELONGATION = 100  # longer side over shorter side; resizing the shorter side enlarges a thread without bound
_FORMATS = ("JPEG", "PNG", "BMP", "WEBP")  # decoders that never start another program
_INTERPOLATIONS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}


@dataclass(frozen=True)
class Transform:
    """Preparation of an image: resize the shorter side, crop the centre, scale to [0, 1], normalise by channel.

    The result equals torchvision's `Resize(resize)`, `CenterCrop(input_size)`, `ToTensor()`, `Normalize(mean, std)` on
    a PIL image, bit for bit. A value of zero in the result stands for the colour `mean`.

    Attributes
    ----------
    input_size
        Height and width that the network sees, in pixels.
    resize
        Length of the shorter side before the crop, in pixels; at least `input_size`.
    interpolation
        `bilinear` or `bicubic`, both antialiased as in Pillow.
    mean, std
        For each channel (R, G, B), in units of the [0, 1] range.
    """

    input_size: int
    resize: int
    interpolation: str
    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    def __post_init__(self) -> None:
        if not 1 <= self.input_size <= self.resize:
            raise CaseSaliencyError(
                f"transform: input_size {self.input_size}, resize {self.resize} found; 1 <= input_size <= resize needed"
            )
        if self.interpolation not in _INTERPOLATIONS:
            raise CaseSaliencyError(
                f"transform: interpolation {self.interpolation!r} found; choose {' or '.join(_INTERPOLATIONS)}"
            )
        if {len(self.mean), len(self.std)} != {3} or min(self.std) <= 0:
            raise CaseSaliencyError(
                f"transform: mean {self.mean} and std {self.std} found; three numbers each, std above 0, needed"
            )

    def crop(self, image: Image.Image) -> np.ndarray[Any, np.dtype[np.uint8]]:
        """Return the pixels that the network sees, shape (H, W, 3), 0 to 255."""
        width, height = image.size
        shorter = min(width, height)
        # The longer side is truncated, not rounded, as torchvision does.
        size = (int(self.resize * width / shorter), int(self.resize * height / shorter))
        if size != image.size:
            image = image.resize(size, _INTERPOLATIONS[self.interpolation])
        left, top = (round((side - self.input_size) / 2) for side in size)
        return np.array(image.crop((left, top, left + self.input_size, top + self.input_size)))

    def __call__(self, image: Image.Image) -> "torch.Tensor":
        """Return the network's input, shape (3, H, W), float32."""
        import torch

        pixels = torch.from_numpy(self.crop(image)).permute(2, 0, 1).contiguous()
        mean, std = (torch.tensor(values).view(3, 1, 1) for values in (self.mean, self.std))
        return (pixels.float() / 255 - mean) / std

    def to_dict(self) -> dict[str, Any]:
        """Return the fields, ready for JSON."""
        return {**asdict(self), "mean": list(self.mean), "std": list(self.std)}

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> "Transform":
        """Rebuild what `to_dict` gave; a missing or unknown field is an error."""
        try:
            return cls(**{**fields, "mean": tuple(fields["mean"]), "std": tuple(fields["std"])})
        except (KeyError, TypeError) as error:
            raise CaseSaliencyError(f"transform: fields {sorted(fields)} found; {error}") from error


def read(folder: Path, row: Mapping[Any, Any]) -> Image.Image:
    """Decode one image of a dataset as RGB.

    An orientation noted in EXIF is not applied, as in the usual ImageNet pipelines.

    Parameters
    ----------
    folder
        The folder of the dataset's manifest.
    row
        A row of the manifest; `file` and `sha256` are used.

    Raises
    ------
    CaseSaliencyError
        If the path leaves `folder`, or the file is missing, is not what the manifest says, is truncated, is not an
        image, has more than `MAX_PIXELS` pixels, or is longer than `MAX_ELONGATION`; names the file and the remedy.
    """
    name = PurePosixPath(str(row["file"]))
    if name.is_absolute() or ".." in name.parts or "\0" in str(name):
        raise CaseSaliencyError(f"manifest of {folder}: file {row['file']!r} leaves the folder; {_remedy(folder)}")
    path = folder / name
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CaseSaliencyError(f"{path}: cannot be read ({error.strerror}); {_remedy(folder)}") from error
    found = hashlib.sha256(content).hexdigest()
    if found != row["sha256"]:
        raise CaseSaliencyError(f"{path}: sha256 {found} found, {row['sha256']} expected; {_remedy(folder)}")
    return _decode(content, path)


def _remedy(folder: Path) -> str:
    return f"fetch it again: case-saliency fetch-dataset --dataset {folder.name} --manifest {folder}/manifest.csv"


def _decode(content: bytes, path: Path) -> Image.Image:
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
        return image.convert("RGB")
    except Image.DecompressionBombError as error:
        raise CaseSaliencyError(f"{path}: {error}; at most {MAX_PIXELS} pixels are read; scale the image") from error
    except UnidentifiedImageError as error:
        raise CaseSaliencyError(
            f"{path}: not an image of the kinds {', '.join(_FORMATS)}; convert or remove it"
        ) from error
    except (OSError, SyntaxError, ValueError, EOFError, struct.error) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CaseSaliencyError(f"{path}: damaged image ({reason}); replace or remove it") from error


def batches(
    folder: Path, selection: "pd.DataFrame", transform: Transform, batch_size: int
) -> Iterator[tuple[list[str], "torch.Tensor"]]:
    """Yield the selected images in order: their ids, and their inputs as (N, 3, H, W), N <= `batch_size`.

    Raises
    ------
    CaseSaliencyError
        As `read`.
    """
    import torch

    rows = selection.to_dict("records")
    for start in range(0, len(rows), batch_size):
        batch = rows[start : start + batch_size]
        yield [str(row["image_id"]) for row in batch], torch.stack([transform(read(folder, row)) for row in batch])
