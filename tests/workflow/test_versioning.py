"""DVC beside Snakemake, on the real workflow: recorded, pushed, cloned, restored, compared; and what is refused."""

import fcntl
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from case_saliency.provenance import journal
from case_saliency.provenance.retiring import RETIRED
from case_saliency.storage.tables import read_table
from tests.workflow import test_rerun as closures
from tests.workflow.conftest import ROOT, Project

TABLES = "tables-imagenet-sample"
METHODS = {"case", "gradcam", "random"}
SHOWN = {"fill": "mean", "measure": "drop_relative_clipped"}  # by DVC's plots, where a table has several
TOLD = ("median_agreement", "verdict", "mean_drop")
AGREEMENT = "results/tables/imagenet-sample/agreement.csv"
FIGURE = "results/figures/imagenet-sample/agreement_heatmap.svg"


class Repository(Project):
    """A copy of the project under git and DVC."""

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
        (root / "observed").mkdir(exist_ok=True)
        return Repository(root)

    def copy(self, root: Path) -> "Repository":
        """Copy everything, results and cache included."""
        return Repository(super().copy(root).root)

    @property
    def lock(self) -> dict[str, Any]:
        """The stages of dvc.lock."""
        found: dict[str, Any] = yaml.safe_load((self.root / "dvc.lock").read_text())["stages"]
        return found

    def append(self, path: str, text: str) -> None:
        """Add text to the end of a file."""
        with (self.root / path).open("a") as file:
            file.write(text)

    def rewrite(self, path: str, content: bytes) -> None:
        """Change a result, and the record of its run with it: as if the run had written other bytes."""
        (self.root / path).write_bytes(content)
        for file in (self.root / "results/provenance").rglob("*.json"):
            record = json.loads(file.read_text())
            for output in record["outputs"]:
                if output["path"] == path:
                    digest = self.run("sha256sum", path).split()[0]
                    file.write_text(file.read_text().replace(output["sha256"], digest))


def versioned(made: Project, root: Path) -> Repository:
    """Copy a finished tree and put it under git, as the project is, and DVC."""
    tree = Repository(made.copy(root).root)
    shutil.copytree(ROOT / ".dvc", root / ".dvc", ignore=shutil.ignore_patterns("tmp", "cache", "config.local"))
    for name in (".dvcignore", ".gitignore"):
        shutil.copy2(ROOT / name, root / name)
    tree.append(".gitignore", "/observed/\n/.cache/\n")
    tree.git("init", "-q")
    return tree


def drawn(tree: Repository, *command: str) -> dict[str, list[dict[str, Any]]]:
    """Plots of the page that `dvc plots` writes, title -> rows that its template shows."""
    tree.run("dvc", "plots", *command)
    page = (tree.root / "dvc_plots/index.html").read_text()
    specs = [json.loads(found) for found in re.findall(r"var spec = (.*);$", page, flags=re.MULTILINE)]
    return {
        (spec["title"] if isinstance(spec["title"], str) else spec["title"]["text"]): [
            row for row in spec["data"]["values"] if all(row.get(key, value) == value for key, value in SHOWN.items())
        ]
        for spec in specs
    }


@pytest.fixture(scope="session")
def recorded(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """The finished tree, recorded and pushed to a remote beside it. Do not change it: `copy` or `clone` it."""
    folder = tmp_path_factory.mktemp("recorded")
    tree = versioned(finished, folder / "tree")
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


def test_the_audit_of_a_restored_clone_verifies_all_of_it_with_dvc_and_crate(restored: Repository) -> None:
    found = json.loads(restored.run("case-saliency", "audit", "--json"))
    assert found["verdict"] == "OK"
    compared = {check["what"] for check in found["checks"]}
    assert {"bytes", "chain", "record", "commit", "dvc.lock", "crate", "complete", "upstream"} <= compared


IMAGE = "data/imagenet-sample/images/imagenet_05_853.jpg"
ALL = {"select_images", "predict", "attribute"} | closures.SCORES
CHANGES: dict[str, tuple[Any, set[str], set[str]]] = {
    "a parameter": (
        lambda tree: tree.set("figures", "example_images", to=2),
        {"plot_map_panels", "report_page"},
        {"figures"},
    ),
    "a parameter far up": (
        lambda tree: tree.set("fidelity", "k_percent", to=[10]),
        {"score_fidelity"} | closures.AFTER_SCORES,
        {"fidelity", "tables", "claims"},
    ),
    "a module": (
        lambda tree: tree.append("src/case_saliency/figures/cross_deletion.py", "# changed\n"),
        {"plot_cross_deletion", "report_page"},
        {"figures"},
    ),
    "a shell line": (
        lambda tree: tree.edit("workflow/rules/diagnostic.smk", "{log} score-agreement", "{log}  score-agreement"),
        closures.AGREEMENT,
        {"agreement"},
    ),
    "a deleted map": (
        lambda tree: next((tree.root / "results/saliency").rglob("gradient/*.nc")).unlink(),
        {"attribute"} | closures.SCORES,
        {"saliency", "agreement", "fidelity", "figures"},
    ),
    "an image": (
        lambda tree: (tree.root / IMAGE).write_bytes((tree.root / IMAGE).read_bytes() + b"\0"),
        {"fetch_dataset"} | ALL,
        {"data", "predictions", "saliency", "fidelity", "figures"},
    ),
}
"""What is changed in a restored tree; the rules that Snakemake must run for it; the stages in which DVC must see it."""


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_after_restoring_is_seen_by_both_tools(restored: Repository, tmp_path: Path, what: str) -> None:
    change, rules, stages = CHANGES[what]
    tree = restored.copy(tmp_path / "tree")
    change(tree)
    assert tree.pending() == rules  # with what depends on it
    assert tree.changed() == stages  # that read it: DVC does not look further


def test_a_second_run_from_scratch_makes_and_records_the_same_bytes(recorded: Repository, tmp_path: Path) -> None:
    again = recorded.clone(tmp_path / "tree")
    assert not (again.root / "results/saliency").exists()
    said = again.snakemake()  # which records what it made, at its end
    first, second = recorded.results(), again.results()
    assert set(first) == set(second)
    assert [name for name in first if first[name] != second[name]] == []
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
    table.write_text(table.read_text().replace("undecided", "insensitive", 1))
    assert f"{AGREEMENT}: sha256" in tree.snakemake(check=False)  # what would read it refuses it
    assert "jobs are not done" in tree.commit(check=False)


def test_parameters_edited_without_a_run_are_not_recorded(tree: Repository) -> None:
    tree.set("diagnostic", "k_percent", to=10)
    said = tree.commit(check=False)
    assert "agreement-imagenet-sample" in said
    assert "snakemake --cores all" in said


@pytest.mark.parametrize(
    ("what", "told"),
    [("a parameter", "its run was another command"), ("a module", "its run had another src/case_saliency/diagnostic")],
)
def test_what_only_looks_current_is_neither_recorded_nor_restored(
    tree: Repository, tmp_path: Path, what: str, told: str
) -> None:
    if what == "a parameter":
        tree.set("diagnostic", "k_percent", to=10)
    else:
        tree.append("src/case_saliency/diagnostic/agreement.py", "# changed\n")
    tree.snakemake("--touch", check=False)
    assert tree.pending() == set()  # Snakemake sees nothing
    lock = (tree.root / "dvc.lock").read_bytes()
    said = tree.commit(check=False)
    assert "only look current" in said
    assert told in said
    assert (tree.root / "dvc.lock").read_bytes() == lock
    tree.run("dvc", "commit", "--force", "--quiet")  # around the gate
    tree.run("dvc", "push", "--quiet")
    tree.git("add", "--all")
    tree.git("commit", "-q", "-m", "laundered")
    said = tree.clone(tmp_path / "clone").restore(check=False)
    assert (
        f"agreement-imagenet-sample: results/scores/imagenet-sample/agreement/efficientnet_lite0/seed0.parquet: {told}"
        in said
    )


def test_files_that_the_workflow_does_not_make_are_not_recorded(tree: Repository) -> None:
    left = "results/scores/imagenet-sample/agreement/efficientnet_lite1/seed0.parquet"
    (tree.root / left).parent.mkdir()
    (tree.root / left).write_bytes(b"from a network that was taken out")
    said = tree.commit(check=False)
    assert f"  case-saliency retire {Path(left).parent} && make commit" in said
    tree.run("case-saliency", "retire", str(Path(left).parent))
    assert not (tree.root / left).parent.exists()
    assert "0 of them new or changed" in tree.commit()


def test_what_a_change_leaves_over_is_retired_by_the_command_that_is_named(tree: Repository) -> None:
    """A family of methods is taken out, as another number of shards leaves maps with other names."""
    tree.set("experiments", "imagenet-sample", "methods", to=["gradcam", "case"])
    tree.git("commit", "-q", "-a", "-m", "without the control")
    left = "results/saliency/imagenet-sample/efficientnet_lite0/seed0/control"
    said = tree.snakemake("--quiet", "all", check=False) + tree.commit(check=False)
    [command] = set(re.findall(r"(case-saliency retire [^\n]*) && make commit", said))
    assert shlex.split(command) == ["case-saliency", "retire", left]
    record = f"results/provenance/attribute/{left.removeprefix('results/')}/0-of-1.nc.json"
    assert record in tree.run(*shlex.split(command))
    assert not (tree.root / left).exists()
    assert "stages recorded" in tree.commit()
    found = json.loads(tree.run("case-saliency", "audit", "--json"))
    assert found["verdict"] == "OK"
    assert [one["record"] for one in found["retired"]] == [record]

    forged = (
        "results/provenance/decide_claims/claims/imagenet-sample.json.json"  # its line is written, it was not retired
    )
    journal.append(tree.root / "results/provenance", tree.root / forged, RETIRED)
    for path in (forged, "results/claims/imagenet-sample.json"):
        (tree.root / path).unlink()
    found = json.loads(tree.run("case-saliency", "audit", "--json", check=False))
    wrong = {(check["subject"], check["what"]) for check in found["checks"] if check["verdict"] != "OK"}
    assert {("results/provenance", "dvc.lock"), ("results/ro-crate-metadata.json", "runs"), (forged, "crate")} <= wrong
    assert found["verdict"] == "MISMATCH"


def test_other_bytes_without_a_cause_are_refused_here_and_told_elsewhere(tree: Repository) -> None:
    tree.rewrite(FIGURE, (tree.root / FIGURE).read_bytes() + b"<!-- -->")
    before, lock = tree.git("diff"), (tree.root / "dvc.lock").read_bytes()
    said = tree.commit(check=False)
    assert "gave other bytes here than before" in said
    assert f"figures-imagenet-sample: {FIGURE}" in said
    assert tree.git("diff") == before, "dvc.lock and the .dvc files are as they were"
    other = tree.copy(tree.root.parent / "other")
    assert "0 of them new or changed" in other.run(*remedy(said))  # made again, and as it was: recorded at the end

    known = tree.root / "results/environments.json"
    content = json.loads(known.read_text())
    [own] = content["environments"]
    text = known.read_text().replace(own, "0" * 12).replace('"processor": "', '"processor": "another ')
    known.write_text(text)
    tree.git("commit", "-q", "-m", "recorded on another machine", str(known))
    said = tree.commit()
    assert "1 stages differ in bytes from those recorded on another machine" in said
    assert "make verify" in said
    assert (tree.root / "dvc.lock").read_bytes() != lock


def test_a_commit_that_is_ended_early_changes_nothing_and_the_next_one_refuses_as_well(tree: Repository) -> None:
    tree.rewrite(FIGURE, (tree.root / FIGURE).read_bytes() + b"<!-- -->")
    before = tree.git("diff")
    process = tree.start("python", "-m", "workflow.versioning.commit")
    held = tree.root / ".dvc/tmp/lock"
    started = held.stat().st_mtime_ns if held.exists() else 0
    while process.poll() is None and (not held.exists() or held.stat().st_mtime_ns == started):
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGTERM)
    process.communicate()
    assert tree.git("diff") == before
    assert "gave other bytes here than before" in tree.commit(check=False)
    (tree.root / "dvc.lock").unlink()
    said = tree.commit(check=False)
    assert "dvc.lock is missing or cut off" in said
    assert "git checkout HEAD -- dvc.lock" in said


def test_an_edited_lock_does_not_excuse_other_bytes(tree: Repository) -> None:
    tree.rewrite(FIGURE, (tree.root / FIGURE).read_bytes() + b"<!-- -->")
    lock = tree.root / "dvc.lock"
    digest = next(
        dep["md5"] for dep in tree.lock["figures-imagenet-sample"]["deps"] if dep["path"] == "requirements.lock"
    )
    lock.write_text(lock.read_text().replace(digest, "0" * 31 + "a"))
    assert "gave other bytes here than before" in tree.commit(check=False)


def test_a_remote_whose_plugin_is_missing_is_told(cloned: Repository) -> None:
    cloned.run("dvc", "remote", "modify", "--local", "storage", "url", "ssh://me@example.org/x")
    said = cloned.restore(check=False)
    assert "Traceback" not in said
    assert "pip install dvc-ssh" in said


def remedy(said: str) -> list[str]:
    """The command that a message of the gate ends with."""
    [command] = re.findall(r"snakemake --cores all[^\n]*", said)
    return shlex.split(str(command))


def test_a_changed_image_is_not_recorded_and_mended_by_the_command_that_is_named(tree: Repository) -> None:
    lock = (tree.root / "dvc.lock").read_bytes()
    CHANGES["an image"][0](tree)
    said = tree.commit(check=False)
    assert f"data-imagenet-sample: data/imagenet-sample/manifest.csv ({IMAGE} is not what the manifest says" in said
    assert (tree.root / "dvc.lock").read_bytes() == lock
    assert "fetch_dataset" in tree.jobs(*remedy(said)[1:])
    tree.snakemake("data-imagenet-sample")
    assert "0 of them new or changed" in tree.commit()


def test_a_folder_that_differs_as_a_whole_is_made_again_by_the_command_that_is_named(tree: Repository) -> None:
    lock = tree.root / "dvc.lock"
    [data] = tree.lock["data-imagenet-sample"]["outs"]
    lock.write_text(lock.read_text().replace(data["md5"], "0" * 32 + ".dir"))  # whose list of files no cache has
    entries = yaml.safe_load(lock.read_text())
    assert "data-imagenet-sample: data/imagenet-sample\n" in (said := tree.commit(check=False))
    assert yaml.safe_load(lock.read_text()) == entries
    assert tree.jobs(*remedy(said)[1:])["fetch_dataset"] == 1


@pytest.mark.parametrize("gate", ["commit", "restore"])
def test_files_with_both_sides_of_a_merge_are_named_before_anything_is_written(tree: Repository, gate: str) -> None:
    names = ["dvc.lock", "results/report.html.dvc", "results/metrics/imagenet-sample.json"]
    for name in names:
        text = (tree.root / name).read_text()
        (tree.root / name).write_text(f"<<<<<<< HEAD\n{text}=======\n{text}>>>>>>> other\n")
    before = tree.git("diff")
    said = getattr(tree, gate)(check=False)
    assert "3 files hold both sides of a merge:\n" + "".join(f"  {name}\n" for name in names) in said
    assert f"git checkout HEAD -- {' '.join(names)}" in said
    assert "Traceback" not in said
    assert tree.git("diff") == before


def test_another_command_of_dvc_is_waited_for(tree: Repository) -> None:
    lock = (tree.root / "dvc.lock").read_text()
    with (tree.root / ".dvc/tmp/lock").open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        said = tree.commit(check=False)
    assert "another command of DVC holds" in said
    assert "Traceback" not in said
    assert (tree.root / "dvc.lock").read_text() == lock


def test_without_its_records_nothing_is_restored_as_of_a_run(cloned: Repository) -> None:
    digest = yaml.safe_load((cloned.root / "results/provenance.dvc").read_text())["outs"][0]["md5"]
    (cloned.root.parent / "remote/files/md5" / digest[:2] / digest[2:]).unlink()
    said = cloned.restore(check=False)
    assert "0 of 9 stages are restored" in said
    assert "results/provenance: records are missing or damaged" in said
    assert "dvc push results/provenance.dvc" in said
    assert {"attribute", "test_hypotheses"} <= cloned.pending()


def test_one_stage_travels_alone(tree: Repository, tmp_path: Path) -> None:
    remote = tmp_path / "small"
    tree.run("dvc", "remote", "modify", "--local", "storage", "url", str(remote))
    tree.run("dvc", "push", TABLES)
    sent = {file for file in remote.rglob("*") if file.is_file()}
    clone = tree.clone(tmp_path / "clone")
    clone.run("dvc", "remote", "modify", "--local", "storage", "url", str(remote))
    clone.run("dvc", "pull", TABLES)
    tables = {path: content for path, content in tree.results().items() if path.startswith("results/tables/")}
    assert {path: clone.results().get(path) for path in tables} == tables
    assert len(sent) == len(tables) + 1  # and the list of the folder's files
    assert not (clone.root / "results/saliency").exists()


def test_a_dvc_yaml_that_is_not_what_the_snakefile_says_is_told(tree: Repository) -> None:
    check = ("python", "-m", "workflow.versioning.document", "--check")
    assert "as the Snakefile says" in tree.run(*check)
    tree.edit("dvc.yaml", "tables-imagenet-sample:", "tables-of-others:")
    assert "-  tables-of-others:" in tree.run(*check, check=False)


def test_what_the_remote_lacks_is_told_and_run(cloned: Repository, recorded: Repository) -> None:
    stored(cloned, AGREEMENT).unlink()
    said = cloned.restore(check=False)
    assert "tables-imagenet-sample: missing or damaged: results/tables/imagenet-sample" in said
    assert "The remote did not give everything: " in said
    assert "figures-imagenet-sample: reads tables-imagenet-sample" in said
    assert "6 of 9 stages are restored" in said
    pending = cloned.pending()
    assert {"test_hypotheses", "plot_agreement_heatmap"} <= pending
    assert not pending & {"attribute", "predict", "score_agreement", "obtain_model"}
    cloned.snakemake()
    assert cloned.results() == recorded.results()


def test_a_damaged_object_of_the_remote_is_not_restored(cloned: Repository) -> None:
    file = stored(cloned, AGREEMENT)
    file.chmod(0o644)
    file.write_bytes(file.read_bytes().replace(b"gradcam", b"gradcan"))
    assert "tables-imagenet-sample: missing or damaged" in cloned.restore(check=False)
    assert not (cloned.root / AGREEMENT).exists()
    assert "test_hypotheses" in cloned.pending()


def test_a_lost_object_of_the_remote_is_healed_by_deleting_what_is_named(
    cloned: Repository, recorded: Repository
) -> None:
    stored(cloned, AGREEMENT).unlink()
    named = re.findall(r"files/md5/\w\w/\w+(?:\.dir)?", cloned.restore(check=False))
    assert any(name.endswith(".dir") for name in named)
    remote = cloned.root.parent / "remote"
    for name in named:
        (remote / name).unlink(missing_ok=True)
    whole = recorded.copy(cloned.root.parent / "whole")
    whole.run("dvc", "remote", "modify", "--local", "storage", "url", str(remote))
    whole.run("dvc", "push", TABLES)
    assert stored(cloned, AGREEMENT).exists()
    assert "9 stages are restored" in cloned.restore()


def test_one_experiment_travels_alone(tree: Repository, tmp_path: Path) -> None:
    remote = tmp_path / "small"
    tree.run("dvc", "remote", "modify", "--local", "storage", "url", str(remote))
    last = ("claims-imagenet-sample", "figures-imagenet-sample")
    tree.run("dvc", "push", "--with-deps", *last, "results/provenance.dvc")
    clone = tree.clone(tmp_path / "clone")
    clone.run("dvc", "remote", "modify", "--local", "storage", "url", str(remote))
    said = clone.run("python", "-m", "workflow.versioning.restore", "imagenet-sample")
    assert f"9 stages are restored and verified; snakemake {' '.join(last)} has nothing to do" in said
    assert "Nothing to be done" in clone.run("snakemake", "-n", *last)


def test_the_weights_of_a_network_are_had_by_name(tree: Repository, tmp_path: Path) -> None:
    tree.run("dvc", "remote", "add", "--default", "kept", str(tmp_path / "kept"))
    tree.run("dvc", "push", "--remote", "kept", "models-imagenet-sample")
    tree.git("commit", "--all", "--message", "remote")
    name = "imagenet-sample-efficientnet-lite0-seed0"
    tree.git("tag", "--annotate", "--message", "first", f"{name}@v1.0.0")
    tree.run("dvc", "artifacts", "get", str(tree.root), name, "--out", str(tmp_path / "weights"))
    made = tree.root / "models/imagenet-sample/efficientnet_lite0/seed0/weights.safetensors"
    assert (tmp_path / "weights").read_bytes() == made.read_bytes()


def test_a_cut_off_listing_of_the_remote_keeps_back_its_stage_alone(cloned: Repository) -> None:
    digest = next(out["md5"] for out in cloned.lock[TABLES]["outs"] if out["md5"].endswith(".dir"))
    file = cloned.root.parent / "remote/files/md5" / digest[:2] / digest[2:]
    content = file.read_bytes()
    file.chmod(0o644)
    file.write_bytes(content[:40])
    said = cloned.restore(check=False)
    assert f"The remote did not give everything: {TABLES}: object {digest} is corrupted" in said
    assert "6 of 9 stages are restored" in said
    assert not cloned.pending() & {"attribute", "predict", "score_agreement", "obtain_model"}
    file.write_bytes(content)  # what deleting it and pushing it again comes to
    assert "9 stages are restored" in cloned.restore()


@pytest.mark.parametrize("remote", ["none", "gone"])
def test_without_a_remote_nothing_looks_fresh(cloned: Repository, remote: str) -> None:
    if remote == "gone":
        shutil.rmtree(cloned.root.parent / "remote")
    else:
        cloned.run("dvc", "remote", "remove", "storage")
    said = cloned.restore(check=False)
    assert "0 of 9 stages are restored" in said
    assert remote == "gone" or "No remote is set" in said
    assert "Traceback" not in said
    assert {"obtain_model", "attribute", "test_hypotheses"} <= cloned.pending()


def test_a_commit_whose_code_changed_without_a_run_is_not_restored_as_current(cloned: Repository) -> None:
    cloned.append("src/case_saliency/diagnostic/agreement.py", "# changed\n")
    cloned.git("commit", "-q", "-a", "-m", "changed")
    said = cloned.restore(check=False)
    assert "agreement-imagenet-sample: changed since: src/case_saliency/diagnostic/agreement.py" in said
    assert {"score_agreement"} <= cloned.pending()
    assert not cloned.pending() & {"attribute", "score_fidelity"}


def test_results_that_no_cache_holds_are_not_overwritten(tree: Repository) -> None:
    table = tree.root / AGREEMENT
    table.write_text("edited by hand\n")
    said = tree.restore(check=False)
    assert AGREEMENT in said
    assert "make commit" in said
    assert table.read_text() == "edited by hand\n"


def test_an_experiment_of_dvc_runs_what_is_affected_and_leaves_the_workspace(tree: Repository) -> None:
    before = tree.results()
    said = tree.run("dvc", "exp", "run", "--temp", "--name", "wider", "--set-param", "diagnostic.k_percent=10")
    assert set(re.findall(r"Running stage '(\w+)-imagenet-sample'", said)) == {
        "agreement",
        "tables",
        "claims",
        "figures",
    }
    assert tree.results() == before
    assert tree.git("status", "--porcelain") == ""
    changed = json.loads(tree.run("dvc", "metrics", "diff", "--all", "--json", "HEAD", "wider").splitlines()[-1])
    metrics = changed["results/metrics/imagenet-sample.json"]
    of_random = {measure: metrics[f"networks.efficientnet_lite0.random.{measure}"] for measure in TOLD}
    assert of_random["median_agreement"]["new"] > of_random["median_agreement"]["old"]
    assert of_random["mean_drop"]["new"] == of_random["mean_drop"]["old"]
    assert of_random["verdict"] == {"old": "undecided", "new": "undecided"}  # of three images
    plots = drawn(tree, "diff", "HEAD", "wider")
    shown = {(row["rev"], row["method"], row["k_percent"]) for row in plots["Agreement, imagenet-sample"]}
    assert shown == {(rev, method, k) for rev, k in (("HEAD", "5"), ("wider", "10")) for method in METHODS}
    assert {(row["rev"], row["method"]) for row in plots["Confidence drop, imagenet-sample"]} == {
        (rev, method) for rev in ("HEAD", "wider") for method in METHODS
    }
    params = json.loads(tree.run("dvc", "params", "diff", "--json", "HEAD", "wider").splitlines()[-1])
    assert params["params.yaml"]["diagnostic.k_percent"] == {"old": 5, "new": 10, "diff": 5}


def test_queued_experiments_of_dvc_run_one_after_the_other_and_leave_the_workspace(tree: Repository) -> None:
    before = tree.results()
    for k in ("2", "10"):
        tree.run("dvc", "exp", "run", "--queue", "--name", f"k{k}", "-S", f"diagnostic.k_percent={k}", TABLES)
    assert tree.run("dvc", "queue", "status").count("Queued") == 2
    tree.run("dvc", "exp", "run", "--run-all")
    assert tree.run("dvc", "queue", "status").count("Success") == 2
    assert tree.results() == before
    assert tree.git("status", "--porcelain") == ""
    medians = []
    for k in ("k2", "k10"):
        changed = json.loads(tree.run("dvc", "metrics", "diff", "--json", "HEAD", k).splitlines()[-1])
        metrics = changed["results/metrics/imagenet-sample.json"]
        medians.append(next(value["new"] for key, value in metrics.items() if key.endswith("gradcam.median_agreement")))
    assert medians[0] < medians[1]


def test_stages_that_dvc_reproduces_are_those_that_the_gate_records(tree: Repository, tmp_path: Path) -> None:
    tree.set("fidelity", "measure", to="absolute")
    other = tree.copy(tmp_path / "other")
    tree.snakemake()
    other.run("dvc", "repro")
    assert other.lock == tree.lock


def test_the_page_of_plots_shows_agreement_drop_and_training_now_and_then(analysed: Project, tmp_path: Path) -> None:
    tree = versioned(analysed, tmp_path / "tree")
    tree.commit()
    tree.git("add", "--all")
    tree.git("commit", "-q", "-m", "results")
    plots = drawn(tree, "show")
    assert plots.keys() == {"Agreement, digits", "Confidence drop, digits", "Training, digits"}
    for title, table, column in (
        ("Agreement, digits", "agreement", "median_agreement"),
        ("Confidence drop, digits", "fidelity", "mean"),
    ):
        rows = read_table(tree.root / f"results/tables/digits/{table}.csv")
        for name, value in SHOWN.items():
            rows = rows[rows[name] == value] if name in rows else rows
        found = {row["method"]: float(row[column]) for row in plots[title]}
        assert found == dict(zip(rows["method"], rows[column], strict=True))
    history = tree.root / "models/digits/vgg_small/seed0/training.csv"
    reached = read_table(history)["validation_accuracy"].tolist()
    assert [float(row["validation_accuracy"]) for row in plots["Training, digits"]] == reached
    history.write_text(history.read_text().replace(f"{reached[1]:.10g}", "0.5"))
    compared = drawn(tree, "diff", "HEAD")["Training, digits"]
    assert {(row["rev"], row["epoch"]): float(row["validation_accuracy"]) for row in compared} == {
        ("HEAD", "1"): reached[0],
        ("HEAD", "2"): reached[1],
        ("workspace", "1"): reached[0],
        ("workspace", "2"): 0.5,
    }
