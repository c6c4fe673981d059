"""How long a plan of many jobs takes, and what follows for the number of shards."""

from case_saliency import params
from docs.prose import fill

LIMIT = 60.0
JOBS = 6
"""Of a shard: a family of methods each, and the drops."""
MANY = 20
"""Networks of a study that is larger than the paper's."""
MILLION = 10**6


def plan(figures: dict[str, float]) -> list[str]:
    """Return the chapter."""
    jobs, seconds = figures["planned_jobs"], figures["planned_jobs_seconds"]
    most = JOBS * params.MOST_SHARDS
    verdict = "within" if seconds <= LIMIT else "beyond"
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
            f"""A plan of {jobs:,.0f} jobs takes {seconds:.0f} s, {1000 * seconds / jobs:.1f} ms for each, {verdict} the
            minute that a person waits. An experiment that does not say how many shards it has never has more than
            {params.MOST_SHARDS:,} of all its networks: {most:,} jobs, or {seconds / jobs * most:.0f} s; {JOBS} jobs of
            a shard, for five families of methods and the drops. From then on shards grow: {_grown()}. Several
            experiments of that size in one run are a plan each in proportion: run them one after the other."""
        ),
        fill(
            f"""Beside that, a plan compares the images with their manifest, if they are files of their own (decision
            43). Judged by {figures["compared_images"]:,.0f} files of 110 kB, {MILLION:,} that are new take
            {first:.0f} s, once, for their bytes are read, and {later:.0f} s in every later plan."""
        ),
    ]


def _grown() -> str:
    """Tell how many images a shard has, of a million, with some numbers of networks."""
    sizes = {n: 10**6 // params.automatic_shards(10**6, 1, n) for n in (4, MANY)}
    few, many = (f"{size:,} images of 1,000,000 with {n} networks" for n, size in sizes.items())
    return f"to {few}, {many.replace(' of 1,000,000', '')}"
