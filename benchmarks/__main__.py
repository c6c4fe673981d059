"""Measure everything, print the table, and write it to benchmarks/results.md and benchmarks/results.json."""

import math
import os
import platform
import time
from pathlib import Path

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
os.environ.update(dict.fromkeys(THREADS, "1"))  # before numpy and torch are imported

import torch  # noqa: E402

from benchmarks import agreement, attribution  # noqa: E402
from benchmarks.timing import Row, load_average, tell  # noqa: E402
from case_saliency import storage  # noqa: E402

FOLDER = Path(__file__).parent
PARTS = {"attribution": attribution.measure, "agreement": agreement.measure}


def main() -> None:
    """Run all parts."""
    torch.set_num_threads(1)
    start, load = time.monotonic(), load_average()
    figures: dict[str, float] = {}
    rows: list[Row] = []
    for name, measure in PARTS.items():
        tell(name)
        found, lines = measure()
        figures |= found
        rows += lines
    minutes = (time.monotonic() - start) / 60
    loads = f"load of the machine {load:.1f} at the start, {load_average():.1f} at the end"
    notes = f"{platform.machine()}, torch {torch.__version__}, one thread; {minutes:.1f} min; {loads}."
    storage.write_json({**figures, "notes": notes}, FOLDER / "results.json")
    text = _markdown(figures, rows, notes)
    storage.write_text(text, FOLDER / "results.md")
    print(text)


def _markdown(figures: dict[str, float], rows: list[Row], notes: str) -> str:
    lines = [
        "# Benchmarks",
        "",
        f"`make bench`: {notes} Seconds of CPU time for one image; ratios are of calls made in turns.",
        "",
        "| figure | value |",
        "| --- | --- |",
        *(f"| `{name}` | {value:.3g} |" for name, value in figures.items()),
        "",
        "| network | what | seconds per image | remark |",
        "| --- | --- | --- | --- |",
        *(f"| {row.network} | {row.what} | {_seconds(row.seconds)} | {row.remark} |" for row in rows),
    ]
    return "\n".join(lines) + "\n"


def _seconds(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.3f}"


if __name__ == "__main__":
    main()
