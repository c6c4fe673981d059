"""The fetched ImageNet sample, digits and the obtained models, read-only."""

import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from case_saliency.datasets import sources
from case_saliency.models import networks
from case_saliency.storage.tables import write_table

for folder in ("datasets", "models"):  # for server.py, own.py and interrupted.py
    sys.path.append(str(Path(__file__).parents[1] / folder))


@pytest.fixture(scope="session")
def imagenet_sample(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, pd.DataFrame]:
    """Folder and manifest of the ImageNet sample."""
    folder = tmp_path_factory.mktemp("imagenet-sample")
    return folder, sources.fetch("imagenet-sample", folder)


@pytest.fixture(scope="session")
def obtained(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Path, Path]]:
    """Weights and description of a model by name, obtained on first use."""

    @cache
    def obtain(model: str) -> tuple[Path, Path]:
        folder = tmp_path_factory.mktemp(model)
        paths = folder / "weights.safetensors", folder / "model.json"
        networks.obtain(model, "imagenet-sample", 0, *paths)
        return paths

    return obtain


@pytest.fixture(scope="session")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The manifest of the digits, cut down to 200 images to train on and 60 of each other split."""
    folder = tmp_path_factory.mktemp("digits")
    manifest = sources.fetch("digits", folder)
    kept = manifest.groupby("split", group_keys=False).head(60)
    more = manifest[manifest["split"] == "train"].head(200)
    write_table(manifest[manifest.index.isin([*kept.index, *more.index])], folder / "manifest.csv")
    return folder / "manifest.csv"
