"""Replay defect 9 of the released code on the digits: networks of the last epoch, not of the best one.

    python docs/last_epoch.py

Needs a finished run of `digits` in this folder. Trains each network again and checks that the best epoch's weights are
the run's own; then repeats the commands of the run's records, from the predictions to the tables, in a scratch folder
whose networks have the weights of the last epoch. Writes what moves to docs/results/last-epoch.csv, in the columns of
`defects.csv`.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd
import torch

from case_saliency.datasets import sources
from case_saliency.models import building, devices, pixels, train, zoo
from case_saliency.models.recipe import Recipe
from case_saliency.storage import read_json, read_tensors, sha256, write_json, write_tensors
from case_saliency.storage.tables import read_table, write_table

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/results/last-epoch.csv"
EXPERIMENT = DATASET = "digits"
STAGES = ("predict", "estimate_confusion", "attribute", "score_agreement", "score_fidelity", "test_hypotheses")
ALPHA, MEASURE, K_REMOVED, FILL = 0.05, "drop_relative_clipped", 5, "mean"  # as in analysis `defects`
_CELL = ["model", "seed", "layer", "method"]


def last_epoch(folder: Path) -> dict[str, torch.Tensor]:
    """Train the network of a folder again and return the weights of the last epoch.

    Raises
    ------
    SystemExit
        If the best epoch's weights are not those of the folder: then it is another training.
    """
    told = read_json(folder / "model.json")
    spec, manifest = zoo.find(told["model"]), ROOT / "data" / DATASET / "manifest.csv"
    table = read_table(manifest)
    images, chosen = (pixels.read(manifest.parent, table, split, spec.transform) for split in ("train", "validation"))
    mean, std = images.moments()
    with train.seeded(train.derived(told["seed"], "initial weights")):
        network = building.build(spec, sources.find(DATASET).n_classes)
    recipe = Recipe.from_dict(told["weights"]["recipe"])
    with devices.exactly(deterministic=True):
        normalise = pixels.Normalise(mean, std, torch.device("cpu"))
        found = train.train(network, images, chosen, normalise, recipe, told["seed"])
    kept = read_tensors(folder / "weights.safetensors")
    if not all(torch.equal(found.tensors[name], value) for name, value in kept.items()):
        raise SystemExit(f"{folder}: another training than the one that was run; the machine's arithmetic differs")
    return {name: value.detach().clone() for name, value in network.state_dict().items()}


def replay(scratch: Path) -> None:
    """Repeat the run in a scratch folder with the weights of the last epochs."""
    shutil.copytree(ROOT / "data" / DATASET, scratch / "data" / DATASET)
    shutil.copytree(ROOT / "models" / DATASET, scratch / "models" / DATASET)
    selection = Path("results/predictions") / EXPERIMENT / "selection.csv"
    (scratch / selection.parent).mkdir(parents=True)
    shutil.copy2(ROOT / selection, scratch / selection)
    shutil.copy2(ROOT / "requirements.lock", scratch)
    for file in sorted((scratch / "models" / DATASET).glob("*/seed*/weights.safetensors")):
        print(f"training {file.parent.relative_to(scratch / 'models')}", flush=True)
        write_tensors(last_epoch(ROOT / file.parent.relative_to(scratch)), file)
        described = read_json(file.with_name("model.json"))
        described["weights"]["sha256"] = sha256(file)
        write_json(described, file.with_name("model.json"))
    for stage in STAGES:
        for record in sorted((ROOT / "results/provenance" / stage).rglob("*.json")):
            if EXPERIMENT in record.parts:
                print(record.relative_to(ROOT / "results/provenance"), flush=True)
                _repeat(read_json(record)["command"][1:], scratch)


def _repeat(arguments: list[str], scratch: Path) -> None:
    command = [sys.executable, "-m", "case_saliency.cli.main", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    subprocess.run(command, cwd=scratch, env=environment, check=True)  # noqa: S603 (commands of our own records)


def moved(without: Path, replayed: Path) -> pd.DataFrame:
    """Set the tables of the replay beside those of the run, in the columns of `defects.csv`."""
    parts = []
    for folder in (without, replayed):
        agreement = read_table(folder / "agreement.csv")
        agreement = agreement.rename(columns={"median_agreement": "value", "p_wilcoxon": "p"}).assign(
            outcome="agreement"
        )
        drop = read_table(folder / "fidelity.csv")
        drop = drop[(drop["measure"] == MEASURE) & (drop["fill"] == FILL) & (drop["k_percent"] == K_REMOVED)]
        drop = drop.rename(columns={"mean": "value", "p_vs_case": "p"}).assign(outcome="drop")
        both = pd.concat([agreement, drop])[[*_CELL, "outcome", "n", "value", "p", "role"]]
        parts.append(both.assign(significant=both["p"] < ALPHA))
    keys = [*_CELL, "outcome", "role"]
    table = parts[1].merge(parts[0], on=keys, suffixes=("", "_without"), validate="one_to_one")
    table.insert(0, "experiment", EXPERIMENT)
    return table.assign(
        defect="last_epoch",
        number=9,
        change=table["value"] - table["value_without"],
        flipped=table["significant"] != table["significant_without"],
    )


def main() -> None:
    """Write the table."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory(prefix="case-saliency-") as folder:
        replay(Path(folder))
        tables = Path("results/tables") / EXPERIMENT
        write_table(moved(ROOT / tables, Path(folder) / tables), PAGE)


if __name__ == "__main__":
    main()
