"""The real Snakefile on reduced configurations, in copies of the project; tests share the finished trees.

`finished` is the main chain on photographs; `analysed` trains a network and has every analysis.
"""

import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from case_saliency.analyses import ANALYSES

sys.path.insert(0, str(Path(__file__).parent))  # for faults.py: tests are no package
from faults import INJECTED

ROOT = Path(__file__).resolve().parents[2]
_COPIED = [
    ".gitignore",
    "CITATION.cff",
    "LICENSE",
    "README.md",
    "Snakefile",
    "params.yaml",
    "requirements.lock",
    "profiles",
    "src",
    "workflow",
]


def _cut_down() -> dict[str, Any]:
    """The shipped parameters, with sections of all stages as small as they get."""
    params: dict[str, Any] = yaml.safe_load((ROOT / "params.yaml").read_text())
    params["fidelity"]["k_percent"] = [5]
    params["curves"] |= {"steps": 2, "n_images": 2}
    params["similarity"] |= {"k_percent": [5], "chance_pairs": 20}
    params["reliability"]["chance_pairs"] = 20
    params["pairwise"] |= {"n_classes": 3, "n_images": 2}
    params["circularity"] |= {"strengths": [0, 1], "candidates": 3}
    params["randomisation"] |= {"n_images": 2, "steps": 2}
    params["localization"] |= {"n_mosaics": 2, "min_confidence": 0}
    params["contrast"] |= {"sources": ["confusion", "logits"], "k": [1, 2], "combined": ["mean"]}
    params["activity"]["thresholds"] = [0.001]
    params["figures"]["example_images"] = 1
    return params


def reduced() -> dict[str, Any]:
    """Parameters of one network, three images and few methods."""
    params = _cut_down()
    params["run"] = ["imagenet-sample"]
    methods = ["gradcam", "case", "random"]
    cut = {"n_images": 3, "models": ["efficientnet_lite0"], "methods": methods, "analyses": []}
    params["experiments"]["imagenet-sample"] |= cut
    return params


def with_analyses() -> dict[str, Any]:
    """Parameters of one network of digits, two shards, and every analysis."""
    params = _cut_down()
    params["run"] = ["digits"]
    params["experiments"]["digits"] |= {
        "n_images": 13,
        "shards": 2,
        "models": ["vgg_small"],
        "seeds": [0],
        "methods": ["case", "gradcam", "random", "sobel", "identical"],
        "analyses": ["curves", *ANALYSES],
        "parameters": {"case": {"source": "confusion"}},
    }
    params["training"]["digits"] = {"vgg_small": {"epochs": 2}}
    return params


OBSERVER = """
import atexit, json, os, sys, uuid

def write():
    files = [module.__file__ for name, module in sys.modules.items() if name.split(".")[0] == "case_saliency"]
    modules = ["case_saliency/" + file.split("/case_saliency/")[1] for file in files]
    heavy = sorted({"torch", "pandas", "matplotlib"} & set(sys.modules))
    with open(os.path.join(os.path.dirname(__file__), uuid.uuid4().hex + ".json"), "w") as file:
        json.dump([["case-saliency", *sys.argv[1:]], modules, heavy], file)

if os.path.basename(sys.argv[0]) == "case-saliency":
    atexit.register(write)
"""  # as sitecustomize.py on the path it runs at the start of every Python
RECORDERS = {
    f"case_saliency/cli/{name}.py" for name in ("__init__", "main", "messages", "allocator", "deferred", "progress")
} | {
    file.relative_to(ROOT / "src").as_posix() for file in (ROOT / "src/case_saliency/provenance").rglob("*.py")
}  # they observe a run and change no output


@dataclass(frozen=True)
class Project:
    """A copy of the project in a folder of its own."""

    root: Path

    @property
    def environment(self) -> dict[str, str]:
        """The tests' environment, in which the copy's source comes first, and commands tell what they imported."""
        scripts, observed = Path(sys.executable).parent, self.root / "observed"
        path = f"{self.root / 'src'}:{observed}"
        cache = str(self.root / ".cache")
        return {**os.environ, "PYTHONPATH": path, "PATH": f"{scripts}:{os.environ['PATH']}", "XDG_CACHE_HOME": cache}

    def run(self, *command: str, check: bool = True, **injected: str) -> str:
        """Run a command in the tree and return all it said; `injected` goes into its environment, see `faults`."""
        process = self.start(*command, **injected)
        said, _ = process.communicate(timeout=1200)
        assert (process.returncode == 0) == check, said
        return said

    def start(self, *command: str, **injected: str) -> "subprocess.Popen[str]":
        """Start a command in the tree, in a process group of its own, which heeds Ctrl-C even if the tests do not."""
        return subprocess.Popen(
            command,
            cwd=self.root,
            env={**self.environment, **injected},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )

    def snakemake(self, *arguments: str, check: bool = True, **injected: str) -> str:
        """Run the workflow and return all it said."""
        return self.run("snakemake", "--cores", "2", *arguments, check=check, **injected)

    def completes(self, undisturbed: "Project", *targets: str) -> None:
        """Run the workflow to its end, or to its targets: nothing lies about, and every file is as without a fault."""
        self.snakemake(*targets)
        assert targets or self.pending() == set()
        assert not list(self.root.rglob("*.tmp*"))
        found, expected = self.results(), undisturbed.results()
        assert {name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name)} == set()

    def first_outputs(self) -> dict[str, str]:
        """Stage -> a file that it made, in the order in which the stages ran."""
        bodies = [json.loads(file.read_text()) for file in (self.root / "results/provenance").rglob("*.json")]
        ordered = sorted(bodies, key=lambda body: str(body["ended"]))
        return {body["stage"]: body["outputs"][0]["path"] for body in ordered}

    def git(self, *arguments: str) -> str:
        """Run git in the copy, which is a repository of its own, and return what it said."""
        named = ("-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false")
        command = ["git", *named, *arguments]
        return subprocess.run(command, cwd=self.root, capture_output=True, text=True, check=True).stdout

    def pending(self) -> set[str]:
        """Names of the rules that another run would execute, without the collecting rule `all`."""
        table = self.snakemake("--dry-run", "--quiet", "reason").split("Job stats:")
        if len(table) == 1:
            assert "Nothing to be done" in table[0]
            return set()
        rows = table[1].split("total")[0].splitlines()[3:]
        return {row.split()[0] for row in rows if row.strip()} - {"all"}

    def planned(self) -> set[str]:
        """Messages of the jobs that another run would execute, without that of the collecting rule `all`."""
        said = self.snakemake("--dry-run").splitlines()
        return {line.partition(": ")[2] for line in said if re.match(r"Job \d+: ", line)} - {"everything is there"}

    def undeclared(self) -> dict[str, set[str]]:
        """Stage -> modules that its jobs imported and that were not among their inputs, or not in their records."""
        records = [json.loads(file.read_text()) for file in (self.root / "results/provenance").rglob("*.json")]
        of_command = {tuple(record["command"]): record for record in records}
        rows = [line.split("\t") for line in self.snakemake("--detailed-summary").splitlines() if "\t" in line]
        inputs = {row[rows[0].index("output_file")]: row[rows[0].index("input-file(s)")].split(",") for row in rows}
        found: dict[str, set[str]] = {}
        for file in (self.root / "observed").glob("*.json"):
            command, imported, _ = json.loads(file.read_text())
            if record := of_command.get(tuple(command)):  # `summary` makes nothing and has none
                given = inputs[record["outputs"][0]["path"]]
                declared = {name.removeprefix("src/") for name in given} & set(record["code"])
                found.setdefault(record["stage"], set()).update(set(imported) - declared - RECORDERS)
        return found

    def heavy(self) -> dict[str, set[str]]:
        """Stage -> heavy packages that its jobs imported."""
        records = [json.loads(file.read_text()) for file in (self.root / "results/provenance").rglob("*.json")]
        of_command = {tuple(record["command"]): record["stage"] for record in records}
        found: dict[str, set[str]] = {}
        for file in (self.root / "observed").glob("*.json"):
            command, _, packages = json.loads(file.read_text())
            if stage := of_command.get(tuple(command)):
                found.setdefault(stage, set()).update(packages)
        return found

    def copy(self, root: Path) -> "Project":
        """Copy everything, results included."""
        shutil.copytree(self.root, root, symlinks=True)
        return Project(root)

    def jobs(self, *targets: str) -> dict[str, int]:
        """Rule -> number of jobs that making the targets takes."""
        table = self.snakemake(*targets, "--dry-run", "--quiet", "reason").split("Job stats:")[1].split("total")[0]
        rows = [row.split() for row in table.splitlines()[3:] if row.strip()]
        return {name: int(count) for name, count in rows}

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace a text that stands in a file exactly once."""
        file = self.root / path
        text = file.read_text()
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path}"
        file.write_text(text.replace(old, new))

    def set(self, *path: str, to: Any) -> None:
        """Change one entry of params.yaml."""
        params = yaml.safe_load((self.root / "params.yaml").read_text())
        section = params
        for key in path[:-1]:
            section = section[key]
        section[path[-1]] = to
        (self.root / "params.yaml").write_text(yaml.safe_dump(params))

    def results(self) -> dict[str, bytes]:
        """Every artefact that two runs must share, path -> bytes."""
        folders = ("data", "models", "results")
        free = ("results/provenance", "results/report.html", "results/workflow-report.html", "results/ro-crate")
        files = [file for folder in folders for file in (self.root / folder).rglob("*") if file.is_file()]
        named = {file.relative_to(self.root).as_posix(): file for file in files if file.name != ".snakemake_timestamp"}
        return {name: file.read_bytes() for name, file in named.items() if not name.startswith(free)}


def make_project(root: Path, params: dict[str, Any]) -> Project:
    """Copy the project's files (no results) into `root`, with parameters of their own."""
    root.mkdir()
    for name in _COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, root / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, root / name)
    (root / "params.yaml").write_text(yaml.safe_dump(params))
    (root / "observed").mkdir()
    (root / "observed/sitecustomize.py").write_text(OBSERVER + INJECTED)
    project = Project(root)
    for command in ("init --quiet", "add --all", "commit --quiet --message start"):
        project.git(*command.split())
    return project


def _made_once(factory: pytest.TempPathFactory, name: str, params: dict[str, Any]) -> Project:
    """Make a tree, once for all workers of pytest-xdist: the first that asks makes it, the others wait."""
    folder = factory.getbasetemp()
    folder = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
    root, done = folder / name, folder / f"{name}.done"
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(root, ignore_errors=True)  # what another worker failed to finish
            make_project(root, params).snakemake()
            done.touch()
    return Project(root)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A tree in which the main chain was made. Do not change it: take `project`."""
    return _made_once(tmp_path_factory, "finished", reduced())


@pytest.fixture(scope="session")
def analysed(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A tree in which every analysis was made. Do not change it: `copy` it."""
    return _made_once(tmp_path_factory, "analysed", with_analyses())


@pytest.fixture
def project(finished: Project, tmp_path: Path) -> Project:
    """A copy of the tree of the main chain, for a test to change."""
    return finished.copy(tmp_path / "project")


@pytest.fixture
def fresh(tmp_path: Path) -> Project:
    """A copy of the project in which nothing was made yet."""
    return make_project(tmp_path / "project", reduced())


@pytest.fixture
def fresh_analyses(tmp_path: Path) -> Project:
    """As `fresh`, with the parameters of `analysed`."""
    return make_project(tmp_path / "project", with_analyses())
