import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for devtools.py: tests are no package
from devtools import FLAGS


@pytest.fixture
def browse(chromium, tmp_path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Open a page and return the finished process: stdout is the page's content after its scripts have run."""

    def open_page(page: Path, *flags: str) -> subprocess.CompletedProcess[str]:
        profile = f"--user-data-dir={tmp_path / 'profile'}"
        command = [chromium, *FLAGS, "--enable-logging=stderr", profile, "--dump-dom", *flags, page.as_uri()]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)

    return open_page
