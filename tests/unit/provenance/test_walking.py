"""Files below a folder: all of them, and no link is followed."""

import os
import subprocess

from case_saliency.provenance.walking import below


def test_files_and_links_are_found_and_links_are_not_followed(tmp_path):
    (tmp_path / "tree/inner").mkdir(parents=True)
    (tmp_path / "tree/inner/a").write_text("")
    (tmp_path / "tree/up").symlink_to(tmp_path)
    (tmp_path / "tree/gone").symlink_to(tmp_path / "nowhere")
    found = {path.relative_to(tmp_path).as_posix() for path in below(tmp_path / "tree")}
    assert found == {"tree/inner/a", "tree/up", "tree/gone"}
    assert list(below(tmp_path / "nowhere")) == []


def test_folders_deeper_than_the_recursion_of_python_are_walked(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for _ in range(1200):
        os.mkdir("a")  # noqa: PTH102 (an absolute path would be too long for the loop)
        monkeypatch.chdir("a")
    with open("file", "w"):  # noqa: PTH123
        pass
    monkeypatch.chdir(tmp_path)
    try:
        assert [path.name for path in below(tmp_path / "a")] == ["file"]
    finally:
        subprocess.run(["rm", "-rf", str(tmp_path / "a")], check=True)


def test_a_folder_that_cannot_be_listed_is_told(tmp_path, monkeypatch):
    (tmp_path / "a").write_text("")
    (tmp_path / "closed").mkdir()
    listed = os.scandir

    def refuse(place):
        if str(place).endswith("closed"):
            raise PermissionError(place)
        return listed(place)

    monkeypatch.setattr(os, "scandir", refuse)
    assert sorted(path.name for path in below(tmp_path)) == ["a", "closed"]
