"""Measure all parts, or those that are named, and write benchmarks/results.md and benchmarks/results.json.

    python -m benchmarks [PART ...]

A part is a module with `measure()`, which returns figures by key and lines of the table. What other parts measured
before stays in the results.
"""

import argparse
import math
import os
import time
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
os.environ.update(dict.fromkeys(THREADS, "1"))  # before numpy and torch are imported

import torch  # noqa: E402

from benchmarks.timing import Row, load_average, tell  # noqa: E402
from case_saliency import storage  # noqa: E402
from case_saliency.provenance import apart, environment  # noqa: E402

FOLDER = Path(__file__).parent
PARTS = (
    *("attribution", "agreement", "curves", "statistics", "provenance"),
    *("workflow", "growth", "memory", "planning", "gpu"),
)
"""Modules of this package, in the order in which they run and are told; the last one only where there is a GPU."""


def main() -> None:
    """Run the parts and write what is known of all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure CPU time on one thread.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"which of {', '.join(PARTS)} (all)")
    parts = parser.parse_args().parts or (PARTS if torch.cuda.is_available() else PARTS[:-1])
    unknown = sorted(set(parts) - set(PARTS))
    if unknown:
        parser.error(f"no part {', '.join(unknown)}; choose from {', '.join(PARTS)}")
    torch.set_num_threads(1)
    file = FOLDER / "results.json"
    known = storage.read_json(file) if file.exists() else {}
    results = {part: run(part) if part in parts else known[part] for part in PARTS if part in (*parts, *known)}
    storage.write_json(results, file)
    text = markdown(results)
    storage.write_text(text, FOLDER / "results.md")
    print(text)


def run(part: str) -> dict[str, Any]:
    """Return a part's figures, rows and the circumstances under which they were measured."""
    tell(part)
    start, load = time.monotonic(), load_average()
    figures, rows = import_module(f"benchmarks.{part}").measure()
    minutes = (time.monotonic() - start) / 60
    loads = f"load of the machine {load:.1f} at the start, {load_average():.1f} at the end"
    return {
        "figures": figures,
        "rows": [{**asdict(row), "seconds": None if math.isnan(row.seconds) else row.seconds} for row in rows],
        "notes": f"{environment.machine()['processor']}, torch {torch.__version__}, one thread, at commit "
        f"{apart.head()}; {minutes:.1f} min; {loads}",
    }


def markdown(results: dict[str, dict[str, Any]]) -> str:
    """Return the page: one chapter for each part."""
    lines = [
        "# Benchmarks",
        "",
        "`make bench`, or `python -m benchmarks PART` for a part. Seconds of CPU time, for one image unless said "
        "otherwise; ratios are of calls made in turns.",
    ]
    for part, found in results.items():
        rows = [
            Row(**{**row, "seconds": math.nan if row["seconds"] is None else row["seconds"]}) for row in found["rows"]
        ]
        lines += [
            *("", f"## {part.capitalize()}", "", f"{found['notes']}.", "", "| figure | value |", "| --- | --- |"),
            *(f"| `{name}` | {value:.3g} |" for name, value in found["figures"].items()),
            *("", "| network | what | seconds | remark |", "| --- | --- | --- | --- |"),
            *(f"| {row.network} | {row.what} | {_seconds(row.seconds)} | {row.remark} |" for row in rows),
        ]
    return "\n".join(lines) + "\n"


def _seconds(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.3f}"


if __name__ == "__main__":
    main()
