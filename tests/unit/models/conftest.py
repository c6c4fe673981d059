"""The fetched ImageNet sample and the obtained models, read-only."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from case_saliency.datasets import sources
from case_saliency.models import networks


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
