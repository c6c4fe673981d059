"""Reading of a dataset's images, and their preparation for a network.

A file is untrusted: paths that leave its folder are refused, and its hash is compared with the manifest before a
decoder sees it.
"""

import hashlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from case_saliency import storage
from case_saliency.datasets import decoding, locations, tensors
from case_saliency.errors import CaseSaliencyError

if TYPE_CHECKING:
    import pandas as pd
    import torch

_LARGEST = 8192  # pixels: its square is as many as an image may have that is decoded
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
        whole = {type(self.input_size), type(self.resize)} == {int}
        if not whole or not 1 <= self.input_size <= self.resize <= _LARGEST:
            raise CaseSaliencyError(
                f"transform: input_size {self.input_size!r}, resize {self.resize!r} found; whole numbers, 1 <= "
                f"input_size <= resize <= {_LARGEST}, needed"
            )
        if self.interpolation not in _INTERPOLATIONS:
            raise CaseSaliencyError(
                f"transform: interpolation {self.interpolation!r} found; choose {' or '.join(_INTERPOLATIONS)}"
            )
        if not _are_colours(self.mean) or not _are_colours(self.std) or min(self.std) <= 0:
            raise CaseSaliencyError(
                f"transform: mean {self.mean} and std {self.std} found; three numbers each, std above 0, needed"
            )

    def crop(self, image: Image.Image) -> np.ndarray[Any, np.dtype[np.uint8]]:
        """Return the pixels that the network sees, shape (H, W, 3), 0 to 255."""
        width, height = image.size
        shorter = min(width, height)
        # The longer side is truncated, not rounded, as torchvision does.
        size = (int(self.resize * width / shorter), int(self.resize * height / shorter))
        if size[0] * size[1] > decoding.MAX_PIXELS:
            raise CaseSaliencyError(
                f"an image of {width} x {height} pixels would be resized to {size[0]} x {size[1]}, more than "
                f"{decoding.MAX_PIXELS} pixels; crop the image, or choose a smaller resize"
            )
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
            raise CaseSaliencyError(f"transform: fields {str(fields)[:300]} found; {error}") from error


def _are_colours(values: tuple[Any, ...]) -> bool:
    """Whether there is a finite number for each of three channels."""
    return len(values) == 3 and all(isinstance(value, int | float) and abs(value) < math.inf for value in values)


def read(folder: Path, row: Mapping[Any, Any]) -> Image.Image:
    """Read one image of a dataset as RGB: an image file, or one row of a file of many images.

    Parameters
    ----------
    folder
        The folder of the dataset's manifest.
    row
        A row of the manifest; `file`, `index` (missing: an image file) and `sha256` are used.

    Raises
    ------
    CaseSaliencyError
        If the path leaves its folder (see `locations`), the file is missing or is not what the manifest says, or as
        `decoding.decode`; names the file and the remedy.
    """
    path = locations.locate(folder, str(row["file"]))
    index = _index(folder, row)
    if index >= 0:
        with storage.open_array(path, tensors.NAME) as pixels:
            return Image.fromarray(tensors.verified(pixels, index, str(row["sha256"]), path)).convert("RGB")
    try:
        content = storage.read_bytes(path, decoding.MAX_BYTES)
    except OSError as error:
        raise CaseSaliencyError(f"{path}: cannot be read ({error.strerror}); {locations.remedy(folder)}") from error
    found = hashlib.sha256(content).hexdigest()
    if found != row["sha256"]:
        raise CaseSaliencyError(f"{path}: sha256 {found} found, {row['sha256']} expected; {locations.remedy(folder)}")
    return decoding.decode(content, path)


def _index(folder: Path, row: Mapping[Any, Any]) -> int:
    """Return which image of a file of many a row of the manifest is; -1: the file is an image."""
    told = row.get("index", -1)
    try:
        index = int(told)
        whole = bool(index == told)
    except (TypeError, ValueError, OverflowError):
        whole = False
    if not whole:
        raise CaseSaliencyError(
            f"{folder / 'manifest.csv'}: index {told!r} of {row['file']} is no whole number; {locations.remedy(folder)}"
        )
    return index


def arrays(folder: Path, rows: "pd.DataFrame") -> tensors.Pixels:
    """Read many rows of a dataset whose images lie in one file, at once.

    Parameters
    ----------
    folder
        The folder of the dataset's manifest.
    rows
        Rows of the manifest, in any order.

    Returns
    -------
    numpy.ndarray
        Pixels 0 to 255 in the order of `rows`, shape (N, H, W) for grey images, (N, H, W, 3) for colour.

    Raises
    ------
    CaseSaliencyError
        If the images are files of their own, or a row is not what the manifest says.
    """
    names = set(rows["file"])
    if len(names) != 1 or (rows["index"] < 0).any():
        raise CaseSaliencyError(
            f"{folder}: {len(names)} image files found; only images that lie in one file are read at once, read the "
            "others one by one"
        )
    path = locations.locate(folder, str(names.pop()))
    with storage.open_array(path, tensors.NAME) as pixels:
        everything: tensors.Pixels = pixels[:]
    chosen = [_index(folder, row) for row in rows[["file", "index"]].to_dict("records")]
    for index, sha256 in zip(chosen, rows["sha256"], strict=True):
        tensors.verified(everything, index, str(sha256), path)
    found: tensors.Pixels = everything[chosen]
    return found


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
        yield [str(row["image_id"]) for row in batch], torch.stack([_input(folder, row, transform) for row in batch])


def _input(folder: Path, row: Mapping[Any, Any], transform: Transform) -> "torch.Tensor":
    image = read(folder, row)
    try:
        return transform(image)
    except CaseSaliencyError as error:
        raise CaseSaliencyError(f"{folder / str(row['file'])}: {error}") from error
