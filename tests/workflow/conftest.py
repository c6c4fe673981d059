"""The real Snakefile on a reduced configuration, in a copy of the project; tests share one finished tree."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
_COPIED = ["Snakefile", "params.yaml", "requirements.lock", "profiles", "src", "workflow"]


def reduced() -> dict[str, Any]:
    """The shipped parameters, cut down to one network, three images and few methods."""
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    experiment = params["experiments"]["imagenet-sample"]
    params["run"] = ["imagenet-sample"]
    methods = ["gradcam", "case", "random"]
    experiment |= {"n_images": 3, "models": ["efficientnet_lite0"], "methods": methods, "analyses": []}
    params["fidelity"]["k_percent"] = [5]
    params["figures"]["example_images"] = 1
    return params


@dataclass(frozen=True)
class Project:
    """A copy of the project in a folder of its own."""

    root: Path

    @property
    def environment(self) -> dict[str, str]:
        """The tests' environment, in which the copy's source comes first."""
        scripts = Path(sys.executable).parent
        return {**os.environ, "PYTHONPATH": str(self.root / "src"), "PATH": f"{scripts}:{os.environ['PATH']}"}

    def snakemake(self, *arguments: str, check: bool = True) -> str:
        """Run the workflow and return all it said."""
        done = subprocess.run(
            ["snakemake", "--cores", "2", *arguments],
            cwd=self.root,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=600,
        )
        assert not check or done.returncode == 0, done.stdout
        assert check or done.returncode != 0, done.stdout
        return done.stdout

    def pending(self) -> set[str]:
        """Names of the rules that another run would execute, without the collecting rule `all`."""
        table = self.snakemake("--dry-run", "--quiet", "reason").split("Job stats:")
        if len(table) == 1:
            assert "Nothing to be done" in table[0]
            return set()
        rows = table[1].split("total")[0].splitlines()[3:]
        return {row.split()[0] for row in rows if row.strip()} - {"all"}

    def planned(self, *targets: str) -> dict[str, int]:
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
        free = ("results/provenance/", "results/report.html", "results/workflow-report.html")
        files = [file for folder in folders for file in (self.root / folder).rglob("*") if file.is_file()]
        named = {file.relative_to(self.root).as_posix(): file for file in files if file.name != ".snakemake_timestamp"}
        return {name: file.read_bytes() for name, file in named.items() if not name.startswith(free)}


def make_project(root: Path) -> Project:
    """Copy the project's files (no results) into `root` and reduce the parameters."""
    root.mkdir()
    for name in _COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, root / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, root / name)
    (root / "params.yaml").write_text(yaml.safe_dump(reduced()))
    return Project(root)


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests that need the finished tree in one worker, so that it is made once."""
    for item in items:
        if "finished" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("finished"))


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A tree in which everything was made. Do not change it: take `project`."""
    project = make_project(tmp_path_factory.mktemp("finished") / "project")
    project.snakemake()
    return project


@pytest.fixture
def project(finished: Project, tmp_path: Path) -> Project:
    """A copy of the finished tree, for a test to change."""
    root = tmp_path / "project"
    shutil.copytree(finished.root, root, symlinks=True)
    return Project(root)


@pytest.fixture
def fresh(tmp_path: Path) -> Project:
    """A copy of the project in which nothing was made yet."""
    return make_project(tmp_path / "project")
