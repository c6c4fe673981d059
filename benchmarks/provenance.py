"""Provenance: rehashing of an audit beside bare hashlib on the same files, and what a record costs a small stage."""

import hashlib
import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.timing import Row, in_turns, tell
from case_saliency.attribution.seeding import generator
from case_saliency.provenance.audit.measuring import measure as rehash
from case_saliency.provenance.record import Record

SIZES = (*[20_000] * 300, *[20_000_000] * 5)
"""Bytes of the files: about as many, and as large, as the default run's."""
ROUNDS = 9


def measure() -> tuple[dict[str, float], list[Row]]:
    """Return the figures by key, and the lines of the table."""
    tell("hashing, and a record")
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            return _measure(Path(folder))
        finally:
            os.chdir(before)


def _measure(root: Path) -> tuple[dict[str, float], list[Row]]:
    random = generator(0, "provenance")
    names = [f"{number}.bin" for number in range(len(SIZES))]
    for name, size in zip(names, SIZES, strict=True):
        (root / name).write_bytes(random.bytes(size))
    subprocess.run(["git", "init", "--quiet"], check=True)  # noqa: S607
    turns = {"audit": lambda: rehash(root, names), "hashlib": lambda: bare(root, names)}
    cpu = in_turns(turns, ROUNDS)
    wall = {name: [_wall(function) for _ in range(ROUNDS)] for name, function in turns.items()}
    kept = [_wall(lambda: record(root)) for _ in range(ROUNDS)]
    size = sum(SIZES)
    figures = {
        "audit_hashing_over_hashlib_cpu": float(np.median(cpu["hashlib"]) / np.median(cpu["audit"])),
        "audit_hashing_over_hashlib_wall": min(wall["hashlib"]) / min(wall["audit"]),
        "record_milliseconds": 1000 * float(np.median(kept)),
    }
    what = f"{len(SIZES)} files, {size / 1e6:.0f} MB"
    return figures, [
        Row("", f"rehashing of an audit: {what}", float(np.median(cpu["audit"])), "in several threads"),
        Row("", f"bare hashlib: {what}", float(np.median(cpu["hashlib"])), "one after the other"),
        Row("", "record of a small stage", float(np.median(kept)), "wall-clock, git and journal included"),
    ]


def bare(root: Path, names: list[str]) -> list[str]:
    """Hash files one after the other, as the standard library does."""
    found = []
    for name in names:
        with (root / name).open("rb") as file:
            found.append(hashlib.file_digest(file, "sha256").hexdigest())
    return found


def record(root: Path) -> None:
    """Write the record of a stage with a small input and output."""
    files = {"file": [root / "0.bin"]}
    Record("stage", ["case-saliency", "stage"], {"seed": 0}, {}, files, files).finish()


def _wall(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start
