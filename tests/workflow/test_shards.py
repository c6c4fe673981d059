"""Results do not depend on the number of shards: the commands of a finished run, with other shards."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from case_saliency.cli.main import build_parser
from case_saliency.errors import CaseSaliencyError
from case_saliency.storage.columns import read_columns
from case_saliency.storage.tables import write_table
from tests.workflow.conftest import Project

FAMILIES = ("gradient", "control")
SCORED = ("agreement", "curves", "similarity")  # of all shards together
BATCH = 2  # images; the last batch of 13 images is a part of one


def recorded(tree: Project, stage: str, *within: str) -> tuple[Callable[[Any], None], Any]:
    """The function of a stage, and the arguments that it was called with in the tree, for its first shard."""
    folder = tree.root / "results/provenance" / stage
    file = min(file for file in folder.rglob("*.json") if set(within) <= set(file.relative_to(folder).parts))
    command = json.loads(file.read_text())["command"]
    arguments = build_parser([stage]).parse_args(command[1:])
    if "compute" in arguments.settings:
        arguments.settings["compute"]["batch_size"] = BATCH
    return arguments.module.run, arguments


def tables(tree: Project, count: int, folder: Path) -> dict[str, bytes]:
    """Draw maps, and measure drops, in so many jobs; score and test them; return every table."""
    shards = [f"{index}-of-{count}" for index in range(count)]
    for family in FAMILIES:
        run, told = recorded(tree, "attribute", family)
        for told.shard in shards:
            told.maps = folder / family / f"{told.shard}.nc"
            run(told)
    drops = []
    run, told = recorded(tree, "score_fidelity")
    for told.shard in shards:
        told.maps = [folder / family / f"{told.shard}.nc" for family in FAMILIES]
        told.scores = folder / "fidelity" / f"{told.shard}.parquet"
        run(told)
        drops.append(told.scores)
    maps = [folder / family / f"{shard}.nc" for family in FAMILIES for shard in shards]
    for scored in SCORED:
        run, told = recorded(tree, f"score_{scored}")
        told.maps, told.scores = maps, folder / f"{scored}.parquet"
        run(told)
    run, told = recorded(tree, "test_hypotheses")
    told.agreement_scores, told.fidelity_scores = [folder / "agreement.parquet"], drops
    for name in ("agreement", "fidelity", "ranks", "pooled", "attrition"):
        setattr(told, name, folder / f"{name}.csv")
    run(told)
    run, told = recorded(tree, "test_class_specificity")
    told.fidelity_scores, told.agreement = drops, folder / "agreement.csv"
    told.cross_deletion = folder / "cross_deletion.csv"
    run(told)
    write_table(read_columns(drops), folder / "fidelity.parquet")
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


def test_tables_are_the_same_bytes_with_1_3_and_7_shards(
    analysed: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(analysed.root)
    made = {count: tables(analysed, count, tmp_path / str(count)) for count in (1, 3, 7)}
    assert len(made[1]) == 10
    assert made[1] == made[3] == made[7]


@pytest.mark.parametrize(("shard", "told_of"), [("1-of-3", "have no map by"), ("0-of-9", "there is no image")])
def test_images_without_maps_and_empty_shards_are_refused(
    analysed: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shard: str, told_of: str
) -> None:
    monkeypatch.chdir(analysed.root)
    run, told = recorded(analysed, "attribute", "gradient")
    told.shard, told.maps = "0-of-3", tmp_path / "0-of-3.nc"
    run(told)
    run, told = recorded(analysed, "score_fidelity")
    told.settings["methods"] = ["case"]
    told.shard, told.maps, told.scores = shard, [tmp_path / "0-of-3.nc"], tmp_path / "scores.parquet"
    with pytest.raises(CaseSaliencyError, match=told_of):
        run(told)
    assert not told.scores.exists()
