"""What planning and recording cost: on this tree, if its run is finished; and a plan of 10,000 jobs in a clone."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.timing import Row, tell
from benchmarks.workflow import ROOT, change, clone, environment

FINISHED = {
    "plan_seconds": ["snakemake", "--dry-run"],
    "dvc_status_seconds": ["dvc", "status"],
    "commit_seconds": [sys.executable, "-m", "workflow.versioning.commit"],
}
SHARDS = 413
"""Of each network: 10,000 jobs, nearly all of which draw maps of a family of methods, or measure confidence drops."""


def measure() -> tuple[dict[str, float], list[Row]]:
    """Return the figures by key, and the lines of the table."""
    figures: dict[str, float] = {}
    if "Nothing to be done" in _call(ROOT, FINISHED["plan_seconds"]):
        for name, command in FINISHED.items():
            tell(name)
            figures[name], _ = _wall(ROOT, command)
    else:
        tell("the run of this tree is not finished: recording is not measured")
    tell("a plan of 10,000 jobs")
    with tempfile.TemporaryDirectory() as folder:
        tree = clone(Path(folder, "many"))
        section = {"n_images": 25_000, "shards": SHARDS, "layers": ["last_conv"]}
        change(tree, {"run": ["imagenet"], "datasets": {"imagenet": {"path": "/nowhere"}}}, {"imagenet": section})
        seconds, said = _wall(tree, ["snakemake", "--dry-run", "--quiet", "rules"])
    jobs = next(float(line.split()[1]) for line in said.splitlines() if line.startswith("total"))
    return figures | {"planned_jobs": jobs, "planned_jobs_seconds": seconds}, []


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
