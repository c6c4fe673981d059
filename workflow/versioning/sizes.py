"""How large the recorded artefacts are, and what maps would take at 224 x 224 pixels, as a Markdown table."""

import sys
from collections.abc import Iterator
from pathlib import Path

import h5py

from workflow.versioning import lockfile

INPUT = 224  # pixels on a side, the resolution at which maps are often kept


def rows(entries: lockfile.Entries, root: Path) -> Iterator[tuple[str, int, float]]:
    """Yield step, number of files and megabytes of recorded outputs; then of each experiment its maps, by number."""
    steps: dict[str, list[tuple[int, float]]] = {}
    for name, entry in entries.items():
        outs = entry.get("outs", [])
        size = (sum(out.get("nfiles", 1) for out in outs), sum(out["size"] for out in outs) / 1e6)
        steps.setdefault(name.partition("-")[0], []).append(size)
    for step, sizes in steps.items():
        yield step, sum(count for count, _ in sizes), sum(size for _, size in sizes)
    for folder in sorted((root / "results/saliency").glob("*/")):
        files = [file for file in sorted(folder.rglob("*.nc")) if file.parent.name != "control"]
        count = sum(map(_maps, files))
        yield f"maps of methods, {folder.name}", count, sum(file.stat().st_size for file in files) / 1e6
        yield f"the same at {INPUT} x {INPUT}", count, count * INPUT**2 * 4 / 1e6


def _maps(file: Path) -> int:
    """Return how many maps a file holds: one for each image and target of a variable with four dimensions."""
    found = 0

    def visit(_: str, item: object) -> None:
        nonlocal found
        if isinstance(item, h5py.Dataset) and item.ndim == 4:
            found += item.shape[0] * item.shape[1]

    with h5py.File(file) as opened:
        opened.visititems(visit)
    return found


def main() -> int:
    """Print the table of this folder."""
    print("| step | files, or maps | MB |\n| --- | --: | --: |")
    for step, count, size in rows(lockfile.locked(Path()), Path()):
        print(f"| {step} | {count:,} | {size:,.1f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
