"""What jobs need of memory, as Snakemake and the kernel measure it, and what its growth would come to."""

import math
import re
from collections.abc import Sequence
from typing import Any

from case_saliency import params as study
from docs.prose import fill, table
from docs.scaling_imagenet import EXPERIMENT, IMAGES, SIZE
from docs.scaling_rules import given, holding, rule, series

MEASURED = "digits"
"""The experiment that was measured, with one network at one layer."""
LEAST = 20
"""MB: less is not what a process of Python holds, but the shell that starts it."""
SHARDED = {"attribute", "score-fidelity"}
"""Their jobs see the images of a shard, not all."""
KINDS = {
    "max_rss": (
        "`max_rss` is of Snakemake's benchmark file of the job, the largest of samples each half second: of a short "
        "job they meet less than the peak, and of one below a second the shell that starts it: cells below "
        f"{LEAST} MB say nothing, and are empty."
    ),
    "peak memory": "`peak memory` is what the kernel notes of the process itself.",
}
"""What a row of the benchmark is called -> what the page says of it."""


Rows = Sequence[dict[str, Any]]


def memory(figures: dict[str, float], rows: Rows, default: Rows, params: dict[str, Any]) -> list[str]:
    """Return the chapter, from what was measured at several numbers of images, and of the default run."""
    told, kinds = cells(rows), list(dict.fromkeys(row["what"] for row in rows if row["what"] in KINDS))
    images = next(row["remark"] for row in rows if row["what"] in KINDS).partition(" MB for ")[2]
    sizes = images.removesuffix(" images").split(", ")
    return [
        "## Memory",
        fill(
            f"""Images pass in batches, and maps are read in parts: with hundreds of images peak memory hardly
            depends on their number, and is mostly that of the libraries. What is held are the rows of the scores, some
            hundred bytes for each image, method and setting; statistics take the rows of one cell at a time and draw
            their resamples in blocks. A job that draws maps holds those of its shard, as values and as the bytes of
            their file, two classes of four bytes a pixel twice: little at a layer, but of a method in the input's space
            {16 * SIZE**2 / 10**6:.1f} MB an image of {SIZE} x {SIZE} pixels. It grows with the images of a shard, and
            its rule asks for so much more. From
            {sizes[0]} to {sizes[-1]} images peak memory grows at most by a factor of
            {figures["peak_growth_9_fold_images"]:.2f}. In MB, by images of `digits`, one network.
            {" ".join(KINDS[kind] for kind in kinds)}"""
        ),
        table(
            ("stage", *(f"{kind}, {size}" for kind in kinds for size in sizes)),
            [(f"`{stage}`", *peaks) for stage, peaks in told.items()],
        ),
        *_once(default, set(told)),
        *_extrapolated({stage: peaks[-len(sizes) :] for stage, peaks in told.items()}, sizes, params),
        fill(
            """`snakemake --config benchmark=true` measures a run of your own: Snakemake writes its benchmark file of
            each job that runs, with `max_rss` and times, to `logs/benchmarks/`. They are measurements, not results:
            nothing depends on them, and a tree without them has nothing to be done."""
        ),
    ]


def cells(rows: Rows) -> dict[str, list[str]]:
    """Return the peaks by stage, in MB; what says nothing is empty."""
    found: dict[str, list[str]] = {}
    for row in rows:
        if row["what"] in KINDS:
            peaks = row["remark"].partition(" MB for ")[0].split(", ")
            found.setdefault(row["network"], []).extend(peak if float(peak) >= LEAST else "" for peak in peaks)
    return found


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


def _extrapolated(peaks: dict[str, list[str]], sizes: Sequence[str], params: dict[str, Any]) -> list[str]:
    """Continue the peaks of each stage, by number of images, in a straight line."""
    lines = []
    for stage in sorted(set(peaks) - SHARDED):
        amounts, slope = given(stage, "mem_mb", IMAGES), _slope(peaks[stage], sizes)
        need = float(peaks[stage][0]) + slope * (IMAGES - int(sizes[0]))
        if need > given(stage, "mem_mb")[0]:
            lines.append((f"`{stage}`", f"{slope:.3f}", f"{need:,.0f}", series(amounts), holding(need, amounts)))
    return [
        fill(
            f"""Rows add up, and a job that is not split holds those of all images. A straight line through {sizes[0]}
            and {sizes[-1]} images, continued to {IMAGES:,}, is no measurement, and a difference of some MB may be
            chance; but it tells which jobs would need more than the `mem_mb` of few images, with one network. Their
            rules ask for more with the number of images, and the profile of [Slurm](clusters.md#slurm) has each tried
            again with more:"""
        ),
        table(("stage", "MB an image", f"MB at {IMAGES:,}", "`mem_mb` of the attempts then", "held by"), lines),
        _most(peaks["score-similarity"], sizes, params),
    ]


def _slope(cells: Sequence[str], sizes: Sequence[str]) -> float:
    return (float(cells[-1]) - float(cells[0])) / (int(sizes[-1]) - int(sizes[0]))


def _most(cells: Sequence[str], sizes: Sequence[str], params: dict[str, Any]) -> str:
    """Tell what similarity would hold of the network with the most rows."""
    [unit] = {_maps(params, MEASURED, name) for name in params["experiments"][MEASURED]["models"]}
    model = max(params["experiments"][EXPERIMENT]["models"], key=lambda name: _maps(params, EXPERIMENT, name))
    times, amounts = _maps(params, EXPERIMENT, model) / unit, given("score-similarity", "mem_mb", IMAGES)
    need = float(cells[0]) + times * _slope(cells, sizes) * (IMAGES - int(sizes[0]))
    return fill(
        f"""More methods and layers are more rows: `{EXPERIMENT}` has {times:.1f} times as many of `{model}`, for
        `score-similarity` {need:,.0f} MB, where the attempts have {series(amounts)}: held by {holding(need, amounts)}.
        Where the memory that is given does not suffice, give more at once, as in `--set-resources
        {rule("score-similarity")}:mem_mb={1000 * math.ceil(2 * need / 1000)}`; that reruns nothing."""
    )


def _maps(params: dict[str, Any], experiment: str, model: str) -> int:
    """Return how many maps an image has of one class: of each method, at each layer where it is one of layers."""
    spaces = [method.space for method in study.methods(params, experiment)]
    return spaces.count("layer") * len(study.layers(params, experiment, model)) + spaces.count("input")
