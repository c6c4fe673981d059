"""The fetched ImageNet sample, read-only, and a web server on the loopback interface."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from case_saliency.datasets import download, sources

sys.path.insert(0, str(Path(__file__).parent))  # for server.py: tests are no package
from server import Site, serving


@pytest.fixture(scope="session")
def imagenet_sample(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, pd.DataFrame]:
    """Folder and manifest of the ImageNet sample."""
    folder = tmp_path_factory.mktemp("imagenet-sample")
    return folder, sources.fetch("imagenet-sample", folder)


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A server that a download asks without proxy, and without waiting long."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv(download.MIRROR, raising=False)
    monkeypatch.setattr(download, "PAUSE", 0.01)
    monkeypatch.setattr(download, "TIMEOUT", (2.0, 0.5))
    with serving() as found:
        yield found
