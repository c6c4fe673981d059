"""A process that writes what was decided is killed at every step: all files are as before, or become as decided."""

import os
import signal
import sys
from pathlib import Path

import pytest

from workflow.versioning import writing

OLD = {"dvc.lock": b"old lock", "results/provenance.dvc": b"old records", "results/claims.md.dvc": None}
NEW = {"dvc.lock": b"new lock", "results/provenance.dvc": b"new records", "results/claims.md.dvc": b"new claims"}


def tree(root: Path) -> dict[str, bytes | None]:
    return {name: (root / name).read_bytes() if (root / name).exists() else None for name in OLD}


def made(root: Path) -> Path:
    (root / "results").mkdir(parents=True)
    for name, content in OLD.items():
        if content is not None:
            (root / name).write_bytes(content)
    return root


def killed(root: Path, step: int) -> bool:
    """Write in a process of its own, which is killed before its `step`-th change of a file; tell whether it was."""

    def watch(event: str, arguments: tuple[object, ...], left: list[int] = [step]) -> None:  # noqa: B006
        writes = event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wa")
        if writes or event in {"os.rename", "os.remove"}:
            left[0] -= 1
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)

    if not (child := os.fork()):
        sys.addaudithook(watch)
        writing.together(root, OLD, NEW)
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def test_killed_at_every_step_all_files_are_as_before_or_as_decided(tmp_path: Path) -> None:
    outcomes, step = [], 1
    while killed(root := made(tmp_path / str(step)), step):
        assert all(content in (OLD[name], NEW[name]) for name, content in tree(root).items()), "each is whole"
        decided = (root / writing.JOURNAL).exists()
        writing.finish(root, NEW)
        assert tree(root) == (NEW if decided or tree(root) == NEW else OLD)
        assert not list(root.rglob("results/.*.new"))
        assert not (root / writing.JOURNAL).exists()
        outcomes.append(tree(root) == NEW)
        step += 1
    assert tree(root) == NEW
    assert outcomes == sorted(outcomes), "once decided, for good"
    assert len(outcomes) > 8
    assert {False, True} == set(outcomes)


def test_what_became_another_file_since_is_not_overwritten(tmp_path: Path) -> None:
    root, step = made(tmp_path / "1"), 1
    while killed(root, step) and not (root / writing.JOURNAL).exists():
        step += 1
        root = made(tmp_path / str(step))
    (root / "dvc.lock").write_bytes(b"of another commit")
    before = tree(root)
    writing.finish(root, NEW)
    assert tree(root) == before
    assert not (root / writing.JOURNAL).exists()


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{", b'{"../x": {"before": "", "after": "y"}}', b'{"dvc.lock": {}}', b'{"dvc.lock": 1}'],
)
def test_a_journal_of_others_is_not_followed(tmp_path: Path, content: bytes) -> None:
    root = made(tmp_path / "tree")
    (root / writing.JOURNAL).parent.mkdir(parents=True)
    (root / writing.JOURNAL).write_bytes(content)
    writing.finish(root, NEW)
    assert tree(root) == OLD
    assert not (tmp_path / "x").exists()


def test_files_that_changed_meanwhile_are_not_overwritten(tmp_path: Path) -> None:
    root = made(tmp_path / "tree")
    (root / "dvc.lock").write_bytes(b"of another process")
    with pytest.raises(writing.ChangedError, match=r"dvc\.lock changed meanwhile"):
        writing.together(root, OLD, NEW)
    assert tree(root) == OLD | {"dvc.lock": b"of another process"}
