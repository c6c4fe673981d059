"""What planning and recording cost: this tree, if its run is finished; many jobs in a clone; 20,000 image files."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from unittest.mock import patch

import pandas as pd

from benchmarks.timing import Row, tell
from benchmarks.workflow import ROOT, change, clone, environment
from case_saliency.provenance import hashing
from case_saliency.storage.tables import write_table
from case_saliency.validation import images

FINISHED = {
    "plan_seconds": ["snakemake", "--dry-run"],
    "dvc_status_seconds": ["dvc", "status"],
    "commit_seconds": [sys.executable, "-m", "workflow.versioning.commit"],
}
MILLION = 10**6
"""Images of a folder, which the experiment on ImageNet explains."""
SHARDS = {"million": None, "planned": 413}
"""Of each of its networks: what is chosen by itself; 10,000 jobs, nearly all of which draw maps or measure drops."""
IMAGES = 20_000
"""Files that a plan compares with their manifest, each as large as a photograph (110 kB)."""


def measure() -> tuple[dict[str, float], list[Row]]:
    """Return the figures by key, and the lines of the table."""
    figures: dict[str, float] = {}
    if "Nothing to be done" in _call(ROOT, FINISHED["plan_seconds"]):
        for name, command in FINISHED.items():
            tell(name)
            figures[name], _ = _wall(ROOT, command)
    else:
        tell("the run of this tree is not finished: recording is not measured")
    for name, shards in SHARDS.items():
        jobs, seconds = _plan(shards)
        figures |= {f"{name}_jobs": jobs, f"{name}_jobs_seconds": seconds}
    return figures | _comparison(), []


def _plan(shards: int | None) -> tuple[float, float]:
    """Return how many jobs a million images are in so many shards, and the seconds of `snakemake --dry-run`."""
    tell(f"a plan of a million images, {shards or 'as many shards as it takes'}")
    with tempfile.TemporaryDirectory() as folder:
        tree = clone(Path(folder, "many"))
        section = {"dataset": "folder", "n_images": MILLION, "shards": shards, "layers": ["last_conv"]}
        section |= {"parameters": {}}  # a folder has no images held out, which confusions are estimated from
        named = {"path": "/nowhere", "label_space": "imagenet-1k"}
        change(tree, {"run": ["imagenet"], "datasets": {"folder": named}}, {"imagenet": section})
        seconds, said = _wall(tree, ["snakemake", "--dry-run", "--quiet", "rules"])
    return next(float(line.split()[1]) for line in said.splitlines() if line.startswith("total")), seconds


def _comparison() -> dict[str, float]:
    """Return the seconds in which a plan compares images with their manifest: when they are new, and afterwards."""
    tell("images that a plan compares")
    with (
        tempfile.TemporaryDirectory() as cache,
        tempfile.TemporaryDirectory() as data,
        patch.dict(os.environ, {"XDG_CACHE_HOME": cache}),
    ):
        folder = Path(data, "many")
        (folder / "images").mkdir(parents=True)
        rows = []
        for number in range(IMAGES):
            content = number.to_bytes(4, "little") * 27_500
            name = f"images/{number}.jpg"
            with (folder / name).open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)  # to be read from the disk
            rows.append({"image_id": str(number), "file": name, "index": -1, "sha256": sha256(content).hexdigest()})
        write_table(pd.DataFrame(rows), folder / "manifest.csv")
        time.sleep(2 * hashing.SETTLED)  # what has just been written is not remembered
        seconds = []
        for _ in range(2):
            begun = time.monotonic()
            if found := images.changed(folder):
                raise RuntimeError(found)
            seconds.append(time.monotonic() - begun)
    first, later = seconds
    return {"compared_images": float(IMAGES), "compared_first_seconds": first, "compared_later_seconds": later}


def _wall(tree: Path, command: Sequence[str]) -> tuple[float, str]:
    begun = time.monotonic()
    said = _call(tree, command)
    return time.monotonic() - begun, said


def _call(tree: Path, command: Sequence[str]) -> str:
    return subprocess.run(  # noqa: S603
        command,
        cwd=tree,
        env=environment(tree),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    ).stdout
