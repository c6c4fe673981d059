"""What is published of trainings, jobs and the last epoch's networks, on files whose answer is known."""

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd

from case_saliency.storage import write_json
from case_saliency.storage.tables import read_table, write_table

ROOT = Path(__file__).resolve().parents[2]


def _load(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


jobs, replay = _load("published_jobs"), _load("last_epoch")


def test_a_training_is_told_by_its_history_and_its_confusions(tmp_path):
    folder = tmp_path / "models/resnet_small/seed3"
    folder.mkdir(parents=True)
    write_table(pd.DataFrame({"validation_accuracy": [0.5, 0.9, 0.8]}), folder / "training.csv")
    told = {"best_epoch": 2, "validation_accuracy": 0.9}
    write_json({"model": "resnet_small", "seed": 3, "weights": told}, folder / "model.json")
    (tmp_path / "confusion/resnet_small").mkdir(parents=True)
    np.save(tmp_path / "confusion/resnet_small/seed3.npy", np.array([[3, 1], [0, 4]]))
    found = jobs.trainings("e", tmp_path / "models", tmp_path / "confusion")
    assert found.to_dict("records") == [
        {
            "experiment": "e", "model": "resnet_small", "seed": 3, "epochs": 3, "best_epoch": 2,
            "validation_accuracy": 0.9, "last_validation_accuracy": 0.8, "heldout_accuracy": 7 / 8,
        }
    ]  # fmt: skip
    assert jobs.trainings_table(found).splitlines()[2:] == ["| `e` | ResNet, small | 1 | 3 | 2 | 87.5% |"]


def test_minutes_are_summed_from_the_records_of_the_experiment_alone(tmp_path):
    def record(path, seconds):
        file = tmp_path / path
        file.parent.mkdir(parents=True)
        ended = f"2026-01-01T00:{seconds // 60:02}:{seconds % 60:02}+00:00"
        write_json({"started": "2026-01-01T00:00:00+00:00", "ended": ended}, file)

    record("train_model/models/d/net/seed0/weights.json", 120)
    record("attribute/saliency/e/net/seed0/maps.nc.json", 30)
    record("attribute/saliency/other/net/seed0/maps.nc.json", 600)
    record("score_layers/scores/e/layers/net.json", 60)
    record("test_layers/tables/e/layers.csv.json", 60)
    found = jobs.times("e", "d", tmp_path)
    minutes = {part: (count, minutes) for _, part, count, minutes in found.itertuples(index=False)}
    assert minutes == {"trainings": (1, 2), "maps": (1, 0.5), "analyses": (1, 1), jobs.REST: (1, 1)}
    assert jobs.times_table(found).splitlines()[-1] == "| together | 4: 4 |"


def tables(folder, shift):
    folder.mkdir()
    cell = {"model": "net", "seed": 0, "layer": "late", "n": 9}
    rows = [cell | {"method": name, "role": role} for name, role in (("case", "method"), ("random", "control"))]
    agreement = pd.DataFrame(rows).assign(median_agreement=10.0 + shift, p_wilcoxon=0.01 + shift)
    write_table(agreement, folder / "agreement.csv")
    drops = pd.DataFrame(rows).assign(measure="drop_relative_clipped", fill="mean", mean=0.25, p_vs_case=0.5)
    both = [drops.assign(k_percent=5.0), drops.assign(k_percent=50.0, mean=0.9)]
    write_table(pd.concat(both), folder / "fidelity.csv")


def test_the_replay_of_the_last_epoch_stands_beside_the_run(tmp_path):
    tables(tmp_path / "run", 0)
    tables(tmp_path / "replay", 0.5)
    found = replay.moved(tmp_path / "run", tmp_path / "replay").set_index(["outcome", "method"])
    row = found.loc[("agreement", "case")]
    assert (row["value"], row["value_without"], row["change"], row["flipped"]) == (10.5, 10, 0.5, True)
    assert found.loc[("drop", "case"), "value"] == 0.25
    trainings = pd.DataFrame({"experiment": ["digits"] * 3, "best_epoch": [6, 5, 6], "epochs": 6})
    assert jobs.last_epoch(found.reset_index(), trainings).splitlines() == [
        "- `digits`: the best epoch is the last one in 2 of 3 trainings.",
        "- Replayed on `digits`: median agreement +0.5 to +0.5 points; 1 of 1 decisions turn round (without controls).",
        "- Replayed on `digits`: mean drop +0.000 to +0.000; 0 of 1 decisions turn round (without controls).",
    ]


def test_the_published_replay_is_of_the_published_run():
    found = read_table(ROOT / "docs/results/last-epoch.csv")
    run = read_table(ROOT / "docs/results/digits/agreement.csv").set_index(["model", "seed", "layer", "method"])
    rows = found[found["outcome"] == "agreement"].set_index(["model", "seed", "layer", "method"])
    assert set(rows.index) == set(run.index)
    assert np.allclose(rows["value_without"], run.loc[rows.index, "median_agreement"])
    kept = read_table(ROOT / "docs/results/trainings.csv").query("experiment == 'digits' and best_epoch == epochs")
    same = rows.reset_index().merge(kept[["model", "seed"]])
    assert len(same)
    assert (same["change"] == 0).all()  # there nothing moves
