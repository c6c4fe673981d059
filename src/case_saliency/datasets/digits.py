"""The digits that scikit-learn ships: 1,797 images of 8 x 8 pixels (the test set of UCI's Optical Recognition data)."""

import gzip
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType

import numpy as np

from case_saliency.datasets import splits, tensors
from case_saliency.datasets.fetching import Fetched, Options, nothing_excluded
from case_saliency.datasets.packages import PackagedFile
from case_saliency.datasets.sources import DatasetSpec

SHARES = MappingProxyType(
    {"train": Fraction(50, 100), "validation": Fraction(10, 100), "heldout": Fraction(15, 100), "test": Fraction(1, 4)}
)
FILE = PackagedFile(
    "scikit-learn",
    "1.9.1",
    "sklearn/datasets/data/digits.csv.gz",
    "09f66e6debdee2cd2b5ae59e0d6abbb73fc2b0e0185d2e1957e9ebb51e23aa22",
)
_SIDE, _LARGEST = 8, 16


def fetch(spec: DatasetSpec, destination: Path, _options: Options) -> Fetched:
    """Read the package's table, a row of 64 values 0 to 16 and the class for each image (see `sources.obtain`).

    The values are stretched to 0 to 255: ``round(255 v / 16)``.
    """
    table = np.loadtxt(gzip.decompress(FILE.read()).decode("ascii").splitlines(), delimiter=",", dtype=np.int64)
    values, classes = table[:, :-1], table[:, -1]
    pixels = ((values * 255 + _LARGEST // 2) // _LARGEST).astype(np.uint8).reshape(-1, _SIDE, _SIDE)
    image_ids = [f"digits-{number:04d}" for number in range(len(pixels))]
    manifest = tensors.store(
        *(spec, destination, pixels, classes.tolist(), image_ids),
        splits=splits.stratified(image_ids, classes.tolist(), SHARES),
        sources=[f"{FILE.source}:{number + 1}" for number in range(len(pixels))],
    )
    return Fetched(manifest, nothing_excluded())
