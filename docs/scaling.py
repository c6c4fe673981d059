"""Write the page on scaling from what `python -m benchmarks workflow` measured and what docs/experiments.md counts.

Run it by `python docs/scaling.py`.
"""

import json
import re
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import yaml

from case_saliency import params as study
from case_saliency.storage import write_text

DOCS = Path(__file__).parent
PAGE = DOCS / "scaling.md"
IMAGES, GPUS = 50_000, (1, 8, 64)
CIRCULARITY = 53
"""Passes for an image in the analysis of that name (docs/experiments.md), one job for each network."""
LIMIT = 60.0
_MAPS, _BARE = "1.1 x channels + 218 + 64 x layers", 64
_PASSES = r"(\d+) images, (\d+) passes, which alone take ([\d.]+) s"

Rows = Sequence[dict[str, Any]]


def main() -> None:
    """Write the page."""
    measured = json.loads((DOCS.parent / "benchmarks/results.json").read_text(encoding="utf-8"))
    params = yaml.safe_load((DOCS.parent / "params.yaml").read_text(encoding="utf-8"))
    write_text(page(measured, (DOCS / "experiments.md").read_text(encoding="utf-8"), params), PAGE)


def page(measured: dict[str, Any], counted: str, params: dict[str, Any]) -> str:
    """Return the page."""
    figures, rows = measured["workflow"]["figures"], measured["workflow"]["rows"]
    planning, gpu = measured["planning"]["figures"], measured["gpu"]["figures"]
    card = _card(measured["gpu"]["rows"])
    parts = [
        _head(),
        *_floor(figures, rows),
        *_memory(figures, rows),
        *_cost(rows, counted, gpu, card),
        *_paper(counted, gpu, _alone(params, gpu, measured["agreement"]["figures"]), card),
        *_plan(planning),
    ]
    return "\n\n".join(["# Scaling", *parts]) + "\n"


def _fill(text: str) -> str:
    return textwrap.fill(" ".join(text.split()), width=125, break_long_words=False, break_on_hyphens=False)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows))


def _head() -> str:
    return _fill(
        """What a run costs, what it needs, and where it stops being fast. Written by `python docs/scaling.py` from
        `benchmarks/results.json` (`python -m benchmarks workflow planning`: the default run in a fresh clone on two
        cores, one experiment at three numbers of images, a plan of many jobs; `gpu`) and from the counts of
        [experiments](experiments.md). [Clusters](clusters.md) tells how to run there."""
    )


def _floor(figures: dict[str, float], rows: Rows) -> list[str]:
    jobs = {row["what"]: row["seconds"] for row in rows if row["network"] == "all jobs"}
    jobs["the rest"] = next(row["seconds"] for row in rows if row["what"] == "the rest")
    total = 60 * figures["default_cpu_minutes"]
    named = {
        "compute": "formulas, passes through networks, statistics, drawing",
        "imports": "of torch, pandas and others, in each job anew",
        "files": "reading and writing; decoding of images",
        "record": "hashes of inputs, outputs and code; the record",
        "start": "of Python",
        "the rest": "Snakemake, shells, the report of the workflow, the gate",
    }
    return [
        "## The default run against its floor",
        _fill(
            f"""{figures["default_minutes_on_two_cores"]:.1f} minutes on two cores, {figures["default_cpu_minutes"]:.1f}
            minutes of processor time in {figures["default_jobs"]:.0f} jobs:
            {figures["default_cpu_over_compute"]:.2f} times what its stages compute. Each job notes what its processor
            time goes into; every moment counts once."""
        ),
        _table(
            ("", "what", "seconds", "share"),
            [(name, told, f"{jobs[name]:.0f}", f"{jobs[name] / total:.0%}") for name, told in named.items()],
        ),
    ]


def _memory(figures: dict[str, float], rows: Rows) -> list[str]:
    found = [(row["network"], *row["remark"].split(" MB for ")) for row in rows if row["what"] == "peak memory"]
    sizes = found[0][2].removesuffix(" images").split(", ")
    return [
        "## Memory",
        _fill(
            f"""Images pass in batches, maps are read and written in parts: peak memory hardly depends on the number of
            images, and is mostly that of the libraries. From {sizes[0]} to {sizes[-1]} images it grows at most by a
            factor of {figures["peak_growth_9_fold_images"]:.2f}. Peaks of a job in MB, by images of `digits`, one
            network:"""
        ),
        _table(("stage", *sizes), [(f"`{stage}`", *peaks.split(", ")) for stage, peaks, _ in found]),
    ]


def _cost(rows: Rows, counted: str, gpu: dict[str, float], card: str) -> list[str]:
    lines = []
    for row in rows:
        match = re.fullmatch(_PASSES, row["remark"]) if row["what"] == "compute" else None
        if match:
            n, passes, alone = match.groups()
            share = f"{float(alone) / row['seconds']:.0%}"
            lines.append((f"`{row['network']}`", n, f"{int(passes):,}", alone, f"{row['seconds']:.2f}", share))
    bare = next(row["seconds"] for row in rows if row["what"].startswith("bare forward pass, batches of 10"))
    return [
        "## Cost model",
        "    seconds = passes of an image through the network x seconds of a bare forward pass",
        _fill(
            f"""A bare forward pass of an image takes {1000 * bare:.2f} ms with the small ResNet. Passes are counted
            while stages run; a backward pass costs about two more and is not among them. The product is a floor, far
            below what a stage takes where the network is as small as this one."""
        ),
        _table(("stage", "images", "passes", "floor, s", "measured, s", "floor/measured"), lines),
        _fill(
            f"""Of the paper's networks, maps by all methods and confidence drops take {_MAPS} passes of an image. With
            the pass measured on an {card}, by {_BARE} images:"""
        ),
        _table(("network", "passes", "floor, s", "measured, s", "floor/measured"), _floors(counted, gpu)),
    ]


def _floors(counted: str, gpu: dict[str, float]) -> list[tuple[str, ...]]:
    rows = re.findall(r"^\| `(\w+)`([^|]*)\| [\d.]+ \| ([\d,]+) \|", counted, re.M)
    lines = []
    for name, layers, channels in rows:
        passes = round(1.1 * int(channels.replace(",", "")) + 218 + 64 * (2 if "both" in layers else 1))
        floor = passes * gpu[f"{name}_forward_seconds"]
        measured = gpu[f"{name}_maps_seconds"] + gpu[f"{name}_drops_seconds"]
        told = f"`{name}`{layers.rstrip()}", f"{passes:,}", f"{floor:.2f}", f"{measured:.2f}", f"{floor / measured:.0%}"
        lines.append(told)
    return lines


def _card(rows: Rows) -> str:
    return str(next(row["remark"] for row in rows if row["what"] == "card")).partition(",")[0]


def _alone(params: dict[str, Any], gpu: dict[str, float], cpu: dict[str, float]) -> dict[str, dict[str, float]]:
    """Return stage -> network -> hours of its one job for all images: passes alone, or those of a core."""
    spaces = [method.space for method in study.methods(params, "imagenet")]
    hours: dict[str, dict[str, float]] = {"score-similarity": {}, "score-circularity": {}, "score-agreement": {}}
    for name in params["experiments"]["imagenet"]["models"]:
        native = len(study.layers(params, "imagenet", name)) * spaces.count("layer")
        pixels = spaces.count("input")
        alike = native * cpu["similarity_pair_seconds"] + pixels * cpu["similarity_pair_of_pixels_seconds"]
        agreeing = (native + pixels) * cpu["agreement_1000_pairs_seconds"] / 1000
        passing = CIRCULARITY * gpu[f"{name}_forward_seconds"]
        for stage, seconds in zip(hours, (alike, passing, agreeing), strict=True):
            hours[stage][name] = IMAGES * seconds / 3600
    return hours


def _paper(counted: str, gpu: dict[str, float], alone: dict[str, dict[str, float]], card: str) -> list[str]:
    networks = re.findall(r"^\| `(\w+)`([^|]*)\|(?: [\d.,]+ \|){6} ([\d.]+) \|$", counted, re.M)
    hours = {name: float(told) * IMAGES / 1000 for name, _, told in networks}
    split = {name: IMAGES * (gpu[f"{name}_maps_seconds"] + gpu[f"{name}_drops_seconds"]) / 3600 for name in hours}
    total, longest = sum(hours.values()), {stage: max(found.values()) for stage, found in alone.items()}
    lines = [
        (f"`{name}`{layers.rstrip()}", f"{hours[name]:.0f}", f"{split[name]:.0f}")
        + tuple(f"{found[name]:.1f}" for found in alone.values())
        for name, layers, _ in networks
    ]
    return [
        f"## ImageNet's {IMAGES:,} validation images, four networks, all methods",
        _fill(
            f"""Extrapolated from what ten images took on an {card} (`python -m benchmarks gpu`), as
            [experiments](experiments.md#times-on-a-gpu) tells; the starts of jobs are not among it. The experiment as
            shipped keeps half of the images to estimate confusions; this is what explaining all of them would take."""
        ),
        _fill(
            f"""Split into shards are `attribute` and `score-fidelity`, {sum(split.values()) / total:.0%} of the GPU
            hours: maps, and the confidence drops, which make their images on the processor while the GPU waits, spread
            over as many GPUs as there are. Every other stage that looks at images is one job for each network. The
            longest of these, in hours: two that need no GPU, by the time of one core (`python -m benchmarks agreement`),
            and circularity by its {CIRCULARITY} passes alone, a floor."""
        ),
        _table(("network", "GPU hours", "of which in shards", *(f"`{stage}`" for stage in alone)), lines),
        _table(
            ("GPUs", "hours", "hours without the analysis `similarity`"),
            [
                (str(n), f"{max(total / n, *longest.values()):.1f}", f"{max(total / n, *_without(longest)):.1f}")
                for n in GPUS
            ],
        ),
        _fill(_bottleneck(longest)),
    ]


def _without(longest: dict[str, float]) -> list[float]:
    return [hours for stage, hours in longest.items() if stage != "score-similarity"]


def _bottleneck(longest: dict[str, float]) -> str:
    first, second, third = sorted(longest, key=lambda stage: -longest[stage])
    return f"""Hours are the GPU hours divided, or the longest of these jobs. The first bottleneck is
        `{first}` with {longest[first]:.1f} hours, then `{second}` with {longest[second]:.1f}, then `{third}` with
        {longest[third]:.1f}. The first two are analyses, which nothing but their tables, figures and the report waits
        for. What removes them: taking them out of `analyses`, or fewer methods there; both could be split as drops
        are, `score-similarity` once the level of chance, which each of its jobs simulates, is a stage of its own."""


def _plan(figures: dict[str, float]) -> list[str]:
    jobs, seconds = figures["planned_jobs"], figures["planned_jobs_seconds"]
    verdict = "within" if seconds <= LIMIT else "beyond"
    return [
        "## Planning and recording",
        _fill(
            f"""On the finished default run `snakemake --dry-run` takes {figures["plan_seconds"]:.1f} s, `dvc status`
            {figures["dvc_status_seconds"]:.1f} s and `make commit` {figures["commit_seconds"]:.1f} s."""
        ),
        _fill(
            f"""A plan of {jobs:,.0f} jobs takes {seconds:.0f} s, {1000 * seconds / jobs:.1f} ms for each, {verdict} the
            minute that a person waits. Shards of 2,400 images make that many jobs of 1,000,000 images with four
            networks: six of a shard, for five families of methods and the drops. More images ask for larger shards, not
            for more of them."""
        ),
    ]


if __name__ == "__main__":
    main()
