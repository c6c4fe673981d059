"""What a job costs beside its work, from Snakemake's log, the records of the runs and the queue of Slurm."""

import json
import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean

from case_saliency.provenance import environment

_CLOCK = r"\[(\w{3} \w{3} +\d+ [\d:]{8} \d{4})\]\n"
HEAD = """\
# What a job costs beside its work

Written by `make test-slurm` on {day}, from commit {commit}, whose workflow it tells of.
Means over the jobs of the reduced workflow, in seconds, on {machine}.
{load:.1f} processes wanted its cores at the end. `work` is the time in a job's record; `beside it` all else from the
decision to run the job until Snakemake knows that it has ended, without waiting for a node. Of that, `in the job` is
what Slurm, Snakemake and Python need to start, and `unseen` what passes from the job's end until Snakemake knows:
with `profiles/slurm` as shipped it asks Slurm every {interval} s what has ended, and less often while nothing ends.

| where | jobs | work | beside it | in the job | unseen | waiting for a node |
| --- | --: | --: | --: | --: | --: | --: |
"""


@dataclass(frozen=True)
class Overhead:
    """Means over the jobs of a run, in seconds; `inside`, `unseen` and `waiting` are known of a cluster alone.

    Attributes
    ----------
    count
        Number of jobs.
    work
        Of the command, by its record.
    seconds
        From the decision to run a job until Snakemake knows that it has ended, without `work` and `waiting`.
    inside
        Of that, what passes between the start and the end of the job of Slurm.
    unseen
        Of that, what passes from there until Snakemake knows.
    waiting
        For a free node.
    """

    count: int
    work: float
    seconds: float
    inside: float | None = None
    unseen: float | None = None
    waiting: float | None = None


def overhead(root: Path, log: str, queue: Mapping[str, tuple[str, str, str]] | None = None) -> Overhead:
    """Return the overhead of a run in a folder, from its log and the times in Slurm's queue."""
    records = [json.loads(file.read_text()) for file in (root / "results/provenance").rglob("*.json")]
    work = mean(record["seconds"] for record in records)
    begun = {job: _clock(time) for time, job in re.findall(_CLOCK + r"Job (\d+): ", log)}
    ended = {job: _clock(time) for time, job in re.findall(_CLOCK + r"Finished jobid: (\d+) \(Rule: \w+\)", log)}
    ended = {job: time for job, time in ended.items() if job != "0"}  # `all` collects, and runs nothing
    assert len(ended) == len(records)
    span = mean((ended[job] - begun[job]).total_seconds() for job in ended)
    if queue is None:
        return Overhead(len(ended), work, span - work)
    names = dict(re.findall(r"Job (\d+) has been submitted with SLURM jobid (\d+)", log))
    times = {job: [datetime.fromisoformat(time) for time in queue[names[job]]] for job in ended}
    waiting = mean((start - submitted).total_seconds() for submitted, start, _ in times.values())
    ran = mean((end - start).total_seconds() for _, start, end in times.values())
    unseen = mean((ended[job] - times[job][2]).total_seconds() for job in ended)
    return Overhead(len(ended), work, span - work - waiting, ran - work, unseen, waiting)


def _clock(text: str) -> datetime:
    return datetime.strptime(text, "%a %b %d %H:%M:%S %Y")


def write(found: Mapping[str, Overhead], interval: int, file: Path) -> None:
    """Write the table; Slurm was asked at an interval, in seconds."""
    machine = f"{os.cpu_count()} cores ({environment.machine()['processor']})"
    rows = [
        [
            name,
            str(one.count),
            *(_cell(value) for value in (one.work, one.seconds, one.inside, one.unseen, one.waiting)),
        ]
        for name, one in found.items()
    ]
    text = "".join(f"| {' | '.join(row)} |\n" for row in rows)
    told = {"day": datetime.now(UTC).date(), "commit": _commit(), "machine": machine, "load": os.getloadavg()[0]}
    head = HEAD.format(**told, interval=interval)
    file.write_text(head + text, encoding="utf-8")


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty", "--abbrev=7"]
    done = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"
