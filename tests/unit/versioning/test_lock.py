"""dvc.lock as it is committed was made by the code beside it, or the docs say of which entries that is not so."""

import re
from pathlib import Path

import pytest
import yaml

from workflow.versioning import lockfile, objects

ROOT = Path(__file__).resolve().parents[3]
LOCK = lockfile.locked(ROOT)
STAGES = yaml.load((ROOT / "dvc.yaml").read_bytes(), Loader=yaml.CSafeLoader)["stages"]
PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text())
OTHERS = set(PARAMS["experiments"]) - set(PARAMS["run"])
MADE = ("data/", "models/", "results/")
REMEDY = "run the experiment (its name under `run` in params.yaml: snakemake), make commit, then commit dvc.lock"


def other(name: str) -> str:
    """The experiment of a stage if it is none under `run`."""
    return next((experiment for experiment in OTHERS if name.endswith(f"-{experiment}")), "")


def changed(name: str) -> list[str]:
    """The source files of a stage that are not those that made what is recorded."""
    read = {dep["path"]: dep["md5"] for dep in LOCK[name]["deps"] if not dep["path"].startswith(MADE)}
    return sorted(path for path, digest in read.items() if objects.md5(ROOT / path) != digest)


def differs(name: str) -> bool:
    """Whether a stage of dvc.yaml is another one than the recorded one."""
    recorded = {"cmd": LOCK[name]["cmd"], "deps": [dep["path"] for dep in LOCK[name]["deps"]]}
    return recorded != {part: STAGES[name][part] for part in recorded}


OF_THE_RUN = [name for name in LOCK if not other(name)]


@pytest.mark.parametrize("name", OF_THE_RUN)
def test_a_recorded_stage_was_made_by_the_source_that_is_here(name: str) -> None:
    assert not changed(name), f"dvc.lock has {name} as other {', '.join(changed(name))} made it: {REMEDY}"


@pytest.mark.parametrize("name", OF_THE_RUN)
def test_a_recorded_stage_is_that_of_dvc_yaml(name: str) -> None:
    assert not differs(name), f"{name} of dvc.yaml is another one: {REMEDY}"


def test_the_docs_say_which_experiments_earlier_code_recorded() -> None:
    earlier = {other(name) for name in LOCK if other(name) and (differs(name) or changed(name))}
    told = re.search(r"Recorded by earlier code at present: (.*?)\.", (ROOT / "docs/versioning.md").read_text())
    assert told is not None
    assert set(re.findall(r"`(.*?)`", told[1])) == earlier, f"{REMEDY}; or tell it in docs/versioning.md"
