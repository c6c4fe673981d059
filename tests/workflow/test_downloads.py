"""A data set whose download breaks off: nothing that came is lost, and the next run ends in the same bytes."""

import hashlib
import os
import signal
import time
from pathlib import Path

import pytest

from case_saliency.datasets import cifar, download
from case_saliency.datasets.sources import DATASETS
from tests.unit.datasets.server import serving
from tests.unit.datasets.small_cifar import SPLITS, cifar_archive
from tests.workflow.conftest import make_project, reduced

ARCHIVE = cifar.ARCHIVES["cifar10"].remote
PARTS = Path("data/cifar10/downloads") / f"{ARCHIVE.name}.part"
CUT = 100_000  # bytes, of some 370,000


def project_of(root, content):
    """A copy of the project in which a small archive is pinned in the place of the published one."""
    params = reduced()
    shipped = params["experiments"]["imagenet-sample"]
    params["run"] = ["cifar10"]
    params["experiments"] = {"cifar10": shipped | {"dataset": "cifar10", "models": ["vgg_small"]}}
    params["training"]["cifar10"] = {"default": {"epochs": 1}}
    made = make_project(root, params)
    module = "src/case_saliency/datasets/cifar.py"
    made.edit(module, f'"{ARCHIVE.sha256}"', f'"{hashlib.sha256(content).hexdigest()}"')
    made.edit(module, f"{ARCHIVE.size},", f"{len(content)},")
    splits = ", ".join(f'"{name}": {count:_}' for name, count in DATASETS["cifar10"].splits.items())
    made.edit("src/case_saliency/datasets/sources.py", f"splits={{{splits}}}", f"splits={SPLITS}")
    return made


@pytest.mark.slow
@pytest.mark.fault(
    "the download of a data set is cut off until it is given up, or its machine dies within it",
    "...: could not be downloaded (... of ... bytes are kept and will be continued); or Directory cannot be locked",
)
@pytest.mark.parametrize("fault", ["cut", "killed"])
def test_a_data_set_whose_download_breaks_off(tmp_path, monkeypatch, fault):
    content = cifar_archive("cifar10")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving() as site:
        monkeypatch.setenv(download.MIRROR, site.url)
        site.files[f"/{ARCHIVE.name}"] = content
        undisturbed = project_of(tmp_path / "undisturbed", content)
        undisturbed.snakemake()
        project = project_of(tmp_path / "project", content)
        if fault == "cut":
            site.broken = [CUT, *([0] * (download.ATTEMPTS - 1))]
            said = project.snakemake(check=False)
            assert f"{CUT} of {len(content)} bytes are kept and will be continued" in said
            assert "Traceback" not in said
        else:
            kill_within_the_download(project, site)
            assert "Directory cannot be locked" in project.snakemake(check=False)
            project.snakemake("--unlock")
        kept = (project.root / PARTS).stat().st_size
        assert 0 < kept < len(content)
        site.requests.clear()
        project.completes(undisturbed)
        assert site.requests == [(f"/{ARCHIVE.name}", f"bytes={kept}-")]


def kill_within_the_download(project, site):
    """Kill the workflow and its jobs when some of the file is there."""
    site.step, site.pause = CUT, 2.0
    process = project.start("snakemake", "--cores", "2")
    part, deadline = project.root / PARTS, time.monotonic() + 300
    while not (part.exists() and part.stat().st_size) and time.monotonic() < deadline:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    site.step, site.pause = 10**9, 0.0
