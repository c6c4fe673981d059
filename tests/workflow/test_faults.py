"""What goes wrong on real machines: a clear error, nothing half-written, and the next run completes."""

import os
import signal
import subprocess
import time

import pytest

from case_saliency import storage


def completes(project):
    project.snakemake()
    assert project.pending() == set()
    assert not list(project.root.rglob("*.tmp*"))


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("diagnostic", "k_percent"), 150, "params.yaml: diagnostic.k_percent: 150 is not allowed"),
        (("diagnostic", "k_procent"), 5, "params.yaml: diagnostic.k_procent: unknown key; did you mean 'k_percent'?"),
        (("methods", "case", "source"), "confusion", "set methods.case.source to logits"),
    ],
)
def test_bad_parameters_stop_the_workflow_before_any_job(fresh, path, value, message):
    fresh.set(*path, to=value)
    said = fresh.snakemake(check=False)
    assert message in said
    assert "Traceback" not in said
    assert not (fresh.root / "data").exists()


def test_a_damaged_image_is_named_and_fetched_again(project):
    chosen = (project.root / "results/predictions/imagenet-sample/selection.csv").read_text()
    images = (project.root / "data/imagenet-sample/images").iterdir()
    image = next(file for file in sorted(images) if file.name in chosen)
    image.write_bytes(image.read_bytes()[:1000])
    (project.root / "results/predictions/imagenet-sample/efficientnet_lite0/seed0.parquet").unlink()
    said = project.snakemake(check=False)
    assert f"{image.name}: sha256" in said
    remedy = said.split("fetch it again: ")[1].splitlines()[0]
    assert remedy.startswith("case-saliency fetch-dataset --dataset imagenet-sample")
    subprocess.run(remedy.split(), cwd=project.root, env=project.environment, check=True)
    completes(project)


def test_damaged_weights_are_named_and_obtained_again(project):
    weights = project.root / "models/imagenet-sample/efficientnet_lite0/seed0/weights.safetensors"
    body = bytearray(weights.read_bytes())
    body[-1] ^= 1
    weights.write_bytes(body)
    said = project.snakemake("--forcerun", "predict", check=False)
    assert "weights.safetensors: sha256" in said
    assert "--forcerun obtain_model" in said
    project.snakemake("--forcerun", "obtain_model")
    completes(project)


def test_ctrl_c_leaves_nothing_half_written(fresh):
    process = subprocess.Popen(
        ["snakemake", "--cores", "2"],
        cwd=fresh.root,
        env=fresh.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 120
    maps = fresh.root / "results/saliency"
    while not [file for file in maps.rglob("*") if file.is_file()] and time.monotonic() < deadline:
        time.sleep(0.002)  # the first file to appear is a temporary one: the write is under way
    os.killpg(process.pid, signal.SIGINT)
    said, _ = process.communicate(timeout=120)
    assert process.returncode != 0
    assert "Traceback" not in said
    for file in maps.rglob("*.nc"):  # what is there is whole
        with storage.open_maps(file) as layers:
            assert layers
    completes(fresh)


@pytest.fixture
def small_disk(fresh):
    """A file system of 200 kB at results/saliency of a fresh project; only root may mount one."""
    folder = fresh.root / "results/saliency"
    folder.mkdir(parents=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"needs root to mount a small file system: {mounted.stderr.strip()}")
    yield folder
    if os.path.ismount(folder):
        subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_an_error_and_the_next_run_completes(fresh, small_disk):
    filler = small_disk / "filler"
    filler.write_bytes(bytes(190_000))
    said = fresh.snakemake(check=False)
    assert "cannot write results/saliency/imagenet-sample/efficientnet_lite0/seed0" in said
    assert "No space left on device" in said
    assert "Traceback" not in said
    assert not list(small_disk.rglob("*.nc*"))
    subprocess.run(["umount", str(small_disk)], check=True)
    completes(fresh)
