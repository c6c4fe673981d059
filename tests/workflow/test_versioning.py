"""DVC beside Snakemake, on the real workflow: recorded, pushed, cloned, restored, compared; and what is refused."""

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

AGREEMENT = "results/tables/imagenet-sample/agreement.csv"
FIGURE = "results/figures/imagenet-sample/agreement_heatmap.svg"


class Repository(Project):
    """A copy of the project under git and DVC."""

    def run(self, *command: str, check: bool = True) -> str:
        """Run a command in the tree and return all it said."""
        done = subprocess.run(
            command,
            cwd=self.root,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=600,
        )
        assert (done.returncode == 0) == check, done.stdout
        return done.stdout

    def git(self, *arguments: str) -> str:
        """Run git with a name to commit under."""
        return self.run("git", "-c", "user.name=test", "-c", "user.email=test@example.org", *arguments)

    def commit(self, check: bool = True) -> str:
        """Pass the gate of `make commit`."""
        return self.run("python", "-m", "workflow.versioning.commit", check=check)

    def restore(self, check: bool = True) -> str:
        """Pass the gate of `make restore`."""
        return self.run("python", "-m", "workflow.versioning.restore", check=check)

    def changed(self) -> set[str]:
        """Stages that DVC finds changed."""
        found = json.loads(self.run("dvc", "status", "--json").splitlines()[-1])
        return {name.removesuffix("-imagenet-sample") for name in found}

    def clone(self, root: Path) -> "Repository":
        """Clone it with git alone."""
        self.git("clone", "-q", str(self.root), str(root))
        (root / "observed").mkdir()
        return Repository(root)

    def copy(self, root: Path) -> "Repository":
        """Copy everything, results and cache included."""
        return Repository(super().copy(root).root)

    @property
    def lock(self) -> dict[str, Any]:
        """The stages of dvc.lock."""
        found: dict[str, Any] = yaml.safe_load((self.root / "dvc.lock").read_text())["stages"]
        return found

    def rewrite(self, path: str, content: bytes) -> None:
        """Change a result, and the record of its run with it: as if the run had written other bytes."""
        (self.root / path).write_bytes(content)
        for file in (self.root / "results/provenance").rglob("*.json"):
            record = json.loads(file.read_text())
            for output in record["outputs"]:
                if output["path"] == path:
                    digest = self.run("sha256sum", path).split()[0]
                    file.write_text(file.read_text().replace(output["sha256"], digest))


@pytest.fixture(scope="session")
def recorded(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """The finished tree, recorded and pushed to a remote beside it. Do not change it: `copy` or `clone` it."""
    folder = tmp_path_factory.mktemp("recorded")
    tree = Repository(finished.copy(folder / "tree").root)
    shutil.copytree(ROOT / ".dvc", tree.root / ".dvc", ignore=shutil.ignore_patterns("tmp", "cache", "config.local"))
    for name in (".dvcignore", ".gitignore"):
        shutil.copy2(ROOT / name, tree.root / name)
    with (tree.root / ".gitignore").open("a") as file:
        file.write("/observed/\n")
    tree.git("init", "-q")
    assert "stages recorded" in tree.commit()
    tree.run("dvc", "remote", "add", "--quiet", "--default", "storage", str(folder / "remote"))
    tree.run("dvc", "push", "--quiet")
    tree.git("add", "--all")
    tree.git("commit", "-q", "-m", "results")
    return tree


@pytest.fixture(scope="session")
def restored(recorded: Repository, tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A clone of it, restored from the remote. Do not change it: `copy` it."""
    tree = recorded.clone(tmp_path_factory.mktemp("restored") / "tree")
    assert "snakemake has nothing to do" in tree.restore()
    return tree


@pytest.fixture
def tree(recorded: Repository, tmp_path: Path) -> Repository:
    """A copy of the recorded tree, for a test to change."""
    return recorded.copy(tmp_path / "tree")


@pytest.fixture
def cloned(recorded: Repository, tmp_path: Path) -> Repository:
    """A clone without results, with a remote of its own, for a test to change."""
    shutil.copytree(recorded.root.parent / "remote", tmp_path / "remote")
    tree = recorded.clone(tmp_path / "tree")
    tree.run("dvc", "remote", "modify", "--local", "storage", "url", str(tmp_path / "remote"))
    return tree


def stored(tree: Repository, path: str) -> Path:
    """Where the remote of a clone keeps a file of a stage's folder."""
    remote = tree.root.parent / "remote/files/md5"
    entry = next(out for stage in tree.lock.values() for out in stage["outs"] if path.startswith(f"{out['path']}/"))
    listing = json.loads((remote / entry["md5"][:2] / entry["md5"][2:]).read_text())
    digest = next(one["md5"] for one in listing if f"{entry['path']}/{one['relpath']}" == path)
    return remote / digest[:2] / digest[2:]


def test_a_clone_is_restored_to_the_state_it_was_recorded_in(recorded: Repository, restored: Repository) -> None:
    assert restored.pending() == set()
    assert restored.changed() == set()
    assert restored.git("status", "--porcelain") == ""
    assert restored.results() == recorded.results()


CHANGES: dict[str, tuple[Any, set[str], set[str]]] = {
    "a parameter": (
        lambda tree: tree.set("figures", "example_images", to=2),
        {"plot_map_panels", "report_page"},
        {"figures"},
    ),
    "a parameter far up": (
        lambda tree: tree.set("fidelity", "k_percent", to=[10]),
        {"score_fidelity"},
        {"fidelity", "tables"},
    ),
    "a module": (
        lambda tree: tree.edit("src/case_saliency/figures/cross_deletion.py", "import", "import  # changed\nimport"),
        {"plot_cross_deletion"},
        {"figures"},
    ),
    "a shell line": (
        lambda tree: tree.edit("workflow/rules/diagnostic.smk", "{log} score-agreement", "{log}  score-agreement"),
        {"score_agreement"},
        {"agreement"},
    ),
    "a deleted map": (
        lambda tree: next((tree.root / "results/saliency").rglob("gradient/*.nc")).unlink(),
        {"attribute"},
        {"saliency", "agreement", "fidelity", "figures"},
    ),
}
"""What is changed in a restored tree; a rule that Snakemake must run for it; the stages in which DVC must see it."""


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_after_restoring_is_seen_by_both_tools(restored: Repository, tmp_path: Path, what: str) -> None:
    change, rules, stages = CHANGES[what]
    tree = restored.copy(tmp_path / "tree")
    change(tree)
    assert rules <= tree.pending()
    assert tree.changed() == stages


def test_a_second_run_from_the_same_commit_records_the_same_bytes(recorded: Repository, tmp_path: Path) -> None:
    again = recorded.clone(tmp_path / "tree")
    said = again.snakemake()  # which records what it made, at its end
    assert "stages recorded, 0 of them new or changed" in said
    assert (again.root / "dvc.lock").read_bytes() == (recorded.root / "dvc.lock").read_bytes()


def test_results_of_a_killed_run_are_not_recorded(tree: Repository) -> None:
    lock = (tree.root / "dvc.lock").read_bytes()
    run = subprocess.Popen(
        ["snakemake", "--cores", "1", "--forcerun", "attribute"],
        cwd=tree.root,
        env=tree.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while not any((tree.root / ".snakemake/incomplete").glob("*")):
        time.sleep(0.05)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    assert "snakemake --unlock" in tree.commit(check=False)
    tree.run("snakemake", "--unlock")
    said = tree.commit(check=False)
    assert "not done" in said
    assert "saliency-imagenet-sample" in said
    assert (tree.root / "dvc.lock").read_bytes() == lock


def test_a_corrupted_table_is_not_recorded_even_after_a_run(tree: Repository) -> None:
    table = tree.root / AGREEMENT
    table.write_text(table.read_text().replace("gradcam", "gradcan"))
    tree.snakemake(check=False)  # its figures and views are made anew, and its end is refused
    said = tree.commit(check=False)
    assert "not what the run that made them wrote" in said
    assert f"tables-imagenet-sample: {AGREEMENT}" in said
