"""Jobs of a real Slurm that take more than they asked for are tried again with more: `make test-slurm`."""

import re
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.slurm.test_slurm import SHIPPED, run, slurm
from tests.workflow.conftest import ROOT, Project

pytestmark = pytest.mark.slurm
CGROUP = Path("/sys/fs/cgroup/memory").is_dir()  # else the local Slurm polls, and never says OUT_OF_MEMORY
KILLED = re.compile("oom.kill event|exceeded memory limit", re.IGNORECASE)
GREEDY = """\
def growing(amount):
    return lambda wildcards, attempt: amount * attempt

rule all:
    input: ["memory-twice.txt", "time.txt", "memory-thrice.txt", "little.txt"]

rule memory:
    output: "memory-{needed}.txt"
    params: megabytes=lambda wildcards: {"twice": 300, "thrice": 700}[wildcards.needed]
    resources: mem_mb=growing(400), runtime=growing(1)
    shell: "python -c 'import time; held = bytes([1]) * ({params.megabytes} * 10**6); time.sleep(5)' && touch {output}"

rule time:
    output: "time.txt"
    resources: mem_mb=growing(600), runtime=growing(1)
    shell: "if [ {resources.runtime} = 1 ]; then sleep 300; fi; touch {output}"

rule little:
    output: "little.txt"
    resources: mem_mb=growing(200), runtime=growing(1)
    shell: "touch {output}"
"""


class Attempt(NamedTuple):
    """What a job asked for, how it ended in Slurm's queue, and whether Slurm says in its log that memory was why."""

    memory: str
    time: str
    state: str
    out_of_memory: bool


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Attempt]]:
    """Job of a run that succeeds -> its attempts."""
    project = Project(tmp_path_factory.mktemp("greedy"))
    (project.root / "Snakefile").write_text(GREEDY)
    with slurm(tmp_path_factory.mktemp("slurm"), SLURM_LOCAL_MEMKILL="1"):
        run(project, SHIPPED[0], str(ROOT / SHIPPED[1]))
        command = ["squeue", "--noheader", "--states=all", "--sort=i", "--format=%k %i %m %l %T"]
        rows = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    found: dict[str, list[Attempt]] = {}
    for job, number, memory, limit, state in map(str.split, rows):
        log = "".join(file.read_text() for file in (project.root / "logs/slurm").rglob(f"{number}.log"))
        attempt = Attempt(memory, limit, state, KILLED.search(log) is not None)
        found.setdefault(job.removeprefix("rule_").replace("_wildcards_", " "), []).append(attempt)
    return found


@pytest.mark.fault("a job on Slurm takes more memory than it asked for", "Trying to restart job ...: with more memory")
@pytest.mark.parametrize(("job", "asked"), [("twice", ["400M", "800M"]), ("thrice", ["400M", "800M", "1200M"])])
def test_a_job_out_of_memory_on_slurm_is_tried_with_more(
    tried: dict[str, list[Attempt]], job: str, asked: list[str]
) -> None:
    *killed, last = tried[f"memory {job}"]
    assert [attempt.memory for attempt in (*killed, last)] == asked
    assert all(attempt.out_of_memory for attempt in killed)
    assert {attempt.state for attempt in killed} <= {"OUT_OF_MEMORY", "FAILED"}  # as Snakemake was killed, or its work
    assert (last.state, last.out_of_memory) == ("COMPLETED", False)


@pytest.mark.skipif(
    not CGROUP, reason="Slurm limits memory here by control groups of version 1, which this machine lacks"
)
def test_a_job_with_less_memory_than_snakemake_takes_is_tried_with_more(tried: dict[str, list[Attempt]]) -> None:
    assert tried["little"] == [
        Attempt("200M", "1:00", "OUT_OF_MEMORY", True),
        Attempt("400M", "2:00", "COMPLETED", False),
    ]


@pytest.mark.fault("a job on Slurm takes longer than it asked for", "Trying to restart job ...: with more time")
def test_a_job_out_of_time_on_slurm_is_tried_with_more(tried: dict[str, list[Attempt]]) -> None:
    assert tried["time"] == [
        Attempt("600M", "1:00", "TIMEOUT", False),
        Attempt("1200M", "2:00", "COMPLETED", False),
    ]
