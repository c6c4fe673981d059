"""Machines that are small, busy or wrong: little disk, one core and little memory, two runs at once, a bad clock."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

SECONDS = 86_400
MEMORY = 2 * 2**30


@pytest.fixture
def small():
    """Mount a file system of some bytes at a folder, and take it away again; only root may."""
    mounted = []

    def mount(path, size):
        path.mkdir(parents=True, exist_ok=True)
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"needs root to mount a small file system: {done.stderr.strip()}")
        mounted.append(path)
        return path

    def unmount():
        subprocess.run(["umount", str(mounted.pop())], check=True)

    yield mount, unmount
    while mounted:
        unmount()


@pytest.mark.fault(
    "disk full in the middle of a map",
    "cannot write ...nc: No space left on device; nothing was kept, free the cause and run again",
)
def test_a_full_disk_is_an_error_and_the_next_run_completes(project, finished, small):
    mount, unmount = small
    maps = project.first_outputs()["attribute"]
    folder = mount(project.root / "results/saliency", "16k")
    said = project.snakemake(maps, "--forcerun", maps, check=False)
    assert f"cannot write {maps}: No space left on device; nothing was kept, free the cause and run again" in said
    assert "Traceback" not in said
    assert not [path for path in folder.rglob("*") if path.is_file()]
    unmount()
    project.completes(finished, maps, "--forcerun", maps)


@pytest.mark.slow
@pytest.mark.fault(
    "disk full in the middle of a write: of images, weights, predictions, maps, scores, tables, figures, records",
    "cannot write ...: No space left on device; ... free the cause and run again",
)
def test_a_full_disk_in_every_folder(fresh, finished, small):
    mount, unmount = small
    sizes = {"data": "400k", "models": "2m", "results/predictions": "4k", "results/saliency": "16k"}
    sizes |= {"results/scores": "4k", "results/tables": "4k", "results/figures": "16k", "results/provenance": "64k"}
    for folder, size in sizes.items():
        path = mount(fresh.root / folder, size)
        said = fresh.snakemake(check=False)
        assert "cannot write" in said, f"{folder}: {said}"
        assert "No space left on device" in said, folder
        assert "free the cause and run again" in said, folder
        assert "Traceback" not in said, folder
        assert not list(path.rglob(".*.tmp*")), folder
        unmount()
    fresh.completes(finished)


@pytest.mark.fault(
    "two `snakemake` at once in one folder", "Directory cannot be locked; the first run is not disturbed"
)
def test_two_runs_at_once(project, finished):
    summary = project.first_outputs()["summarise"]
    first = project.start("snakemake", "--cores", "1", summary, "--forcerun", summary)
    locks, deadline = project.root / ".snakemake/locks", time.monotonic() + 300
    while not list(locks.glob("*")) and time.monotonic() < deadline:
        time.sleep(0.01)
    os.killpg(first.pid, signal.SIGSTOP)  # the second comes while the first is at work
    said = project.snakemake(check=False)
    os.killpg(first.pid, signal.SIGCONT)
    assert "Directory cannot be locked" in said
    assert "Traceback" not in said
    told, _ = first.communicate(timeout=600)
    assert first.returncode == 0, told
    project.completes(finished, summary)


@pytest.fixture
def two_gigabytes():
    """Leave a process, and all it starts, one core and 2 GB of memory together; tell the most that they took."""
    groups = Path("/sys/fs/cgroup")
    first = (groups / "memory").is_dir()  # version 1 has a tree for each resource
    group = groups / ("memory" if first else "") / f"case-saliency-{os.getpid()}"
    limit, peak = ("limit_in_bytes", "max_usage_in_bytes") if first else ("max", "peak")
    try:
        group.mkdir()
        (group / f"memory.{limit}").write_text(str(MEMORY))
        swap = group / "memory.swap.max"
        if swap.exists():
            swap.write_text("0")
    except OSError as error:
        pytest.skip(f"only root may bound the memory of processes together ({error})")

    def enter():
        (group / "cgroup.procs").write_text(str(os.getpid()))
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

    yield enter, lambda: int((group / f"memory.{peak}").read_text())
    group.rmdir()


@pytest.mark.slow
@pytest.mark.fault("a machine with one core and 2 GB of memory", "nothing: it takes longer")
def test_one_core_and_two_gigabytes(fresh, finished, two_gigabytes):
    command, (enter, taken) = ["snakemake", "--cores", "1"], two_gigabytes
    done = subprocess.run(
        command,
        cwd=fresh.root,
        env=fresh.environment,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=enter,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert MEMORY / 8 < taken() <= MEMORY
    fresh.completes(finished)


@pytest.mark.fault(
    "a clock that was a day ahead and is put right, and jumps back by an hour within each job",
    "... has older modification time ...: ... a clock skew problem",
)
def test_a_clock_that_jumps_back(project, finished):
    maps, tables = (project.first_outputs()[stage] for stage in ("attribute", "test_hypotheses"))
    project.snakemake(maps, "--forcerun", maps, CLOCK_AHEAD=str(SECONDS))
    for path in project.root.rglob("*"):  # what was made then bears the time that the clock showed
        status = path.lstat()
        os.utime(path, (status.st_atime, status.st_mtime + SECONDS), follow_symlinks=False)
    assert project.pending() == set(), "times in the future make nothing run again"
    said = project.snakemake(tables, "--forcerun", tables, check=False, CLOCK_JUMPS="3600")
    assert "clock skew problem" in said
    project.run("find", ".", "-newermt", "now", "-exec", "touch", "{}", "+")
    project.completes(finished, tables)
