"""The fetched ImageNet sample, read-only."""

from pathlib import Path

import pandas as pd
import pytest

from case_saliency.datasets import sources


@pytest.fixture(scope="session")
def imagenet_sample(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, pd.DataFrame]:
    """Folder and manifest of the ImageNet sample."""
    folder = tmp_path_factory.mktemp("imagenet-sample")
    return folder, sources.fetch("imagenet-sample", folder)
