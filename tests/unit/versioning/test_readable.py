"""What git and DVC keep is looked at before anything is written: all files of a merge at once, and damaged ones."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from workflow.versioning import readable, store
from workflow.versioning.stages import VIEWS

POINTER = "outs:\n- md5: {digest}\n  size: 1\n  hash: md5\n  path: x\n"
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
        content = f'{{"stages": {{}}, "is": "{side}"}}\n' if name.endswith(".json") else f"# {side}\n"
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
    with pytest.raises(store.LockFileError, match="both sides of a merge") as raised:
        readable.refuse_unreadable(merging)
    said = str(raised.value)
    assert {line.strip() for line in said.splitlines() if line.startswith("  ")} == set(VERSIONED)
    for name in VERSIONED[:3]:  # by hand
        (merging / name).write_text("# both\n")
    with pytest.raises(store.LockFileError) as raised:
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
    with pytest.raises(store.LockFileError, match=rf"{re.escape(name)} is damaged: .*git checkout HEAD -- {name}"):
        readable.refuse_unreadable(tmp_path)


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"outs: []", b"outs: [1]", b"outs: [{size: 1}]", b"outs: [{md5: a, nfiles: x}]", b"\xff\xfe"],
)
def test_a_dvc_file_that_points_nowhere_is_damaged(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.dvc").write_bytes(content)
    with pytest.raises(store.LockFileError, match=r"a\.dvc is damaged"):
        store.pointer(tmp_path, "a")


def test_what_a_record_writes_in_git_is_put_back(tmp_path: Path) -> None:
    write(tmp_path, "base")
    (tmp_path / "results/claims.md.dvc").unlink()
    old = store.kept(tmp_path, ["results/provenance", "results/claims.md"])
    write(tmp_path, "ours")
    store.put_back(old, tmp_path)
    assert (tmp_path / "dvc.lock").read_text() == "# base\n"
    assert "0" * 32 in (tmp_path / "results/provenance.dvc").read_text()
    assert not (tmp_path / "results/claims.md.dvc").exists()
