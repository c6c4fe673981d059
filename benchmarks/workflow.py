"""The default run in a fresh clone: where its processor time goes. About 15 minutes on two cores."""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from benchmarks.timing import Row, tell

ROOT = Path(__file__).parent.parent
CORES = 2
NETWORK = "resnet_small"
"""The network of the benchmarks by number of images."""


def measure() -> tuple[dict[str, float], list[Row]]:
    """Return the figures by key, and the lines of the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        return _default(clone(folder / "default"), folder)


def clone(folder: Path) -> Path:
    """Clone what is committed."""
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)  # noqa: S603, S607
    return folder


def _default(clone: Path, folder: Path) -> tuple[dict[str, float], list[Row]]:
    tell("the default run")
    before, start = _processor(), time.monotonic()
    found = run(clone, folder / "default.jsonl", ["snakemake", "--cores", str(CORES), "--quiet", "all"])
    cpu, wall = _processor() - before, time.monotonic() - start
    compute = float(found["compute"].sum())
    figures = {
        "default_minutes_on_two_cores": wall / 60,
        "default_cpu_minutes": cpu / 60,
        "default_cpu_over_compute": cpu / compute,
        "default_jobs": float(len(found)),
    }
    kinds = ["start", "imports", "files", "record", "compute"]
    rows = [Row("all jobs", kind, float(found[kind].sum()), "processor time") for kind in kinds]
    outside = cpu - float(found[kinds].sum().sum())
    rows.append(Row("Snakemake, shells, gate", "the rest", outside, "processor time"))
    for stage, own in found.groupby("stage"):
        remark = f"{len(own)} jobs, {own['imports'].sum():.0f} s of imports, peak {own['peak_mb'].max():.0f} MB"
        rows.append(Row(str(stage), "compute", float(own["compute"].sum()), remark))
    return figures, rows


def change(clone: Path, top: Mapping[str, Any], experiments: Mapping[str, Mapping[str, Any]]) -> None:
    """Change entries of params.yaml, and of its experiments."""
    file = clone / "params.yaml"
    params = yaml.safe_load(file.read_text(encoding="utf-8"))
    for name, section in experiments.items():
        params["experiments"][name] |= section
    for name, value in top.items():
        params[name] = {**params[name], **value} if isinstance(value, Mapping) else value
    file.write_text(yaml.safe_dump(params, sort_keys=False), encoding="utf-8")


def environment(clone: Path) -> dict[str, str]:
    """Return the environment in which the clone's own code runs."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    paths = [str(clone.parent / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]]
    return kept | {"PATH": os.pathsep.join(paths), "PYTHONPATH": str(clone / "src")}


def run(clone: Path, times: Path, command: Sequence[str]) -> pd.DataFrame:
    """Run the workflow with a `case-saliency` that notes what each job's time went into."""
    instead = clone.parent / "bin/case-saliency"
    instead.parent.mkdir(exist_ok=True)
    clock = Path(__file__).with_name("stage_clock.py")
    instead.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{clock}" "$@"\n', encoding="utf-8")
    instead.chmod(0o755)
    _call(clone, times, command)
    return jobs(times)


def one_network(clone: Path, n: int, times: Path, *config: str) -> pd.DataFrame:
    """Run `digits` with a number of images and one network, job after job."""
    change(clone, {"run": ["digits"]}, {"digits": {"n_images": n, "models": [NETWORK], "seeds": [0]}})
    asked = ["--config", *config] if config else []
    return run(clone, times, ["snakemake", "--cores", "1", "--quiet", "all", *asked, "--", "results/report.html"])


def again(clone: Path, times: Path, words: Sequence[str]) -> None:
    """Run a job of `run` once more, by the words of its command."""
    _call(clone, times, [str(clone.parent / "bin/case-saliency"), *words])


def jobs(times: Path) -> pd.DataFrame:
    """Return what the jobs noted, in the order in which they ended."""
    found = pd.DataFrame([json.loads(line) for line in times.read_text(encoding="utf-8").splitlines()])
    return found.assign(stage=[_stage(words) for words in found["command"]]).fillna(0.0)


def _call(clone: Path, times: Path, command: Sequence[str]) -> None:
    told = {**environment(clone), "STAGE_CLOCK": str(times)}
    done = subprocess.run(command, cwd=clone, env=told, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: exit {done.returncode}\n{done.stderr[-3000:]}")


def _stage(words: Sequence[str]) -> str:
    skipped = {"--log": 2, "--threads": 2}
    at = 0
    while words[at] in skipped:
        at += skipped[words[at]]
    return words[at]


def _processor() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
