"""What jobs need of memory, as Snakemake and the kernel measure it, and what its growth would come to."""

import re
from collections.abc import Sequence
from typing import Any

from case_saliency.storage import parquet
from case_saliency.storage.columns import ROWS
from docs.prose import fill, table
from docs.scaling_imagenet import IMAGES
from docs.scaling_rules import given, holding, series

LEAST = 20
"""MB: less is not what a process of Python holds, but the shell that starts it."""
PEAK = "peak memory"
KINDS = {
    "max_rss": (
        "`max_rss` is of Snakemake's benchmark file of the job, the largest of samples each half second: of a short "
        "job they meet less than the peak, and of one below a second the shell that starts it: cells below "
        f"{LEAST} MB say nothing, and are empty."
    ),
    PEAK: "`peak memory` is what the kernel notes of the process itself.",
}
"""What a row of the benchmark is called -> what the page says of it."""


Rows = Sequence[dict[str, Any]]
Cells = dict[str, dict[tuple[str, int], str]]


def memory(figures: dict[str, float], rows: Rows, default: Rows) -> list[str]:
    """Return the chapter, from what was measured at several numbers of images, and of the default run."""
    told = cells(rows)
    columns = list(dict.fromkeys(column for peaks in told.values() for column in peaks))
    sizes = [size for kind, size in columns if kind == PEAK]
    return [
        "## Memory",
        fill(
            f"""Images pass in batches; a job that draws maps appends them to their file, one that scores writes its
            rows as images pass, one that tests reads the rows of some cells at a time and draws its resamples in
            blocks, and the page shows a number of images that does not grow. What is held of every image is its row of
            the selection and of the predictions, and the scores of one cell at a time, of one network where methods
            are ranked. Beside that, peaks grow until there is a fill: rows of scores wait until a group of
            {parquet._ROWS:,} is whole, and blocks of stored scores have {ROWS:,} rows at most, unless one cell has
            more. The table has the peaks in MB, by images
            of `digits`, one network; the {sizes[-1]:,} images are the {sizes[-2]}, each of them
            {sizes[-1] // sizes[-2]} times under names of its own. {" ".join(KINDS.values())}"""
        ),
        table(
            ("stage", *(f"{kind}, {size:,}" for kind, size in columns)),
            [(f"`{stage}`", *(peaks.get(column, "") for column in columns)) for stage, peaks in told.items()],
        ),
        *_continued(told, sizes, figures),
        *_once(default, set(told)),
        fill(
            """`snakemake --config benchmark=true` measures a run of your own: Snakemake writes its benchmark file of
            each job that runs, with `max_rss` and times, to `logs/benchmarks/`. They are measurements, not results:
            nothing depends on them, and a tree without them has nothing to be done."""
        ),
    ]


def cells(rows: Rows) -> Cells:
    """Return the peaks in MB, by stage and by kind and number of images; what says nothing is empty."""
    found: Cells = {}
    for row in rows:
        if row["what"] in KINDS:
            peaks, images = row["remark"].removesuffix(" images").split(" MB for ")
            for peak, size in zip(peaks.split(", "), images.split(", "), strict=True):
                column = (row["what"], int(size))
                found.setdefault(row["network"], {})[column] = peak if float(peak) >= LEAST else ""
    return found


def _continued(told: Cells, sizes: Sequence[int], figures: dict[str, float]) -> list[str]:
    """Continue the peaks of each stage in a straight line through the two largest numbers of images."""
    few, many = sizes[-2:]
    needs, growths, lines = {}, {}, []
    for stage, peaks in told.items():
        if (PEAK, many) not in peaks:
            continue
        first, last = (float(peaks[PEAK, size]) for size in (few, many))
        growths[stage] = last / first
        needs[stage] = last + max(0.0, last - first) / (many - few) * (IMAGES - many)
        amounts = given(stage, "mem_mb", IMAGES)
        if needs[stage] > amounts[0]:
            lines.append((f"`{stage}`", f"{needs[stage]:,.0f}", series(amounts), holding(needs[stage], amounts)))
    most = max(needs, key=needs.__getitem__)
    beyond = (
        "No rule gives a job of it less in the first attempt."
        if not lines
        else "By it these jobs would need more than the first attempt gives, and are tried again with more:"
    )
    return [
        fill(
            f"""From {sizes[0]} to {few} images, nine times as many, peak memory grows at most by a factor of
            {figures["peak_growth_9_fold_images"]:.2f}; from {few} to {many:,}, {many // few} times as
            many, at most by one of {max(growths.values()):.2f}, and by
            {1000 * figures["peak_mb_an_image_of_many"]:.0f} kB an image. A straight line through these two, continued
            to {IMAGES:,} images, is no measurement: a difference of some MB may be chance, and a job that reaches its
            fill on the way grows no further. So it is too much rather than too little, and comes to
            {needs[most]:,.0f} MB at most, `{most}`. {beyond}"""
        ),
        *([table(("stage", f"MB at {IMAGES:,}", "`mem_mb` of the attempts then", "held by"), lines)] if lines else []),
    ]


def _once(rows: Rows, grown: set[str]) -> list[str]:
    """Tell the peaks of the default run: of stages that the table has not, and the largest of all."""
    found = [(row["network"], re.search(r" jobs, .*, peak (\d+) MB$", row["remark"])) for row in rows]
    peaks = {stage: int(match[1]) for stage, match in found if match}
    most = max(peaks, key=peaks.__getitem__)
    return [
        fill(
            f"""The other stages are not in the table. What fetches data, trains, obtains weights and estimates
            confusions depends on the data set and its other splits: one number of images explained finds it done by
            another. What collects claims, metrics and tables side by side, and the summary, are not behind the report
            that was asked for, and read results alone. Their peaks in the default run, in MB:
            {", ".join(f"`{stage}` {peak}" for stage, peak in peaks.items() if stage not in grown)}."""
        ),
        fill(
            f"""The networks of the table see pictures of 8 x 8 pixels. With photographs jobs hold more: the most that
            one of the default run takes is {peaks[most]:,} MB, `{most}`."""
        ),
    ]
