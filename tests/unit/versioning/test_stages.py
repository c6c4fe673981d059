"""Stages from jobs, and what is decided about them, without Snakemake or DVC."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest
import yaml
from dvc.utils.hydra import apply_overrides

from workflow.versioning import commit, gates, objects, restore, stages
from workflow.versioning.plan import Job, Plan
from workflow.versioning.reading import Readings, shortest

ROOT = Path(__file__).resolve().parents[3]
PARAMS = {"run": ["tiny"], "experiments": {"tiny": {"dataset": "set"}, "other": {"dataset": "set"}}}


def job(rule, inputs, outputs, params=(), pending=""):
    return Job(rule, f"workflow/rules/{rule}.smk", tuple(inputs), tuple(outputs), frozenset(params), pending, "")


@pytest.fixture
def plan():
    jobs = (
        job("fetch", ["src/fetch.py"], ["data/set/manifest.csv"], [("datasets",)]),
        job("predict", ["data/set/manifest.csv"], ["results/predictions/tiny/a.parquet"], [("seed",)]),
        job("attribute", ["results/predictions/tiny/a.parquet"], ["results/saliency/tiny/a.nc"], [("methods", "case")]),
        job("attribute", ["src/own.py"], ["results/saliency/tiny/b.nc"], [("methods",)], "Missing output files"),
        job("summarise", ["results/saliency/tiny/b.nc"], ["results/metrics/tiny.json"]),
    )
    made = [("data", "set"), ("predictions", "tiny"), ("saliency", "tiny"), ("tables", "tiny")]
    return Plan(PARAMS, jobs, {key: frozenset({("experiments", "tiny", "models")}) for key in made})


def test_a_stage_is_the_jobs_of_one_folder(plan):
    found = {stage.name: stage for stage in stages.stages(plan)}
    saliency = found["saliency-tiny"]
    assert saliency.rules == ("attribute",)
    assert set(saliency.deps) == {
        "results/predictions/tiny",
        "src/own.py",
        "workflow/rules/attribute.smk",
        *stages.SHARED,
    }
    assert saliency.params == ("experiments.tiny.models", "methods")
    assert saliency.pending == {"results/saliency/tiny/b.nc": "Missing output files"}
    assert saliency.command == "snakemake --allowed-rules attribute saliency-tiny -- saliency-tiny"


def test_metrics_stay_with_git(plan):
    tables = next(stage for stage in stages.stages(plan) if stage.name == "tables-tiny")
    entry = stages.definition(tables)
    assert entry["outs"] == ["results/tables/tiny"]
    assert entry["metrics"] == [{"results/metrics/tiny.json": {"cache": False}}]


def test_a_file_of_no_step_is_named(plan):
    lost = job("draw", [], ["results/elsewhere/x.png"])
    with pytest.raises(ValueError, match=r"rule draw makes results/elsewhere/x\.png, which belongs to no step"):
        stages.stages(Plan(plan.params, (*plan.jobs, lost), plan.stages))


def test_stages_of_an_experiment_are_its_own_and_those_of_its_data(plan):
    found = stages.stages(plan)
    assert [stage.name for stage in stages.of(plan, found)] == [stage.name for stage in found]
    with pytest.raises(ValueError, match="other: no stages; choose from tiny"):
        stages.of(plan, found, ["other"])


def test_what_reads_something_unfinished_is_not_finished(plan):
    found = stages.stages(plan)
    assert {stage.name for stage in stages.finished(found, [])} == {"data-set", "predictions-tiny"}
    assert stages.finished(found, found) == found


def test_the_last_stages_with_all_before_them_are_all(plan):
    assert stages.last(stages.stages(plan)) == ["tables-tiny"]


@pytest.mark.parametrize(
    ("part", "value", "expected"),
    [
        ("outs", [{"path": "x", "md5": "2"}], ["a"]),
        ("params", {"params.yaml": {"k": 2}}, []),
        ("deps", [{"path": "y", "md5": "2"}], []),
        ("cmd", "other", []),
    ],
)
def test_other_outputs_are_unexplained_if_nothing_else_changed(part, value, expected):
    entry = {
        "cmd": "run",
        "deps": [{"path": "y", "md5": "1"}],
        "params": {"params.yaml": {"k": 1}},
        "outs": [{"path": "x", "md5": "1"}],
    }
    changed = {**entry, "outs": [{"path": "x", "md5": "2"}], part: value}
    assert commit.unexplained({"a": entry}, {"a": changed}, ["a", "new"]) == expected
    assert commit.unexplained({"a": entry}, {"a": entry}, ["a"]) == []


def test_what_differs_is_made_again_by_names_that_snakemake_knows(plan):
    jobs = (
        *plan.jobs,
        job("fetch", [], ["data/set/images", "data/set/exclusions.csv"]),
        *(job("attribute", [], [f"results/saliency/tiny/{number}.nc"]) for number in range(gates.SHOWN)),
    )
    found = stages.stages(Plan(plan.params, jobs, plan.stages))
    assert commit.forced(found, ["results/metrics/tiny.json"]) == ["results/metrics/tiny.json"]
    assert commit.forced(found, ["data/set/images/cats/a.jpg", "data/set/images/b.jpg"]) == ["data/set/images"]
    whole = ["data/set/exclusions.csv", "data/set/images", "data/set/manifest.csv"]
    assert commit.forced(found, ["data/set"]) == whole
    assert commit.forced(found, ["results/saliency/tiny", "data/set"]) == ["attribute", "fetch"]


@pytest.fixture
def entry(plan, tmp_path):
    """The stage `predictions-tiny` and its entry in dvc.lock, current in `tmp_path`."""
    stage = next(stage for stage in stages.stages(plan) if stage.name == "predictions-tiny")
    for path in stage.deps:
        if path.startswith(("src/", "workflow/", "requirements")):
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(path)
    deps = [{"path": path, "md5": objects.md5(tmp_path / path) or "data"} for path in stage.deps]
    outs = [{"path": path, "md5": "1"} for path in stage.outs]
    values = {"seed": 0, "experiments.tiny.models": ["a"]}
    return stage, {"cmd": stage.command, "deps": deps, "outs": outs, "params": {"params.yaml": values}}


NOW = {"seed": 0, "experiments": {"tiny": {"models": ["a"]}}}


def test_an_entry_holds_while_nothing_changed(entry, tmp_path):
    assert restore.outdated(*entry, NOW, tmp_path) == ""


def test_an_entry_does_not_hold_after_any_change(entry, tmp_path):
    stage, recorded = entry
    assert restore.outdated(stage, None, NOW, tmp_path) == "not in dvc.lock"
    assert "command" in restore.outdated(stage, {**recorded, "cmd": "other"}, NOW, tmp_path)
    assert "reads other files" in restore.outdated(stage, {**recorded, "deps": recorded["deps"][1:]}, NOW, tmp_path)
    assert "outputs" in restore.outdated(stage, {**recorded, "outs": []}, NOW, tmp_path)
    assert restore.outdated(stage, recorded, {**NOW, "seed": 1}, tmp_path) == "changed since: params.yaml, seed"
    (tmp_path / "workflow/rules/predict.smk").write_text("other")
    assert restore.outdated(stage, recorded, NOW, tmp_path) == "changed since: workflow/rules/predict.smk"


def test_what_reads_a_lost_stage_or_was_made_from_another_one_is_lost(plan):
    found = stages.stages(plan)

    def entries(read):
        return {
            stage.name: {
                "deps": [{"path": dep, "md5": read if dep == "results/saliency/tiny" else "1"} for dep in stage.deps],
                "outs": [{"path": out, "md5": "1"} for out in stage.outs],
            }
            for stage in found
        }

    assert restore.downstream({}, found, entries("1")) == {}
    lost = restore.downstream({"predictions-tiny": "gone"}, found, entries("1"))
    assert lost == {
        "predictions-tiny": "gone",
        "saliency-tiny": "reads predictions-tiny",
        "tables-tiny": "reads saliency-tiny",
    }
    assert set(restore.downstream({}, found, entries("2"))) == {"tables-tiny"}


def test_readings_are_of_what_was_read_and_no_more():
    params = Readings({"a": {"b": {"c": 1}, "d": 2}, "e": 3})
    assert params["a"]["b"]["c"] == 1
    assert "d" in params["a"]
    assert params.seen == {("a", "b", "c")}
    with pytest.raises(KeyError):
        params["a"]["x"]
    dict(params["a"]["b"])
    assert shortest(params.seen) == [("a",)]


def test_differing_files_are_named(tmp_path):
    def listing(content):
        digest = f"{hashlib.md5(content.encode(), usedforsecurity=False).hexdigest()}.dir"
        file = tmp_path / digest[:2] / digest[2:]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
        return {"outs": [{"path": "out", "md5": digest}]}, file

    def listed(*digits):
        return json.dumps([{"md5": digit * 32, "relpath": name} for digit, name in zip(digits, "xy", strict=True)])

    old, _ = listing(listed("1", "2"))
    new, file = listing(listed("1", "3"))
    assert objects.differing(old, new, tmp_path) == ["out/y"]
    assert objects.differing(old, {"outs": [{"path": "out", "md5": "cc1.dir"}]}, tmp_path) == ["out"]
    file.write_text(file.read_text()[:40])  # a listing that was cut off lists nothing
    assert objects.differing(old, new, tmp_path) == ["out"]


def test_params_can_be_set_by_dvc(tmp_path):
    """DVC rewrites the file with its comments; an anchored list with a comment on its line does not survive that."""
    shipped = yaml.safe_load((ROOT / "params.yaml").read_text())
    shutil.copy(ROOT / "params.yaml", tmp_path)
    apply_overrides(str(tmp_path / "params.yaml"), ["diagnostic.k_percent=1"])
    shipped["diagnostic"]["k_percent"] = 1
    assert yaml.safe_load((tmp_path / "params.yaml").read_text()) == shipped
