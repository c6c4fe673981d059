"""Provenance: an audit beside bare hashlib on the same files, and what its record costs a command.

The rehashing is measured on files made for it; the whole audit on a tree with large files, and on the results that are
here, if there are any. hashlib takes the digests that the audit takes, and nothing else.
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
from collections.abc import Callable, Container, Iterable
from pathlib import Path
from statistics import median

from benchmarks.timing import Row, in_turns, ratio, tell
from case_saliency.attribution.seeding import generator
from case_saliency.provenance.audit.evidence import gather
from case_saliency.provenance.audit.measuring import measure as rehash
from case_saliency.provenance.code import closure
from case_saliency.provenance.folders import FOLDER
from case_saliency.provenance.record import Record

ROOT = Path(__file__).resolve().parents[1]
LAST = "results/saliency/imagenet-sample/efficientnet_lite0/seed0/gradient/0-of-1.nc"
"""The commands that lead to these maps are run, with their records: small ones, and one that computes."""
SMALL, LARGE = "select-images", "attribute"
_NAMES = {"fetch-dataset", "obtain-model", SMALL, "predict", LARGE}
SIZES = (*[20_000] * 300, *[20_000_000] * 5)
"""Bytes of the files: about as many, and as large, as the default run's."""
LARGE_FILES, LARGE_BYTES = 16, 125_000_000
"""A tree as of a larger study: 2 GB, written to the folder for temporary files."""
ROUNDS, AUDITS = 9, 3
BOUND, SHARE = 0.1, 0.02
"""Seconds that a record may cost a small command, and the share of a larger one's time."""


def measure() -> tuple[dict[str, float], list[Row]]:
    """Return the figures by key, and the lines of the table."""
    tell("hashing, and a record")
    before = Path.cwd()
    found = []
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            found += [_hashing(Path(folder)), _recording(Path(folder) / "tree")]
            os.chdir("tree")
            found.append(_large())
            os.chdir(ROOT)
            found += [_results()] if (ROOT / FOLDER / "journal.jsonl").exists() else []
        finally:
            os.chdir(before)
    figures = {key: value for figures, _ in found for key, value in figures.items()}
    return figures, [row for _, rows in found for row in rows]


def _hashing(root: Path) -> tuple[dict[str, float], list[Row]]:
    """Hash the same files as an audit does and with hashlib alone: SHA-256, and with the MD5 that dvc.lock has."""
    random = generator(0, "provenance")
    names = [f"{number}.bin" for number in range(len(SIZES))]
    for name, size in zip(names, SIZES, strict=True):
        (root / name).write_bytes(random.bytes(size))
    every = set(names)
    turns: dict[str, Callable[[], object]] = {
        "audit": lambda: rehash(root, names),
        "hashlib": lambda: bare(root, names),
        "audit, both": lambda: rehash(root, names, md5=every),
        "hashlib, both": lambda: bare(root, names, every),
    }
    cpu = in_turns(turns, ROUNDS)
    wall = {name: min(_wall(function) for _ in range(ROUNDS)) for name, function in turns.items()}
    figures = {
        "audit_hashing_over_hashlib_cpu": ratio(cpu["hashlib"], cpu["audit"]),
        "audit_hashing_over_hashlib_wall": wall["hashlib"] / wall["audit"],
        "audit_both_hashes_over_hashlib_cpu": ratio(cpu["hashlib, both"], cpu["audit, both"]),
    }
    what = f"{len(SIZES)} files, {sum(SIZES) / 1e6:.0f} MB"
    return figures, [
        Row("", f"rehashing of an audit: {what}", median(cpu["audit"]), "SHA-256"),
        Row("", f"bare hashlib: {what}", median(cpu["hashlib"]), "SHA-256"),
        Row("", f"rehashing of an audit: {what}", median(cpu["audit, both"]), "SHA-256 and MD5"),
        Row("", f"bare hashlib: {what}", median(cpu["hashlib, both"]), "SHA-256 and MD5"),
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
    cost = {name: median(one["record"] for one in runs) for name, runs in spent.items()}
    whole = {name: median(one["whole"] for one in runs) for name, runs in spent.items()}
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


def _large() -> tuple[dict[str, float], list[Row]]:
    """Audit the tree of the working folder with large files beside its own, each with a record."""
    tell(f"audit of {LARGE_FILES} large files")
    block, code = generator(1, "provenance").bytes(LARGE_BYTES), closure(["case_saliency.cli.attribute"]).hashes()
    for number in range(LARGE_FILES):
        path = Path(f"results/saliency/large/{number}.bin")
        command, parameters = ["case-saliency", "attribute"], {"number": number}
        record = Record("attribute", command, parameters, code, inputs={}, outputs={"maps": [path]})
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(number.to_bytes(8) + block[8:])
        record.finish()
    figures, rows = _audit("a tree with large files")
    return {f"audit_of_a_large_tree_{name}": value for name, value in figures.items()}, rows


def _results() -> tuple[dict[str, float], list[Row]]:
    tell("audit of the results")
    figures, rows = _audit("the results here")
    return {f"audit_of_results_{name}": value for name, value in figures.items()}, rows


def _audit(what: str) -> tuple[dict[str, float], list[Row]]:
    """Audit the working folder as a user does, and hash the same files as the audit does and with hashlib alone."""
    command = [sys.executable, "-m", "case_saliency.cli.main", "audit", "--json"]
    walls, cpus = [], []
    for _ in range(AUDITS):
        before, start = _children(), time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        walls.append(time.perf_counter() - start)
        cpus.append(_children() - before)
    told = json.loads(done.stdout)
    evidence = gather(Path(), [])
    hashed = {path: found for path, found in evidence.found.items() if found.sha256 is not None}
    both = {path for path, found in hashed.items() if found.md5 is not None}
    turns = {"audit": lambda: rehash(Path(), hashed, md5=both), "hashlib": lambda: bare(Path(), hashed, both)}
    cpu = in_turns(turns, AUDITS)
    whole, size = median(cpus), sum(found.bytes for found in hashed.values())
    figures = {
        "cpu_seconds": whole,
        "wall_seconds": median(walls),
        "hashing_share": median(cpu["audit"]) / whole,
        "hashing_over_hashlib_cpu": ratio(cpu["hashlib"], cpu["audit"]),
    }
    told_of = f"{len(hashed)} files, {size / 1e6:.0f} MB"
    digests = f"SHA-256, and MD5 of {len(both)}"
    return figures, [
        Row("", f"the whole audit of {what}: {told_of}", whole, f"verdict {told['verdict']}, start-up included"),
        Row("", f"its hashing: {told_of}", median(cpu["audit"]), digests),
        Row("", f"bare hashlib: {told_of}", median(cpu["hashlib"]), digests),
    ]


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def bare(root: Path, names: Iterable[str], md5: Container[str] = ()) -> list[str]:
    """Hash files one after the other, as the standard library does; some of them twice."""
    found = []
    for name in names:
        for digest in ("sha256", *(["md5"] if name in md5 else [])):
            with (root / name).open("rb") as file:
                found.append(hashlib.file_digest(file, digest).hexdigest())
    return found


def _wall(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start
