"""The direction of imports (contracts in pyproject.toml) holds, and the contracts name every part of the package."""

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_imports_go_one_way():
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_every_part_of_the_package_has_a_layer():
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]
    layers = {name.removeprefix("case_saliency.") for name in contract["layers"]}
    parts = {path.stem for path in (ROOT / "src/case_saliency").iterdir() if path.suffix in {".py", ""}}
    assert parts - {"__init__", "__pycache__"} == layers
