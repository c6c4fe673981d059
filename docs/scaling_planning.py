"""How long a plan of many jobs takes, and what follows for the number of shards."""

from collections.abc import Sequence
from typing import Any

from case_saliency import params
from docs.prose import fill
from docs.scaling_rules import given, holding, series

LIMIT = 60.0
JOBS = 6
"""Of a shard: a family of methods each, and the drops."""
FEW, MANY = 4, 20
"""Networks: of the paper, and of a larger study."""
MILLION = 10**6


def plan(figures: dict[str, float], gpu: Sequence[dict[str, Any]], card: str) -> list[str]:
    """Return the chapter, from the figures of planning and what a card was measured with."""
    jobs, seconds = figures["planned_jobs"], figures["planned_jobs_seconds"]
    most = JOBS * params.MOST_SHARDS
    first, later = (
        figures[f"compared_{when}_seconds"] / figures["compared_images"] * MILLION for when in ("first", "later")
    )
    return [
        "## Planning and recording",
        fill(
            f"""On the finished default run `snakemake --dry-run` takes {figures["plan_seconds"]:.1f} s, `dvc status`
            {figures["dvc_status_seconds"]:.1f} s and `make commit` {figures["commit_seconds"]:.1f} s."""
        ),
        fill(
            f"""A plan of {jobs:,.0f} jobs takes {seconds:.0f} s, {1000 * seconds / jobs:.1f} ms for each,
            {_verdict(seconds)} the minute that a person waits. So an experiment that does not say how many shards it
            has never has more than {params.MOST_SHARDS:,} of all its networks, or {most:,} jobs: {JOBS} of a shard, for
            five families of methods and the drops. {MILLION:,} images of {FEW} networks are so planned in
            {figures["million_jobs_seconds"]:.0f} s, all {figures["million_jobs"]:,.0f} jobs. From then on shards grow:
            {_grown()}. Several experiments of that size in one run are a plan each in proportion: run them one after
            the other."""
        ),
        fill(_longest(gpu, card)),
        fill(
            f"""Beside that, a plan compares the images with their manifest, if they are files of their own (decision
            43). Judged by {figures["compared_images"]:,.0f} files of 110 kB, {MILLION:,} that are new take
            {first:.0f} s, once, for their bytes are read, and {later:.0f} s in every later plan."""
        ),
    ]


def _verdict(seconds: float) -> str:
    return "within" if seconds <= LIMIT else "beyond"


def _sizes() -> dict[int, int]:
    """Return how many images a shard has, of a million, by the number of networks."""
    return {n: MILLION // params.automatic_shards(MILLION, 1, n) for n in (FEW, MANY)}


def _grown() -> str:
    """Tell how many images a shard has, of a million, with some numbers of networks."""
    sizes = _sizes()
    return f"to {sizes[FEW]:,} images of {MILLION:,} with {FEW} networks, {sizes[MANY]:,} images with {MANY} networks"


def _longest(gpu: Sequence[dict[str, Any]], card: str) -> str:
    """Tell whether the time that a job is given suffices for the largest shards."""
    families = {(row["network"], row["what"]): row["seconds"] for row in gpu if row["what"].startswith("maps: ")}
    network, what = max(families, key=families.__getitem__)
    told = []
    for size in _sizes().values():
        need, amounts = families[network, what] * size / 60, given("attribute", "runtime", size)
        told.append(f"{size:,} images {need:.0f} of {series(amounts)} minutes ({holding(need, amounts)})")
    return (
        f"Jobs are given time by the images of their shard. The longest of those that draw maps, the family of "
        f"{what.removeprefix('maps: ')} with `{network}`, takes on an {card} and of what its attempts are given on a "
        f"cluster: for {' and for '.join(told)}."
    )
