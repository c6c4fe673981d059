"""What is taken out of the workspace where a stage cannot be restored: its own outputs, whatever a lock file says."""

from pathlib import Path

import pytest

from workflow.versioning import objects

MD5 = "d41d8cd98f00b204e9800998ecf8427e"


@pytest.mark.parametrize("name", ["mine", "linked/mine", ".git", "results/tables/former"])
def test_what_is_no_output_of_the_stage_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    root, outside = tmp_path / "project", tmp_path / "outside"
    outside.mkdir()
    (root / ".git").mkdir(parents=True)
    (root / "linked").symlink_to(outside)
    for path in (name, "results/tables/own"):
        (root / path).mkdir(parents=True, exist_ok=True)
        (root / path / "kept.txt").write_text("kept")
    monkeypatch.setattr(objects, "cache_folder", lambda root: root / ".dvc/cache/files/md5")
    entry = {"outs": [{"path": name, "md5": MD5}, {"path": "results/tables/own", "md5": MD5}]}
    objects.forget(root, entry, ["results/tables/own"])
    assert (root / name / "kept.txt").read_text() == "kept"
    assert not (root / "results/tables/own").exists()
