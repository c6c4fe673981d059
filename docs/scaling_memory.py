"""What jobs need of memory, as Snakemake and the kernel measure it, and that it hardly grows with the images."""

from collections.abc import Sequence
from typing import Any

from docs.prose import fill, table

KINDS = {
    "max_rss": (
        "`max_rss` is of Snakemake's benchmark file of the job, the largest of samples each half second: of a short "
        "job they meet the shell that starts it, or less than the peak."
    ),
    "peak memory": "`peak memory` is what the kernel notes of the process itself.",
}
"""What a row of the benchmark is called -> what the page says of it."""


def memory(figures: dict[str, float], rows: Sequence[dict[str, Any]]) -> list[str]:
    """Return the chapter."""
    told: dict[str, list[str]] = {}
    for row in rows:
        if row["what"] in KINDS:
            peaks, images = row["remark"].split(" MB for ")
            told.setdefault(row["network"], []).extend(peaks.replace("nan", "").split(", "))
    sizes = images.removesuffix(" images").split(", ")
    kinds = list(dict.fromkeys(row["what"] for row in rows if row["what"] in KINDS))
    return [
        "## Memory",
        fill(
            f"""Images pass in batches, maps are read and written in parts: peak memory hardly depends on the number of
            images, and is mostly that of the libraries. What is held are the rows of the scores, some hundred bytes for
            each image, method and setting; statistics take the rows of one cell at a time and draw their resamples in
            blocks. From {sizes[0]} to {sizes[-1]} images peak memory grows at most by a factor of
            {figures["peak_growth_9_fold_images"]:.2f}. In MB, by images of `digits`, one network.
            {" ".join(KINDS[kind] for kind in kinds)}"""
        ),
        table(
            ("stage", *(f"{kind}, {size}" for kind in kinds for size in sizes)),
            [(f"`{stage}`", *cells) for stage, cells in told.items()],
        ),
        fill(
            """`snakemake --config benchmark=true` measures a run of your own: Snakemake writes its benchmark file of
            each job that runs, with `max_rss` and times, to `logs/benchmarks/`. They are measurements, not results:
            nothing depends on them, and a tree without them has nothing to be done."""
        ),
    ]
