"""Results do not depend on the number of shards: the commands of a finished run, with other shards."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from case_saliency.cli.main import build_parser
from tests.workflow.conftest import Project

SCORED = ("agreement", "fidelity", "curves", "similarity")
BATCH = 2  # images; the last batch of 13 images is a part of one


def recorded(tree: Project, stage: str, *within: str) -> tuple[Callable[[Any], None], Any]:
    """The function of a stage, and the arguments that it was called with in the tree."""
    folder = tree.root / "results/provenance" / stage
    [file] = [file for file in folder.rglob("*.json") if set(within) <= set(file.relative_to(folder).parts)]
    command = json.loads(file.read_text())["command"]
    arguments = build_parser([stage]).parse_args(command[1:])
    if "compute" in arguments.settings:
        arguments.settings["compute"]["batch_size"] = BATCH
    return arguments.module.run, arguments


def tables(tree: Project, count: int, folder: Path) -> dict[str, bytes]:
    """Draw maps in so many jobs, score and test them; return every table."""
    maps = []
    for family in ("gradient", "control"):
        run, told = recorded(tree, "attribute", family)
        for index in range(count):
            told.shard, told.maps = f"{index}-of-{count}", folder / family / f"{index}-of-{count}.nc"
            run(told)
            maps.append(told.maps)
    for scored in SCORED:
        run, told = recorded(tree, f"score_{scored}")
        told.maps, told.scores = maps, folder / f"{scored}.parquet"
        run(told)
    run, told = recorded(tree, "test_hypotheses")
    told.agreement_scores, told.fidelity_scores = [folder / "agreement.parquet"], [folder / "fidelity.parquet"]
    for name in ("agreement", "fidelity", "ranks", "pooled", "attrition"):
        setattr(told, name, folder / f"{name}.csv")
    run(told)
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


def test_tables_are_the_same_bytes_with_1_3_and_7_shards(
    analysed: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(analysed.root)
    made = {count: tables(analysed, count, tmp_path / str(count)) for count in (1, 3, 7)}
    assert len(made[1]) == 9
    assert made[1] == made[3] == made[7]
