"""Nothing heavy enters git: the hook before a commit, and `make check`, refuse a large file and name it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LARGEST = 1500 * 1024
REFUSED = "(1501 KB) exceeds 1500 KB"


class Scratch:
    """A repository with this project's hooks and Makefile, and the environment of the tests as its `.venv`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in (".pre-commit-config.yaml", "Makefile"):
            shutil.copy(ROOT / name, root)
        (root / ".gitignore").write_text(".venv\ndata/\n")
        (root / ".venv").symlink_to(sys.prefix)

    def run(self, *command: str) -> tuple[bool, str]:
        """Run a command; return whether it succeeded, and what it said."""
        named = {
            f"GIT_{role}_{part}": "t@example.org" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")
        }
        isolated = {"GIT_CONFIG_GLOBAL": os.devnull, "PRE_COMMIT_HOME": str(self.root / ".git/hooks-cache")}
        environment = {**os.environ, **named, **isolated}
        done = subprocess.run(
            command, cwd=self.root, env=environment, capture_output=True, text=True, check=False, timeout=120
        )
        return done.returncode == 0, done.stdout + done.stderr

    def commit(self) -> tuple[bool, str]:
        """Commit all that git does not ignore."""
        assert self.run("git", "add", "--all")[0]
        return self.run("git", "commit", "--message", "files")

    def write(self, name: str, size: int) -> None:
        """Write a file of so many bytes."""
        (self.root / name).write_bytes(b"\0" * size)


@pytest.fixture
def scratch(tmp_path: Path) -> Scratch:
    """Such a repository, in which the hooks are installed as README.md has it."""
    made = Scratch(tmp_path)
    assert made.run("git", "init", "--quiet")[0]
    assert made.run(".venv/bin/pre-commit", "install") == (True, "pre-commit installed at .git/hooks/pre-commit\n")
    return made


def test_a_large_file_is_not_committed_whether_it_is_new_or_grew(scratch: Scratch) -> None:
    scratch.write("maps.nc", LARGEST)
    done, said = scratch.commit()
    assert done, said
    scratch.write("weights.safetensors", LARGEST + 1)
    done, said = scratch.commit()
    assert (done, f"weights.safetensors {REFUSED}" in said) == (False, True), said
    assert "large files belong to DVC" in said
    (scratch.root / "weights.safetensors").unlink()
    scratch.write("maps.nc", LARGEST + 1)
    done, said = scratch.commit()
    assert (done, f"maps.nc {REFUSED}" in said) == (False, True), said
    assert scratch.run("git", "rev-list", "--count", "HEAD") == (True, "1\n")


def test_make_check_finds_a_large_file_that_passed_the_hook(scratch: Scratch) -> None:
    (scratch.root / "data").mkdir()
    scratch.write("data/images.safetensors", LARGEST + 1)  # git does not hold it
    scratch.write("maps.nc", LARGEST)
    assert scratch.commit()[0]
    done, said = scratch.run("make", "check-sizes")
    assert done, said
    scratch.write("weights.safetensors", LARGEST + 1)
    assert scratch.run("git", "add", "--all")[0]
    assert scratch.run("git", "commit", "--no-verify", "--message", "around the hook")[0]
    done, said = scratch.run("make", "check-sizes")
    assert (done, f"weights.safetensors {REFUSED}" in said) == (False, True), said


def test_make_check_looks_at_sizes() -> None:
    printed = subprocess.run(["make", "--dry-run", "check"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "check-added-large-files --enforce-all --maxkb=1500" in printed.stdout
