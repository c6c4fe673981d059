"""Remotes of DVC: an S3 store, one that goes away or refuses, and a folder on a full disk. Nothing is lost."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.workflow.s3_store import KEY, Store, serving
from tests.workflow.test_versioning import Repository, cloned, recorded

__all__ = ["cloned", "recorded"]  # fixtures
BUCKET = "study"


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """An S3 store that clients do not try again for long."""
    for name, value in {"AWS_MAX_ATTEMPTS": "1", "AWS_EC2_METADATA_DISABLED": "true"}.items():
        monkeypatch.setenv(name, value)
    with serving(BUCKET) as running:
        yield running


def use(tree: Repository, store: Store) -> Repository:
    """Make the store the remote of a tree, as docs/versioning.md tells."""
    settings = {"url": f"s3://{BUCKET}/case-saliency", "endpointurl": store.url}
    settings |= {"access_key_id": KEY, "secret_access_key": KEY}
    for name, value in settings.items():
        tree.run("dvc", "remote", "modify", "--quiet", "--local", "storage", name, value)
    return tree


@pytest.fixture
def tree(recorded: Repository, store: Store, tmp_path: Path) -> Repository:
    """A copy of the recorded tree whose remote is the store, for a test to change."""
    return use(recorded.copy(tmp_path / "tree"), store)


def restored(tree: Repository, store: Store, root: Path) -> Repository:
    """A clone of it, restored from the store."""
    clone = use(tree.clone(root), store)
    assert "snakemake has nothing to do" in clone.restore()
    return clone


@pytest.mark.fault(
    "the remote goes away in the middle of `dvc push`", "failed to transfer ...; the next push completes"
)
def test_results_travel_through_a_store_that_goes_away_in_the_middle(
    tree: Repository, store: Store, tmp_path: Path
) -> None:
    before, lock = tree.results(), (tree.root / "dvc.lock").read_bytes()
    store.writes_left = 10
    said = tree.run("dvc", "push", check=False)
    assert "failed to transfer" in said
    assert "Traceback" not in said
    store.writes_left = None
    assert len(store.names(BUCKET)) == 10
    assert tree.results() == before
    assert (tree.root / "dvc.lock").read_bytes() == lock
    tree.run("dvc", "push")
    assert "Everything is up to date" in tree.run("dvc", "push")
    clone = restored(tree, store, tmp_path / "clone")
    assert clone.results() == before
    assert clone.pending() == set()


@pytest.mark.s3
@pytest.mark.fault(
    "the remote is away, or refuses, at `make restore`",
    "0 of ... stages are restored; The remote did not give everything; once it does, all are",
)
@pytest.mark.parametrize("trouble", ["gone", "refuses"])
def test_a_store_that_gives_nothing_is_told_and_nothing_looks_fresh(
    tree: Repository, store: Store, tmp_path: Path, trouble: str
) -> None:
    tree.run("dvc", "push")
    clone = use(tree.clone(tmp_path / "clone"), store)
    store.writes_left, store.refuses = (0, False) if trouble == "gone" else (None, True)
    said = clone.restore(check=False)
    assert "0 of 9 stages are restored" in said
    assert "The remote did not give everything" in said
    assert "Traceback" not in said
    store.writes_left, store.refuses = None, False
    assert "9 stages are restored" in clone.restore()
    assert clone.results() == tree.results()


@pytest.fixture
def small_remote(tmp_path: Path) -> Iterator[Path]:
    """A file system of 200 kB; only root may mount one."""
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(folder)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"needs root to mount a small file system: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.s3
@pytest.mark.fault("the remote is full", "No space left on device; nothing is lost, the next push completes")
def test_a_full_remote_is_an_error_and_the_next_push_completes(
    recorded: Repository, small_remote: Path, tmp_path: Path
) -> None:
    tree = recorded.copy(tmp_path / "tree")
    before = tree.results()
    tree.run("dvc", "remote", "modify", "--quiet", "--local", "storage", "url", str(small_remote))
    said = tree.run("dvc", "push", check=False)
    assert "No space left on device" in said
    assert "Traceback" not in said
    assert tree.results() == before
    subprocess.run(["mount", "-o", "remount,size=200M", str(small_remote)], check=True)
    tree.run("dvc", "push")
    clone = tree.clone(tmp_path / "clone")
    clone.run("dvc", "remote", "modify", "--quiet", "--local", "storage", "url", str(small_remote))
    assert "snakemake has nothing to do" in clone.restore()
    assert clone.results() == before
