"""Write the page on scaling from what `python -m benchmarks` measured and what docs/experiments.md counts.

Run it by `python -m docs.scaling`.
"""

import json
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from case_saliency.storage import write_text
from docs.prose import fill, table
from docs.scaling_imagenet import CIRCULARITY, IMAGES, SIZE, Hours, disk, hours, least, starts, statistics
from docs.scaling_memory import memory
from docs.scaling_planning import plan
from docs.scaling_rules import given, holding, rule, series

DOCS = Path(__file__).parent
PAGE = DOCS / "scaling.md"
GPUS = (1, 8, 64)
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
    default, growth = measured["workflow"], measured["growth"]
    planning, gpu = measured["planning"]["figures"], measured["gpu"]["figures"]
    card = _card(measured["gpu"]["rows"])
    parts = [
        _head(),
        *_floor(default["figures"], default["rows"]),
        *memory(measured["memory"]["figures"], measured["memory"]["rows"], default["rows"]),
        *_cost(growth["rows"], counted, gpu, card),
        *_paper(
            hours(counted, measured["gpu"], measured["agreement"]["figures"], params),
            statistics(measured["statistics"]["figures"], params),
            card,
            params,
        ),
        *plan(planning, measured["gpu"]["rows"], card),
    ]
    return "\n\n".join(["# Scaling", *parts]) + "\n"


def _head() -> str:
    return fill(
        """What a run costs, what it needs, and where it stops being fast. Written by `python -m docs.scaling` from
        `benchmarks/results.json` (`python -m benchmarks workflow growth memory planning`: the default run in a fresh
        clone on two cores, one experiment at several numbers of images, for time and for memory, a plan of many jobs;
        `gpu`) and from the counts of [experiments](experiments.md). [Clusters](clusters.md) tells how to run there."""
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
        fill(
            f"""{figures["default_minutes_on_two_cores"]:.1f} minutes on two cores, {figures["default_cpu_minutes"]:.1f}
            minutes of processor time in {figures["default_jobs"]:.0f} jobs:
            {figures["default_cpu_over_compute"]:.2f} times what its stages compute. Each job notes what its processor
            time goes into; every moment counts once."""
        ),
        table(
            ("", "what", "seconds", "share"),
            [(name, told, f"{jobs[name]:.0f}", f"{jobs[name] / total:.0%}") for name, told in named.items()],
        ),
    ]


def _cost(rows: Rows, counted: str, gpu: dict[str, float], card: str) -> list[str]:
    runs: dict[str, list[tuple[int, int, float, float]]] = {}
    for row in rows:
        match = re.fullmatch(_PASSES, row["remark"]) if row["what"] == "compute" else None
        if match:
            n, passes, alone = match.groups()
            runs.setdefault(row["network"], []).append((int(n), int(passes), float(alone), row["seconds"]))
    lines, misses, level = [], {}, {}
    for stage, found in runs.items():
        *smaller, (largest, most, _, seconds) = found
        fixed, line = most < 2 * found[0][1], continued(smaller, largest)
        if seconds >= 1 and fixed:
            level[stage] = seconds / min(took for _, _, _, took in found) - 1
        elif seconds >= 1:
            misses[stage] = seconds / line - 1
        for n, passes, alone, took in found:
            cells = f"{passes:,}", f"{alone:.2f}", f"{took:.2f}", f"{alone / took:.0%}"
            lines.append((f"`{stage}`", str(n), *cells, f"{line:.2f}" if n == largest and not fixed else ""))
    worst, clock = max(misses, key=lambda stage: abs(misses[stage])), max(level, key=level.__getitem__)
    bare = next(row["seconds"] for row in rows if row["what"].startswith("bare forward pass, batches of 10"))
    return [
        "## Cost model",
        "    seconds = passes of an image through the network x seconds of a bare forward pass",
        fill(
            f"""A bare forward pass of an image takes {1000 * bare:.2f} ms with the small ResNet. Passes are counted
            while stages run; a backward pass costs about two more and is not among them. The product is a floor, far
            below what a stage takes where the network is as small as this one. Whether time is in proportion to the
            images tells `line`, the two smaller runs continued to {largest} images. Of the stages that take a second
            there, {sum(abs(miss) <= 0.1 for miss in misses.values())} of {len(misses)} are within 10% of it; the
            farthest off, `{worst}`, takes {abs(misses[worst]):.0%} {"more" if misses[worst] > 0 else "less"}. How
            much of that is of the machine, which others share, tells work that is the same in all runs, for it looks at
            a fixed number of images: it took up to {level[clock]:.0%} more in that run than in the fastest
            (`{clock}`)."""
        ),
        table(("stage", "images", "passes", "floor, s", "measured, s", "floor/measured", "line, s"), lines),
        fill(
            f"""Of the paper's networks, maps by all methods and confidence drops take {_MAPS} passes of an image. With
            the pass measured on an {card}, by {_BARE} images:"""
        ),
        table(("network", "passes", "floor, s", "measured, s", "floor/measured"), _floors(counted, gpu)),
    ]


def continued(smaller: Sequence[tuple[int, int, float, float]], images: int) -> float:
    """Continue the seconds of two runs to a number of images."""
    (few, _, _, before), (more, _, _, after) = smaller
    return after + (after - before) / (more - few) * (images - more)


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


def _paper(networks: list[Hours], tested: float, card: str, params: dict[str, Any]) -> list[str]:
    cost, engine = _beside_work()
    n_jobs, starting = starts(params, cost)
    total, shards = (sum(getattr(one, name) for one in networks) for name in ("gpu", "shards"))
    similarity, circularity = (max(getattr(one, name) for one in networks) for name in ("similarity", "circularity"))
    return [
        f"## ImageNet's {IMAGES:,} validation images, four networks, all methods",
        fill(
            f"""Extrapolated from what ten images took on an {card} (`python -m benchmarks gpu`), as
            [experiments](experiments.md#times-on-a-gpu) tells; drops were measured with the card's own rounding
            (TF32), which stages no longer use. The experiment as shipped keeps half of the images to estimate
            confusions; this is what explaining all of them would take. Analyses of a fixed number of images, and the
            images held out, count once. A pass is that of the batches
            of {params["compute"]["batch_size"]} in which stages compute. Not counted is what each job does on a
            processor while its GPU waits: images are read, decoded and hashed, maps are written. Families that pass an
            image a few times may well spend more on that than on their passes."""
        ),
        fill(
            f"""`attribute` and `score-fidelity` are split into shards, {shards / total:.0%} of the GPU hours: maps, and
            the confidence drops, which make their images on the processor while the GPU waits, spread over as many GPUs
            as there are, in {n_jobs:,} jobs. A job of the reduced workflow cost {cost:.1f} s beside its work through
            Slurm on {engine} ([measured](clusters-overhead.md)): in all {starting:.0f} hours, more than the work of the
            families that pass an image a few times. Larger shards, `shards` of the experiment, save of them, and wait
            longer for what failed. Every other stage that looks at images is one job for each network. The two longest
            of these, in hours: similarity of maps, on one core and without a GPU (`python -m benchmarks agreement`),
            and circularity, by its {CIRCULARITY} passes of an image alone, a floor. Behind similarity comes its test,
            one job of all networks on one core, {tested:.1f} hours (`python -m benchmarks statistics`)."""
        ),
        table(
            ("network", "GPU hours", "of which in shards", "`score-similarity`", "`score-circularity`"),
            [
                (one.label, f"{one.gpu:.0f}", f"{one.shards:.0f}", f"{one.similarity:.1f}", f"{one.circularity:.1f}")
                for one in networks
            ],
        ),
        table(
            ("GPUs", "hours", "hours without the analysis `similarity`"),
            [(str(n), *(f"{least(networks, n, starting, last):.1f}" for last in (tested, None))) for n in GPUS],
        ),
        fill(
            f"""By this reckoning no run is faster: these are the hours of GPUs and of starts divided, or those of the
            longest chain of jobs behind the maps that it waits for, whichever is more. The first bottleneck is
            {"similarity, its scores and its test" if similarity + tested > circularity else "circularity"}. Without
            similarity it is circularity, from {math.ceil((total + starting) / circularity)} GPUs on, or from half as
            many where it takes twice its floor. Both are analyses, which nothing but their tables, figures and the
            report waits for. The GPUs are those of several machines, or of one
            with Slurm; without Slurm a machine uses one ([GPUs](clusters.md#gpus)). What removes the bottlenecks:
            taking them out of `analyses`, or splitting them: scores as drops are split, those of similarity once the
            level of chance, which its jobs simulate, is apart, and its test by network."""
        ),
        fill(
            f"""Most of the disk is taken by maps in the input's space: at {SIZE} x {SIZE} pixels {disk(params):,.0f} GB
            of all networks, less what deflating saves. Maps at layers are far smaller."""
        ),
        fill(
            f"""On a cluster a job also has a limit of time. {_time("score-similarity", similarity, IMAGES)}
            {_time("test-similarity", tested, IMAGES * len(networks))}
            {_time("score-circularity", 2 * circularity, IMAGES, "twice its floor is")} On a slower machine, give more
            at once, as in `--set-resources {rule("score-similarity")}:runtime={60 * math.ceil(3 * similarity)}`."""
        ),
    ]


def _beside_work() -> tuple[float, str]:
    """Return the seconds that a job on Slurm costs beside its work, and the machine, of the page that tests write."""
    page = (DOCS / "clusters-overhead.md").read_text(encoding="utf-8")
    [cost] = re.findall(r"^\| Slurm \| \d+ \| [\d.]+ \| ([\d.]+) \|", page, re.M)
    [machine] = re.findall(r"on (\d+ cores \(.*\))\.$", page, re.M)
    return float(cost), " ".join(machine.split())


def _time(stage: str, hours: float, images: int, of: str = "the longest takes") -> str:
    minutes = given(stage, "runtime", images)
    return (
        f"The attempts of `{stage}` have {series(minutes)} minutes for so many images, and {of} "
        f"{60 * hours:.0f} here: held by {holding(60 * hours, minutes)}."
    )


if __name__ == "__main__":
    main()
