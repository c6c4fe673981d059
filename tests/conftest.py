"""Shared by all tests: one numerical thread, as in the jobs of the workflow; the browser."""

import atexit
import os
import resource
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

for library in ("OMP", "OPENBLAS", "MKL"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")
os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp(prefix="case-saliency-cache-")  # not that of the person who tests
atexit.register(shutil.rmtree, os.environ["XDG_CACHE_HOME"], ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the workflow's tests: the longest files, with which no process is to be left alone at the end."""
    items.sort(key=lambda item: Path(__file__).with_name("workflow") not in item.path.parents)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the browser; without one these tests are skipped."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("no Chromium is installed: docs/report.md says how to get one")
    return found


@pytest.fixture
def few_open_files() -> Iterator[Callable[[int], None]]:
    """A function that lets this process open so many files beside those that it has open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)

    def limit(more: int) -> None:
        highest = max(int(file.name) for file in Path("/proc/self/fd").iterdir())
        resource.setrlimit(resource.RLIMIT_NOFILE, (highest + more, hard))

    yield limit
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
