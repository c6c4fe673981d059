"""Provenance: an audit beside bare hashlib on the same files, and what its record costs a command.

The rehashing is measured on files made for it, and the whole audit on the results that are here, if there are any.
"""

import hashlib
import json
import os
import resource
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.timing import Row, in_turns, tell
from case_saliency.attribution.seeding import generator
from case_saliency.provenance.audit.measuring import measure as rehash
from case_saliency.provenance.folders import FOLDER

ROOT = Path(__file__).resolve().parents[1]
LAST = "results/saliency/imagenet-sample/efficientnet_lite0/seed0/gradient/0-of-1.nc"
"""The commands that lead to these maps are run, with their records: small ones, and one that computes."""
SMALL, LARGE = "select-images", "attribute"
_NAMES = {"fetch-dataset", "obtain-model", SMALL, "predict", LARGE}
SIZES = (*[20_000] * 300, *[20_000_000] * 5)
"""Bytes of the files: about as many, and as large, as the default run's."""
ROUNDS = 9
BOUND, SHARE = 0.1, 0.02
"""Seconds that a record may cost a small command, and the share of a larger one's time."""


def measure() -> tuple[dict[str, float], list[Row]]:
    """Return the figures by key, and the lines of the table."""
    tell("hashing, and a record")
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            found = [_hashing(Path(folder)), _recording(Path(folder) / "tree")]
        finally:
            os.chdir(before)
    if (ROOT / FOLDER / "journal.jsonl").exists():
        found.append(_audit())
    figures = {key: value for figures, _ in found for key, value in figures.items()}
    return figures, [row for _, rows in found for row in rows]


def _hashing(root: Path) -> tuple[dict[str, float], list[Row]]:
    random = generator(0, "provenance")
    names = [f"{number}.bin" for number in range(len(SIZES))]
    for name, size in zip(names, SIZES, strict=True):
        (root / name).write_bytes(random.bytes(size))
    turns = {"audit": lambda: rehash(root, names), "hashlib": lambda: bare(root, names)}
    cpu = in_turns(turns, ROUNDS)
    wall = {name: [_wall(function) for _ in range(ROUNDS)] for name, function in turns.items()}
    size = sum(SIZES)
    figures = {
        "audit_hashing_over_hashlib_cpu": float(np.median(cpu["hashlib"]) / np.median(cpu["audit"])),
        "audit_hashing_over_hashlib_wall": min(wall["hashlib"]) / min(wall["audit"]),
    }
    what = f"{len(SIZES)} files, {size / 1e6:.0f} MB"
    return figures, [
        Row("", f"rehashing of an audit: {what}", float(np.median(cpu["audit"])), "in several threads"),
        Row("", f"bare hashlib: {what}", float(np.median(cpu["hashlib"])), "one after the other"),
    ]


def _recording(tree: Path) -> tuple[dict[str, float], list[Row]]:
    """Run the commands of the workflow that lead to some maps in a clone, and tell what their records cost them."""
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(tree)], check=True)  # noqa: S603, S607
    planned = [sys.executable, "-m", "snakemake", "--dry-run", "--cores", "1", "--printshellcmds", LAST]
    said = subprocess.run(planned, cwd=tree, capture_output=True, text=True, check=True).stdout  # noqa: S603
    mark = "Shell command: "
    commands = [shlex.split(line.partition(mark)[2]) for line in said.splitlines() if mark in line]
    spent: dict[str, list[dict[str, float]]] = {}
    for _, *arguments in commands:
        name = next(word for word in arguments if word in _NAMES)
        tell(f"record of {name}")
        spent[name] = [_one(tree, arguments) for _ in range(ROUNDS if name == SMALL else 1)]
    cost = {name: float(np.median([one["record"] for one in runs])) for name, runs in spent.items()}
    whole = {name: float(np.median([one["whole"] for one in runs])) for name, runs in spent.items()}
    figures = {
        "record_milliseconds": 1000 * cost[SMALL],
        "record_share_of_attribution": cost[LARGE] / whole[LARGE],
        "record_over_its_bound": max(cost[name] / max(BOUND, SHARE * whole[name]) for name in cost),
    }
    return figures, [
        Row("", f"record of {name}", cost[name], f"{cost[name] / whole[name]:.1%} of {whole[name]:.2f} s; git included")
        for name in cost
    ]


def _one(tree: Path, arguments: list[str]) -> dict[str, float]:
    """Run one command, and return the CPU seconds of all of it and of its record."""
    told = tree / "told.json"
    command = [sys.executable, "-m", "benchmarks.recording", str(told), *arguments]
    subprocess.run(command, cwd=tree, check=True, capture_output=True)  # noqa: S603
    found: dict[str, float] = json.loads(told.read_text(encoding="utf-8"))
    told.unlink()
    return found


def _audit() -> tuple[dict[str, float], list[Row]]:
    """Audit the results that are here, and hash the same files with hashlib alone."""
    command = [sys.executable, "-m", "case_saliency.cli.main", "audit", "--json"]
    before, start = _children(), time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    wall, cpu = time.perf_counter() - start, _children() - before
    told = json.loads(done.stdout)
    names = [file["path"] for file in told["files"] if file["actual"] is not None]
    start = time.process_time()
    bare(ROOT, names)
    alone = time.process_time() - start
    what = f"{told['checked']['files']} files, {told['checked']['bytes'] / 1e6:.0f} MB"
    figures = {"audit_of_results_cpu_seconds": cpu, "audit_of_results_wall_seconds": wall}
    return figures, [
        Row("", f"the whole audit of the results here: {what}", cpu, f"verdict {told['verdict']}, start-up included"),
        Row("", f"bare hashlib: {what}", alone, "SHA-256 alone"),
    ]


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def bare(root: Path, names: list[str]) -> list[str]:
    """Hash files one after the other, as the standard library does."""
    found = []
    for name in names:
        with (root / name).open("rb") as file:
            found.append(hashlib.file_digest(file, "sha256").hexdigest())
    return found


def _wall(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start
