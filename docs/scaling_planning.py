"""How long a plan of many jobs takes, and what follows for the number of shards."""

from case_saliency import params
from docs.prose import fill

LIMIT = 60.0
MANY = 20
"""Networks of a study that is larger than the paper's."""


def plan(figures: dict[str, float]) -> list[str]:
    """Return the chapter."""
    jobs, seconds = figures["planned_jobs"], figures["planned_jobs_seconds"]
    verdict = "within" if seconds <= LIMIT else "beyond"
    return [
        "## Planning and recording",
        fill(
            f"""On the finished default run `snakemake --dry-run` takes {figures["plan_seconds"]:.1f} s, `dvc status`
            {figures["dvc_status_seconds"]:.1f} s and `make commit` {figures["commit_seconds"]:.1f} s."""
        ),
        fill(
            f"""A plan of {jobs:,.0f} jobs takes {seconds:.0f} s, {1000 * seconds / jobs:.1f} ms for each, {verdict} the
            minute that a person waits. An experiment that does not say how many shards it has never has more than
            {params.MOST_SHARDS} of a network: {24 * params.MOST_SHARDS:,} jobs with four networks, six of a shard, for
            five families of methods and the drops. From then on shards grow, to {10**6 // params.MOST_SHARDS:,} images
            of 1,000,000. The number is one of a network: {many_networks(seconds / jobs)}"""
        ),
    ]


def many_networks(seconds: float) -> str:
    """Say what many networks of the most shards come to, from the seconds of a job in the plan."""
    jobs = 6 * params.MOST_SHARDS * MANY
    return (
        f"{MANY} networks are {jobs:,} jobs, and a plan of them takes {jobs * seconds / 60:.1f} minutes in proportion."
    )
