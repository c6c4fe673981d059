import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--enable-logging=stderr"),
)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the browser; without one these tests are skipped."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("no Chromium is installed: apt-get install chromium")
    return found


@pytest.fixture
def browse(chromium, tmp_path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Open a page and return the finished process: stdout is the page's content after its scripts have run."""

    def open_page(page: Path, *flags: str) -> subprocess.CompletedProcess[str]:
        profile = f"--user-data-dir={tmp_path / 'profile'}"
        command = [chromium, *FLAGS, profile, "--dump-dom", *flags, page.as_uri()]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)

    return open_page
