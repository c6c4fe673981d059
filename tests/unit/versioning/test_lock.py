"""dvc.lock as it is committed: what it remembers was made by the code that is committed with it."""

from pathlib import Path

import pytest
import yaml

from workflow.versioning import lockfile, objects

ROOT = Path(__file__).resolve().parents[3]
LOCK = lockfile.locked(ROOT)
STAGES = yaml.load((ROOT / "dvc.yaml").read_bytes(), Loader=yaml.CSafeLoader)["stages"]
MADE = ("data/", "models/", "results/")
REMEDY = "run the experiment (its name under `run` in params.yaml: snakemake), make commit, then commit dvc.lock"


@pytest.mark.parametrize("name", LOCK)
def test_a_recorded_stage_was_made_by_the_source_that_is_here(name: str) -> None:
    read = {dep["path"]: dep["md5"] for dep in LOCK[name]["deps"] if not dep["path"].startswith(MADE)}
    changed = sorted(path for path, digest in read.items() if objects.md5(ROOT / path) != digest)
    assert not changed, f"dvc.lock has {name} as other {', '.join(changed)} made it: {REMEDY}"


@pytest.mark.parametrize("name", LOCK)
def test_a_recorded_stage_is_that_of_dvc_yaml(name: str) -> None:
    recorded = {"cmd": LOCK[name]["cmd"], "deps": [dep["path"] for dep in LOCK[name]["deps"]]}
    assert recorded == {part: STAGES[name][part] for part in recorded}, f"{name} of dvc.yaml is another one: {REMEDY}"
