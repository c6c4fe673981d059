"""Datasets with an official training and test set, from which the splits are made."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np

from case_saliency.datasets import splits, tensors
from case_saliency.datasets.fetching import Fetched, nothing_excluded
from case_saliency.datasets.sources import DatasetSpec

_FROM_TRAINING = ("train", "validation", "heldout")


def divide(
    spec: DatasetSpec, destination: Path, parts: Mapping[str, tuple[tensors.Pixels, Sequence[int], str]]
) -> Fetched:
    """Store an official training and test set with the splits of this project.

    The official test set is `test`. The training set is divided into `train`, `validation` and `heldout`
    in proportion to the sizes that the specification names, within each class.

    Parameters
    ----------
    spec, destination
        As for `tensors.store`.
    parts
        `train` and `test` -> pixels, class indices, and the origin of the images.
    """
    sizes = {split: (spec.splits or {})[split] for split in _FROM_TRAINING}
    shares = {split: Fraction(size, sum(sizes.values())) for split, size in sizes.items()}
    image_ids = {part: [f"{part}-{number:05d}" for number in range(len(found[1]))] for part, found in parts.items()}
    names = splits.stratified(image_ids["train"], parts["train"][1], shares)
    manifest = tensors.store(
        *(spec, destination, np.concatenate([parts["train"][0], parts["test"][0]])),
        [int(label) for part in ("train", "test") for label in parts[part][1]],
        [*image_ids["train"], *image_ids["test"]],
        [*names, *["test"] * len(parts["test"][1])],
        [f"{parts[part][2]}:{number}" for part in ("train", "test") for number in range(len(parts[part][1]))],
    )
    return Fetched(manifest, nothing_excluded())
