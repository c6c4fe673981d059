import hashlib
import json
import subprocess
from importlib.metadata import version

import pytest

from case_saliency.errors import CaseSaliencyError
from case_saliency.provenance import journal, repository
from case_saliency.provenance.record import Record


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Make a record of a stage that copies a.txt to results/b.txt."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_text("input")
    output = tmp_path / "results/x/b.txt"

    def make(**changes):
        values = {
            "stage": "copy",
            "command": ["case-saliency", "copy"],
            "parameters": {"k": 5},
            "code": {"copy.py": "00"},
            "inputs": {"source": [tmp_path / "a.txt"]},
            "outputs": {"target": [output]},
        }
        return Record(**{**values, **changes})

    output.parent.mkdir(parents=True)
    output.write_text("output")
    return make


def test_a_record_names_hashes_of_what_went_in_and_what_came_out(run, tmp_path):
    path = run().finish()
    assert path.as_posix() == "results/provenance/copy/x/b.txt.json"
    body = json.loads(path.read_text())
    assert body["status"] == "completed"
    expected = {"role": "source", "path": "a.txt", "sha256": hashlib.sha256(b"input").hexdigest(), "bytes": 5}
    assert body["inputs"] == [expected]
    assert body["outputs"][0]["sha256"] == hashlib.sha256(b"output").hexdigest()
    assert body["parameters"] == {"k": 5}
    assert body["git"] == {"commit": None, "dirty": None, "diff_sha256": None}
    assert body["started"] <= body["ended"]


def test_the_id_changes_with_parameters_code_and_inputs_and_with_nothing_else(run, tmp_path):
    base = run()
    assert run(command=["other"]).id == base.id
    assert run(parameters={"k": 6}).id != base.id
    assert run(code={"copy.py": "01"}).id != base.id
    (tmp_path / "a.txt").write_text("changed")
    assert run().id != base.id


def test_a_record_can_be_told_where_to_lie(run, tmp_path):
    assert run(location=tmp_path / "out/record.json").finish() == tmp_path / "out/record.json"
    run(location=tmp_path / "out/record.json").finish(ValueError("no"))
    assert (tmp_path / "out/record.failed.json").exists()


def test_a_failed_run_is_recorded_beside_the_good_one_and_forgotten_after_success(run):
    good = run().finish()
    failed = run()
    failed.finish(ValueError("broken"))
    other = good.with_suffix(".failed.json")
    assert json.loads(other.read_text())["error"] == "ValueError: broken"
    assert json.loads(good.read_text())["status"] == "completed"
    run().finish()
    assert not other.exists()


def test_a_missing_input_or_output_is_an_error(run, tmp_path):
    with pytest.raises(CaseSaliencyError, match=r"source: cannot read .*gone.txt"):
        run(inputs={"source": [tmp_path / "gone.txt"]}).require_inputs()
    (tmp_path / "results/x/b.txt").unlink()
    with pytest.raises(CaseSaliencyError, match=r"target: cannot read .*b.txt"):
        run().finish()


def test_an_output_elsewhere_keeps_its_record_beside_it(run, tmp_path_factory):
    output = tmp_path_factory.mktemp("elsewhere") / "b.txt"
    output.write_text("")
    assert run(outputs={"target": [output]}).finish() == output.with_name("b.txt.record.json")


def test_a_record_tells_of_source_packages_machine_and_seeds(run, tmp_path):
    body = json.loads(run(parameters={"seed": 3, "settings": {"seed": 4}}).finish().read_text())
    assert body["seeds"] == {"seed": 3, "settings.seed": 4}
    assert len(body["source"]["package"]) == 64
    inventory = (tmp_path / f"results/provenance/environments/{body['environment']}.txt").read_bytes()
    assert hashlib.sha256(inventory).hexdigest() == body["environment"]
    assert f"numpy=={version('numpy')}".encode() in inventory
    assert {"system", "processor", "cores", "memory_bytes", "gpus", "gpus_used", "threads"} <= set(body["machine"])


def test_every_record_has_a_line_in_the_journal_failed_ones_too(run, tmp_path):
    run().finish()
    run().finish(ValueError("broken"))
    found = journal.read(tmp_path / "results/provenance")
    assert [(line.record, line.status) for line in found.lines] == [
        ("copy/x/b.txt.json", "completed"),
        ("copy/x/b.txt.failed.json", "failed"),
    ]
    assert found.problems == ()


def test_a_record_elsewhere_holds_its_packages_itself(run, tmp_path):
    body = json.loads(run(location=tmp_path / "out/record.json").finish().read_text())
    text = "\n".join(body["packages"]) + "\n"
    assert hashlib.sha256(text.encode()).hexdigest() == body["environment"]
    assert not (tmp_path / "results/provenance").exists()


def test_what_the_workflow_writes_makes_no_tree_dirty_and_what_people_write_does(run, tmp_path):
    def git(*arguments):
        named = ["-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *named, *arguments], cwd=tmp_path, check=True, capture_output=True)

    git("init")
    for name in (
        "dvc.yaml",
        "dvc.lock",
        "results/provenance.dvc",
        "results/metrics/a.json",
        "docs/results/a.csv",
        "README.md",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("before")
    git("add", "--all")
    git("commit", "--message", "start")
    for name in ("dvc.yaml", "dvc.lock", "results/provenance.dvc", "results/metrics/a.json", "docs/results/a.csv"):
        (tmp_path / name).write_text("after")
    assert repository.state()["dirty"] is False
    (tmp_path / "README.md").write_text("after")
    first = repository.state()
    assert first["dirty"] is True
    assert repository.changed() == ["README.md"]
    (tmp_path / "README.md").write_text("otherwise")
    assert repository.state()["diff_sha256"] != first["diff_sha256"]
    (tmp_path / "README.md").write_text("before")
    (tmp_path / "workflow").mkdir()
    (tmp_path / "workflow/new.smk").write_text("")
    assert repository.changed() == ["workflow/new.smk"]
    assert repository.state()["dirty"] is True


def test_files_of_a_commit_are_read_and_what_is_no_commit_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    named = ["-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"]
    (tmp_path / "a b").write_bytes(b"one\ntwo")
    for arguments in (["init"], ["add", "--all"], [*named, "commit", "--message", "start"]):
        subprocess.run(["git", *arguments], check=True, capture_output=True)
    commit = repository.state()["commit"]
    tracked = repository.tracked(commit)
    assert list(tracked) == ["a b"]
    assert repository.contents(["0" * 40, *tracked.values()]) == {tracked["a b"]: b"one\ntwo"}
    assert repository.contents([]) == {}
    for wrong in ("0" * 40, "HEAD", "--all", commit[:10], commit + "\n"):
        assert repository.tracked(wrong) is None


def test_what_git_is_told_to_overlook_or_to_replace_is_seen(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    named = ["-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"]

    def git(*arguments):
        return subprocess.run(["git", *named, *arguments], check=True, capture_output=True, text=True).stdout.strip()

    for name, content in (("a", "one"), ("b", "two"), ("c", "three")):
        (tmp_path / name).write_text(content)
    (tmp_path / "link").symlink_to("a")
    for arguments in (["init"], ["add", "--all"], ["commit", "--message", "start"]):
        git(*arguments)
    assert repository.changed() == []
    git("update-index", "--assume-unchanged", "a")
    git("update-index", "--skip-worktree", "b")
    (tmp_path / "a").write_text("uno")
    (tmp_path / "b").write_text("due")
    (tmp_path / "link").unlink()
    (tmp_path / "link").symlink_to("b")
    assert repository.changed() == ["a", "b", "link"]

    commit, other = repository.head(), git("hash-object", "-w", "a")
    git("replace", git("rev-parse", "HEAD:a"), other)
    assert git("show", "HEAD:a") == "uno"
    assert repository.contents([repository.tracked(commit)["a"]]).popitem()[1] == b"one"
    assert repository.changed() == ["a", "b", "link"]


def test_no_program_of_the_repository_is_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a").write_text("one")
    named = ["-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"]
    for arguments in (["init"], ["add", "--all"], [*named, "commit", "--message", "start"]):
        subprocess.run(["git", *arguments], check=True, capture_output=True)
    evil = f"touch {tmp_path / 'ran'}; cat"
    hook = tmp_path / ".git/hooks/post-index-change"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\n{evil}\n")
    hook.chmod(0o755)
    for key in ("core.fsmonitor", "diff.external", "diff.evil.textconv", "filter.evil.clean"):
        subprocess.run(["git", "config", key, evil], check=True)
    (tmp_path / ".git/info").mkdir(exist_ok=True)
    (tmp_path / ".git/info/attributes").write_text("a diff=evil filter=evil\n")
    (tmp_path / "a").write_text("two")
    commit = repository.head()
    repository.changed()
    repository.state()
    repository.contents(repository.tracked(commit).values())
    repository.holding("a", "0" * 64)
    assert not (tmp_path / "ran").exists()
