"""What git and DVC keep is looked at before anything is written: all files of a merge at once, and damaged ones."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from workflow.versioning import history, lockfile, readable
from workflow.versioning.stages import VIEWS

POINTER = "outs:\n- md5: '{digest}'\n  size: 1\n  hash: md5\n  path: x\n"
VERSIONED = [
    "params.yaml",
    "src/case_saliency/x.py",
    "workflow/rules/x.smk",
    "dvc.lock",
    "dvc.yaml",
    "results/provenance.dvc",
    "results/environments.json",
    "results/metrics/digits.json",
    "results/claims/digits.json",
    *(f"{view}.dvc" for view in VIEWS),
]


def git(root: Path, *command: str, check: bool = True) -> str:
    named = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *named, *command], cwd=root, check=check, capture_output=True, text=True)
    return done.stdout


def write(root: Path, side: str) -> None:
    digest = {"base": "0", "ours": "1", "theirs": "2"}[side] * 32
    for name in VERSIONED:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        content = (
            f'{{"environments": {{}}, "stages": {{}}, "is": "{side}"}}\n' if name.endswith(".json") else f"# {side}\n"
        )
        (root / name).write_text(POINTER.format(digest=digest) if name.endswith(".dvc") else content)


@pytest.fixture
def merging(tmp_path: Path) -> Path:
    """A repository in the middle of a merge that every versioned file is in conflict in."""
    git(tmp_path, "init", "-q", "-b", "ours")
    write(tmp_path, "base")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "-q", "-m", "base")
    git(tmp_path, "branch", "theirs")
    for side in ("ours", "theirs"):
        git(tmp_path, "checkout", "-q", side)
        write(tmp_path, side)
        git(tmp_path, "commit", "-q", "-a", "-m", side)
    git(tmp_path, "checkout", "-q", "ours")
    git(tmp_path, "merge", "theirs", check=False)
    return tmp_path


def test_a_merge_is_told_with_all_its_files_and_the_commands_that_are_named_end_it(merging: Path) -> None:
    with pytest.raises(lockfile.LockFileError, match="both sides of a merge") as raised:
        readable.refuse_unreadable(merging)
    said = str(raised.value)
    assert {line.strip() for line in said.splitlines() if line.startswith("  ")} == set(VERSIONED)
    for name in VERSIONED[:3]:  # by hand
        (merging / name).write_text("# both\n")
    with pytest.raises(lockfile.LockFileError) as raised:
        readable.refuse_unreadable(merging)
    assert not any(name in str(raised.value) for name in VERSIONED[:3])
    [take] = re.findall(r"git (checkout .*)", said)
    git(merging, *shlex.split(take))
    readable.refuse_unreadable(merging)
    [add] = re.findall(r"git (add .*) && git commit", said)
    git(merging, *shlex.split(add))
    git(merging, "commit", "-q", "-m", "merged")
    assert git(merging, "status", "--porcelain") == ""
    assert "ours" in (merging / "dvc.lock").read_text()


@pytest.mark.parametrize("name", [name for name in VERSIONED if name.endswith((".dvc", "environments.json"))])
def test_a_damaged_file_is_named(tmp_path: Path, name: str) -> None:
    write(tmp_path, "base")
    readable.refuse_unreadable(tmp_path)
    (tmp_path / name).write_text("{outs: [")
    with pytest.raises(lockfile.LockFileError, match=rf"{re.escape(name)} is damaged: .*git checkout HEAD -- {name}"):
        readable.refuse_unreadable(tmp_path)


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"outs: []", b"outs: [1]", b"outs: [{size: 1}]", b"outs: [{md5: a, nfiles: x}]", b"\xff\xfe"],
)
def test_a_dvc_file_that_points_nowhere_is_damaged(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.dvc").write_bytes(content)
    with pytest.raises(lockfile.LockFileError, match=r"a\.dvc is damaged"):
        lockfile.pointer(tmp_path, "a")


ENTRY = "stages:\n  a-b:\n    cmd: x\n    outs:\n    - path: y\n      md5: {}\n"


def test_an_entry_with_all_its_hashes_is_read(tmp_path: Path) -> None:
    (tmp_path / "dvc.lock").write_text(ENTRY.format("a" * 32))
    assert list(lockfile.locked(tmp_path)) == ["a-b"]


@pytest.mark.parametrize(
    "content",
    [
        ENTRY.format("a" * 20),
        ENTRY.format("a" * 32).replace("    cmd: x\n", ""),
        ENTRY.format("a" * 32).replace("path: y", "path: ../y"),
        "stages: {a-b: {cmd: x, outs: null}}",
        "stages: {a-b: {cmd: x, params: {params.yaml: 1}}}",
        "stages: []",
    ],
)
def test_an_entry_that_was_cut_off_is_damaged(tmp_path: Path, content: str) -> None:
    (tmp_path / "dvc.lock").write_text(content)
    with pytest.raises(lockfile.LockFileError, match=r"dvc\.lock is damaged: .*git checkout HEAD -- dvc\.lock"):
        lockfile.locked(tmp_path)


@pytest.mark.parametrize(
    "content", ["{}", "[]", '{"environments": {}, "stages": {"a": "b"}}', '{"environments": [], "stages": []}']
)
def test_environments_of_another_shape_are_damaged(tmp_path: Path, content: str) -> None:
    (tmp_path / "results").mkdir()
    (tmp_path / "results/environments.json").write_text(content)
    with pytest.raises(lockfile.LockFileError, match=r"environments\.json is damaged"):
        readable.refuse_unreadable(tmp_path)


def test_a_lock_that_is_missing_or_lacks_stages_of_the_last_commit_is_refused(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "dvc.lock").write_text(ENTRY.format("a" * 32))
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "-q", "-m", "recorded")
    committed = history.entries(tmp_path, lockfile.locked(tmp_path))
    assert list(committed) == ["a-b"]
    history.refuse_lacking(committed, lockfile.locked(tmp_path), {"a-b"})
    history.refuse_lacking(committed, {}, {"c-d"})  # the workflow has no such stage any more
    (tmp_path / "dvc.lock").unlink()
    with pytest.raises(lockfile.LockFileError, match=r"a-b.*git checkout HEAD -- dvc\.lock"):
        history.refuse_lacking(history.entries(tmp_path, {}), lockfile.locked(tmp_path), {"a-b"})
