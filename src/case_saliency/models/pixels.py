"""Labelled images as arrays, for the many passes of a training."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from case_saliency.datasets import images
from case_saliency.datasets.images import Transform
from case_saliency.errors import CaseSaliencyError

if TYPE_CHECKING:
    import pandas as pd

MAX_BYTES = 8 * 2**30  # of the images of one split, which are kept in memory
Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Pixels:
    """The images of a split, as a network sees them before they are normalised.

    Attributes
    ----------
    crops
        Shape (N, S, S, 3), uint8: channels last, which is also how convolutions are fastest on a CPU.
    labels
        Shape (N,), int64.
    """

    crops: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def moments(self) -> tuple[Colour, Colour]:
        """Return mean and standard deviation of each channel, in units of the [0, 1] range.

        Computed from the counts of the 256 values, so that neither order nor number of images costs precision. A
        channel that never changes has standard deviation 1, so that it can be divided by.
        """
        values = np.arange(256) / 255
        found = []
        for channel in range(3):
            counts = np.bincount(self.crops[..., channel].numpy().ravel(), minlength=256)
            mean = float(counts @ values / counts.sum())
            found.append((mean, float(np.sqrt(counts @ (values - mean) ** 2 / counts.sum())) or 1.0))
        red, green, blue = found
        return (red[0], green[0], blue[0]), (red[1], green[1], blue[1])


def read(folder: Path, manifest: "pd.DataFrame", split: str, transform: Transform) -> Pixels:
    """Return the images of a split, resized and cropped, neither normalised nor augmented.

    Parameters
    ----------
    folder
        The folder of the manifest.
    manifest
        Columns `split` and `label`, and those that `images.read` needs.

    Raises
    ------
    CaseSaliencyError
        If the split holds no image, or needs more memory than `MAX_BYTES`.
    """
    rows = manifest[manifest["split"] == split]
    if rows.empty:
        known = ", ".join(sorted(set(manifest["split"].astype(str)))) or "none"
        raise CaseSaliencyError(
            f"{folder}: split {split!r} holds no image, and training needs it; splits of the manifest: {known}"
        )
    size = transform.input_size
    if (needed := len(rows) * size * size * 3) > MAX_BYTES:
        raise CaseSaliencyError(
            f"{folder}: {len(rows)} images of {size} x {size} pixels need {needed / 2**30:.0f} GiB of memory, at most "
            f"{MAX_BYTES / 2**30:.0f} are used; train on smaller images or fewer"
        )
    crops = torch.empty((len(rows), size, size, 3), dtype=torch.uint8)
    for position, image in enumerate(_pictures(folder, rows)):
        crops[position] = torch.from_numpy(transform.crop(image))
    return Pixels(crops, torch.from_numpy(rows["label"].to_numpy(dtype=np.int64, copy=True)))


def _pictures(folder: Path, rows: "pd.DataFrame") -> Iterator[Image.Image]:
    """Yield the images as RGB: of a file of many images at once, of files one by one."""
    if (rows["index"] >= 0).all():
        for values in images.arrays(folder, rows):
            yield Image.fromarray(values).convert("RGB")
    else:
        for row in rows.to_dict("records"):
            yield images.read(folder, row)


class Normalise:
    """Turns crops (B, S, S, 3) into a network's input (B, 3, S, S) on its device: (x / 255 - mean) / std."""

    def __init__(self, mean: Sequence[float], std: Sequence[float], device: torch.device) -> None:
        self._mean, self._std = (torch.tensor(values, device=device) for values in (mean, std))

    def __call__(self, crops: Tensor) -> Tensor:
        """Return the network's input."""
        values = (crops.to(self._mean.device).float() / 255 - self._mean) / self._std
        return values.permute(0, 3, 1, 2)  # a view: channels stay last in memory


def augment(crops: Tensor, padding: int, flip: bool, generator: torch.Generator) -> Tensor:
    """Crop each image at random after padding it with black, and mirror half of them.

    Parameters
    ----------
    crops
        Shape (B, S, S, 3).
    padding
        Pixels added on each side; 0: no crop.
    flip
        Whether images are mirrored, each with probability 1/2.

    Returns
    -------
    Shape (B, S, S, 3), a new tensor unless nothing was asked for.
    """
    n, size = len(crops), crops.shape[1]
    if not padding and not flip:
        return crops
    top, left = torch.randint(0, 2 * padding + 1, (2, n, 1), generator=generator)
    columns = torch.arange(size).expand(n, -1)
    if flip:
        mirrored = torch.rand((n, 1), generator=generator) < 0.5
        columns = torch.where(mirrored, columns.flip(1), columns)
    padded = nn.functional.pad(crops, (0, 0, padding, padding, padding, padding))
    rows = torch.arange(size) + top
    return padded[torch.arange(n)[:, None, None], rows[:, :, None], (columns + left)[:, None, :]]


def shuffled(pixels: Pixels, batch_size: int, generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield all crops and labels in batches, in random order.

    A last batch of one image is left out: batch normalisation cannot take it.
    """
    order = torch.randperm(len(pixels), generator=generator)
    for start in range(0, len(pixels), batch_size):
        chosen = order[start : start + batch_size]
        if len(chosen) > 1:
            yield pixels.crops[chosen], pixels.labels[chosen]
