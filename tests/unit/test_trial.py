"""Map files that crash HDF5, or keep it busy forever, end another process and not this one."""

import re

import numpy as np
import pytest
import xarray as xr

from case_saliency.cli.main import main
from case_saliency.errors import CaseSaliencyError
from case_saliency.storage import trial
from case_saliency.storage.maps import write_maps


def written(path):
    """Write a true map file, and return its bytes and the places of its trees of blocks."""
    maps = xr.DataArray(
        np.zeros((2, 2, 3, 4), np.float32), {"image": ["a", "b"]}, ("image", "target", "y", "x"), attrs={"method": "m"}
    )
    write_maps({"l": xr.Dataset({"m": maps})}, path)
    content = bytearray(path.read_bytes())
    return content, [found.start() for found in re.finditer(rb"TREE", content)]


def circular(content, tree):
    """Make a tree its own child: HDF5 descends until its stack is full."""
    content[tree + 5] = 1
    first = tree + 24 + (8 if content[tree + 4] == 0 else 8 * 6)
    content[first : first + 8] = tree.to_bytes(8, "little")


def endless(content, tree):
    """Make a tree its own neighbour: HDF5 goes from one to the next forever."""
    content[tree + 8 : tree + 24] = tree.to_bytes(8, "little") * 2


def test_a_true_file_passes(tmp_path):
    written(tmp_path / "t.nc")
    trial.maps(tmp_path / "t.nc")


def test_a_file_that_is_refused_is_refused_with_the_readers_own_words(tmp_path):
    (tmp_path / "t.nc").write_bytes(b"no netCDF")
    with pytest.raises(CaseSaliencyError, match=r"^cannot read \S*t\.nc: .*signature not found"):
        trial.maps(tmp_path / "t.nc")
    with pytest.raises(CaseSaliencyError, match=r"missing\.nc: cannot be read \(No such file"):
        trial.maps(tmp_path / "missing.nc")


def test_circles_are_refused(tmp_path, monkeypatch):
    path = tmp_path / "t.nc"
    content, trees = written(path)
    assert trees
    monkeypatch.setattr(trial, "_SECONDS", 3)
    for damage, told in ((circular, r"crashed \(SIGSEGV\)"), (endless, "kept busy without an end")):
        damaged = content.copy()
        damage(damaged, trees[0])
        path.write_bytes(damaged)
        with pytest.raises(CaseSaliencyError, match=rf"t\.nc: cannot be read, .*{told}.*; it is damaged"):
            trial.maps(path)


def test_modules_of_the_working_folder_are_not_taken(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "random.py").write_text("raise SystemExit(1)")
    written(tmp_path / "t.nc")
    trial.maps(tmp_path / "t.nc")


def test_a_command_tries_a_file_that_no_record_tells_of(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    content, trees = written(tmp_path / "t.h5")
    circular(content, trees[0])
    (tmp_path / "t.h5").write_bytes(content)
    command = ["score-agreement", "--maps", "t.h5", "--predictions", "t.h5", "--description", "t.h5"]
    command += ["--experiment", "mine", "--model", "mine", "--seed", "0", "--settings", "{}", "--scores", "scores.csv"]
    assert main(command) == 1
    assert "t.h5: cannot be read, its reader crashed (SIGSEGV)" in capsys.readouterr().err
