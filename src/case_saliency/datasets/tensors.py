"""Datasets of small images: all pixels in one file, one row of the manifest for each image."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from case_saliency import storage
from case_saliency.datasets import labels, locations
from case_saliency.errors import CaseSaliencyError

if TYPE_CHECKING:
    import pandas as pd

    from case_saliency.datasets.sources import DatasetSpec

NAME = "images"
"""Name of the array in the file."""
FILE = "images/images.safetensors"
Pixels = np.ndarray[Any, np.dtype[np.uint8]]


def store(
    spec: "DatasetSpec",
    destination: Path,
    pixels: Pixels,
    classes: Sequence[int],
    image_ids: Sequence[str],
    splits: Sequence[str],
    sources: Sequence[str],
) -> "pd.DataFrame":
    """Write the images into `destination` and return their manifest.

    Parameters
    ----------
    spec
        The dataset.
    destination
        Its folder.
    pixels
        Values 0 to 255, shape (N, H, W) for grey images, (N, H, W, 3) for colour.
    classes, image_ids, splits, sources
        Class index, unique name, split and origin of each image.

    Raises
    ------
    CaseSaliencyError
        If a class index is not one of the dataset's.
    """
    import pandas as pd

    names = labels.names(spec.label_space)
    outside = [(name, label) for name, label in zip(image_ids, classes, strict=True) if not 0 <= label < len(names)]
    if outside:
        raise CaseSaliencyError(
            f"dataset {spec.name}: image {outside[0][0]} has label {outside[0][1]}, expected 0 to {len(names) - 1}; "
            f"{len(outside)} such labels were found, the source is damaged: use another copy"
        )
    storage.write_arrays({NAME: pixels}, destination / FILE)
    return pd.DataFrame(
        {
            "image_id": list(image_ids),
            "file": FILE,
            "index": range(len(pixels)),
            "label": [int(label) for label in classes],
            "label_name": [names[label] for label in classes],
            "split": list(splits),
            "sha256": [_digest(image) for image in pixels],
            "source": list(sources),
            "licence": spec.licence,
        }
    )


def verified(pixels: Any, index: int, sha256: str, path: Path) -> Pixels:
    """Return one image of an array, or of one that is still on disk, after checking it against its hash.

    Raises
    ------
    CaseSaliencyError
        If there is no such row, or its pixels have another hash.
    """
    shape = pixels.get_shape() if hasattr(pixels, "get_shape") else pixels.shape
    folder = path.parent.parent
    if index >= shape[0]:
        raise CaseSaliencyError(f"{path}: image {index} is missing, there are {shape[0]}; {locations.remedy(folder)}")
    image: Pixels = pixels[index : index + 1][0]
    if image.dtype != np.uint8 or image.shape[2:] not in {(), (3,)} or image.ndim < 2:
        raise CaseSaliencyError(
            f"{path}: image {index}: {image.dtype} of {image.shape} found, uint8 of (H, W) or (H, W, 3) needed; "
            f"{locations.remedy(folder)}"
        )
    found = _digest(image)
    if found != sha256:
        raise CaseSaliencyError(
            f"{path}: image {index}: sha256 {found} found, {sha256} expected; {locations.remedy(folder)}"
        )
    return image


def _digest(image: Pixels) -> str:
    return hashlib.sha256(image.tobytes()).hexdigest()
