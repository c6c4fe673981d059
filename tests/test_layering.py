"""The direction of imports (contracts in pyproject.toml) holds, and the contracts name every part of the package."""

import tomllib
from pathlib import Path

from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

ROOT = Path(__file__).resolve().parents[1]


def test_imports_go_one_way(monkeypatch):
    monkeypatch.chdir(ROOT)
    assert lint_imports(no_cache=True) == EXIT_STATUS_SUCCESS


def test_every_part_of_the_package_has_a_layer():
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]
    layers = {name.removeprefix("case_saliency.") for name in contract["layers"]}
    parts = {path.stem for path in (ROOT / "src/case_saliency").iterdir() if path.suffix in {".py", ""}}
    assert parts - {"__init__", "__pycache__"} == layers
