"""The reduced workflow through a real Slurm: `make test-slurm`. Its tables are those of a run on one machine."""

import importlib.util
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from case_saliency.storage.columns import read_columns
from tests.slurm.overhead import overhead, write
from tests.workflow.conftest import ROOT, Project, make_project, reduced
from tests.workflow.test_profiles import EXCLUSIVE

pytestmark = pytest.mark.slurm
SCRIPT = Path(__file__).with_name("slurm-local.sh")
SHIPPED = ("--workflow-profile", "profiles/slurm")
SOON = ("--slurm-init-seconds-before-status-checks", "5")  # the profile's interval is for clusters with other users
PROFILE = (*SHIPPED, *SOON)
TABLES = "tables-imagenet-sample"
LIMIT = 3600  # seconds that a run may take
WAYS = """\
rule all:
    input: ["any.txt", "model.txt", "gres.txt"]
"""
WAY = """
rule {name}:
    output: "{name}.txt"
    resources: mem_mb=400, runtime=5, gpu=1
    shell: "echo gpu $CUDA_VISIBLE_DEVICES, $(scontrol -d show job $SLURM_JOB_ID | grep -o ' GRES=.*') > {{output}}"
"""


def run(project: Project, *arguments: str) -> str:
    """Run the workflow; return all it said."""
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", *arguments],
        cwd=project.root,
        env=project.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=LIMIT,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def sharded(root: Path, shards: int) -> Project:
    """The reduced workflow on seven images in batches of one, split into shards."""
    params = reduced()
    params["experiments"]["imagenet-sample"] |= {"n_images": 7, "shards": shards}
    params["compute"] |= {"batch_size": 1, "device": "cpu"}
    return make_project(root, params)


def measured(project: Project) -> dict[str, bytes]:
    """Predictions, scores and tables, path -> bytes: the same wherever they are made, and in however many jobs.

    Scores that lie in a file for each shard are taken together, under their folder.
    """
    kept = ("results/tables/", "results/scores/", "results/predictions/", "results/metrics/")
    found = {name: content for name, content in project.results().items() if name.startswith(kept)}
    in_shards = sorted((name for name in found if "-of-" in name), key=lambda name: int(Path(name).stem.split("-")[0]))
    folders = {str(Path(name).parent): [] for name in in_shards}
    for name in in_shards:
        del found[name]
        folders[str(Path(name).parent)].append(project.root / name)
    return found | {folder: read_columns(files).to_csv().encode() for folder, files in folders.items()}


@contextmanager
def slurm(folder: Path, **settings: str) -> Iterator[None]:
    """Run a Slurm of one node; `settings` are those of its script."""
    if importlib.util.find_spec("snakemake_executor_plugin_slurm") is None:
        pytest.fail("snakemake-executor-plugin-slurm is not installed: pip install '.[cluster]'", pytrace=False)
    environment = {"SLURM_LOCAL_DIR": str(folder / "slurm-local.d"), **settings, **os.environ}
    started = subprocess.run(["bash", SCRIPT, "start"], env=environment, capture_output=True, text=True, check=False)
    if started.returncode:
        pytest.fail(started.stdout + started.stderr, pytrace=False)
    try:
        yield
    finally:
        subprocess.run(["bash", SCRIPT, "stop"], env=environment, check=True, capture_output=True)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A running Slurm, which books memory and takes none away."""
    with slurm(tmp_path_factory.mktemp("slurm")):
        yield


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, str]:
    """The run on this machine, with one shard, and what it said."""
    project = sharded(tmp_path_factory.mktemp("local") / "project", 1)
    return project, run(project, "--cores", "2")


def test_the_workflow_on_slurm_makes_the_same_tables(cluster: None, local: tuple[Project, str], tmp_path: Path) -> None:
    project = sharded(tmp_path / "project", 3)
    said = run(project, *SHIPPED)
    assert measured(project) == measured(local[0])
    assert project.pending() == set()
    found = {"one machine": overhead(local[0].root, local[1]), "Slurm": overhead(project.root, said, jobs())}
    assert found["Slurm"].count > found["one machine"].count  # two families, and the drops, in three shards
    assert found["Slurm"].seconds > 0
    if "MEASURED" in os.environ:
        profile = yaml.safe_load((project.root / "profiles/slurm/config.yaml").read_text())
        write(found, profile[SOON[0].removeprefix("--")], ROOT / os.environ["MEASURED"])


def jobs() -> dict[str, tuple[str, str, str]]:
    """Job of Slurm -> when it was submitted, started and ended."""
    rows = subprocess.run(
        ["squeue", "--noheader", "--states=all", "--format=%i %V %S %e"], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    return {job: (submitted, started, ended) for job, submitted, started, ended in map(str.split, rows)}


@pytest.mark.fault("`kill -9` of a job on Slurm", "Trying to restart job ...: with twice the memory")
def test_a_job_killed_on_slurm_is_tried_again_with_more_memory(
    cluster: None, local: tuple[Project, str], tmp_path: Path
) -> None:
    project = sharded(tmp_path / "project", 7)
    with (tmp_path / "said").open("w+") as said:
        running = subprocess.Popen(
            [sys.executable, "-m", "snakemake", *PROFILE, TABLES],
            cwd=project.root,
            env=project.environment,
            stdout=said,
            stderr=subprocess.STDOUT,
        )
        killed = kill_one(project.root, "attribute", running)
        assert running.wait(LIMIT) == 0, (tmp_path / "said").read_text()
    told = (tmp_path / "said").read_text()
    assert "Trying to restart job" in told
    memory = subprocess.run(
        ["squeue", "--noheader", "--states=all", "--format=%m %T %k"], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    of_job = [row.split()[:2] for row in memory if killed in row]
    assert sorted(of_job) == [["4000M", "FAILED"], ["8000M", "COMPLETED"]]
    reference = measured(local[0])
    assert {name: content for name, content in measured(project).items() if reference[name] != content} == {}
    assert len(measured(project)) > 8


def kill_one(root: Path, stage: str, running: "subprocess.Popen[bytes]") -> str:
    """Send SIGKILL to the first job of a stage that computes in a folder; return its shard."""
    while running.poll() is None:
        for process in Path("/proc").glob("[0-9]*"):
            try:
                words = (process / "cmdline").read_bytes().decode().split("\0")
                ours = (process / "cwd").resolve() == root.resolve()
            except OSError:
                continue  # it has ended
            if ours and stage in words and Path(words[1]).name == "case-saliency":
                os.kill(int(process.name), signal.SIGKILL)
                return f"{Path(words[words.index('--maps') + 1]).parent.name}_{words[words.index('--shard') + 1]}"
        time.sleep(0.05)
    raise AssertionError(f"no job of {stage} ran")


def test_two_jobs_never_share_a_gpu_of_a_node(cluster: None, tmp_path: Path) -> None:
    (tmp_path / "Snakefile").write_text(EXCLUSIVE)
    profile = ["--workflow-profile", str(ROOT / "profiles/slurm"), *SOON]
    said = run(
        Project(tmp_path), *profile, "--", "0.txt", "1.txt"
    )  # the second to make the folder `held` would fail, and be tried again
    assert "Trying to restart" not in said
    assert {(tmp_path / f"{index}.txt").read_text() for index in range(2)} == {"gpu 0\n"}


def test_a_gpu_is_given_by_each_way_that_the_page_names(cluster: None, tmp_path: Path) -> None:
    (tmp_path / "Snakefile").write_text(WAYS + "".join(WAY.format(name=name) for name in ("any", "model", "gres")))
    profile = yaml.safe_load((ROOT / "profiles/slurm/config.yaml").read_text())
    profile["set-resources"] = {"model": {"gpu_model": "pretend"}, "gres": {"gres": "gpu:pretend:1", "gpu": 0}}
    (tmp_path / "profile").mkdir()
    (tmp_path / "profile/config.yaml").write_text(yaml.safe_dump(profile))
    run(Project(tmp_path), "--workflow-profile", "profile", *SOON)
    told = subprocess.run(["scontrol", "--oneliner", "show", "job"], capture_output=True, text=True, check=True).stdout
    jobs = [dict(word.partition("=")[::2] for word in line.split()) for line in told.splitlines()]
    of_rule = {job["Comment"].removeprefix("rule_"): job for job in jobs if job["WorkDir"] == str(tmp_path)}
    asked = {name: (job.get("TresPerJob"), job.get("TresPerNode")) for name, job in of_rule.items()}
    assert asked == {
        "any": ("gres:gpu:1", None),
        "model": ("gres:gpu:pretend:1", None),
        "gres": (None, "gres:gpu:pretend:1"),
    }
    given = {(tmp_path / f"{name}.txt").read_text() for name in of_rule}
    assert given == {"gpu 0, GRES=gpu:pretend:1(IDX:0)\n"}
