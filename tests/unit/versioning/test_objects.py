"""What is taken out of the workspace where a stage cannot be restored: its own outputs, whatever a lock file says."""

import hashlib
import json
from pathlib import Path
from typing import Any

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


@pytest.mark.parametrize(
    "forged",
    [
        {"md5": "../outside/mine", "relpath": "a"},
        {"md5": "/etc/hostname", "relpath": "a"},
        {"md5": MD5, "relpath": "../a"},
    ],
)
def test_a_listing_that_names_files_elsewhere_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forged: dict[str, Any]
) -> None:
    cache, mine = tmp_path / "cache", tmp_path / "outside/mine"
    monkeypatch.setattr(objects, "cache_folder", lambda _: cache)
    content = json.dumps([forged]).encode()
    digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
    for file, body in (
        (cache / digest[:2] / f"{digest[2:]}.dir", content),
        (mine, b"mine"),
        (cache / "../outside/x", b""),
    ):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(body)
    entry = {"outs": [{"path": "results/tables/own", "md5": f"{digest}.dir"}]}
    assert objects.damaged(tmp_path, entry) == ["results/tables/own"]
    objects.forget(tmp_path, entry, ["results/tables/own"])
    assert mine.read_bytes() == b"mine"
