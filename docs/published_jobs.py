"""What is published of the jobs of a finished run: its trainings, and the time that its parts took."""

from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd

from case_saliency.analyses import ANALYSES
from case_saliency.figures.names import model_label, ordered_models
from case_saliency.report.ranges import spread
from case_saliency.storage import read_json
from case_saliency.storage.tables import read_table

_MOVED = {"agreement": "median agreement {:+.1f} to {:+.1f} points", "drop": "mean drop {:+.3f} to {:+.3f}"}
REST = "all else: predictions, confusions, agreement, statistics, claims, figures, report"
PARTS = {"train_model": "trainings", "attribute": "maps", "score_fidelity": "confidence drops"}
PARTS |= {f"score_{name}": "analyses" for name in (*ANALYSES, "curves")}


def trainings(experiment: str, models: Path, confusions: Path) -> pd.DataFrame:
    """Return a row for each training of an experiment: its epochs, the one that was kept, and accuracies.

    `heldout_accuracy` is that on the images that the confusions are estimated from.
    """
    rows = []
    for file in sorted(models.glob("*/seed*/training.csv")):
        history, told = read_table(file), read_json(file.with_name("model.json"))
        confusion = np.load(confusions / file.parts[-3] / f"{file.parts[-2]}.npy", allow_pickle=False)
        rows.append(
            {
                "experiment": experiment,
                "model": told["model"],
                "seed": told["seed"],
                "epochs": len(history),
                "best_epoch": told["weights"]["best_epoch"],
                "validation_accuracy": told["weights"]["validation_accuracy"],
                "last_validation_accuracy": history["validation_accuracy"].iloc[-1],
                "heldout_accuracy": np.trace(confusion) / confusion.sum(),
            }
        )
    return pd.DataFrame(rows)


def trainings_table(published: pd.DataFrame) -> str:
    """Return the trainings as a table of Markdown: a row for each experiment and network."""
    lines = ["| experiment | network | trainings | epochs | epoch that is kept | accuracy on held-out images |"]
    lines.append("| --- | --- | --: | --: | --: | --: |")
    for experiment, found in published.groupby("experiment", sort=False):
        for model in ordered_models(found["model"]):
            rows = found[found["model"] == model]
            epochs, kept = (spread(rows[name], "{:d}") for name in ("epochs", "best_epoch"))
            accuracy = spread(100 * rows["heldout_accuracy"], "{:.1f}%")
            lines.append(f"| `{experiment}` | {model_label(model)} | {len(rows)} | {epochs} | {kept} | {accuracy} |")
    return "\n".join(lines)


def times(experiment: str, dataset: str, records: Path) -> pd.DataFrame:
    """Return how many jobs an experiment had, by part, and their own minutes, summed from their records."""
    rows = []
    for file in sorted(records.rglob("*.json")):
        stage, *rest = file.relative_to(records).parts
        if {experiment, dataset} & {part.split(".")[0] for part in rest}:
            record = read_json(file)
            ended, started = (datetime.fromisoformat(record[name]) for name in ("ended", "started"))
            minutes = (ended - started).total_seconds() / 60
            rows.append({"part": PARTS.get(stage, REST), "jobs": 1, "minutes": minutes})
    summed = pd.DataFrame(rows).groupby("part", sort=False, as_index=False).sum()
    summed.insert(0, "experiment", experiment)
    return summed


def times_table(published: pd.DataFrame) -> str:
    """Return the times as a table of Markdown: a row for each part, a column for each experiment."""
    experiments = list(dict.fromkeys(published["experiment"]))
    told = {
        (one["part"], one["experiment"]): f"{one['jobs']}: {one['minutes']:.0f}" for one in published.to_dict("records")
    }
    lines = [f"| jobs: minutes | {' | '.join(f'`{name}`' for name in experiments)} |"]
    lines.append(f"| --- |{' --: |' * len(experiments)}")
    for part in dict.fromkeys([*PARTS.values(), REST]):
        cells = [told.get((part, name), "–") for name in experiments]
        lines.append(f"| {part} | {' | '.join(cells)} |")
    sums = published.groupby("experiment")[["jobs", "minutes"]].sum()
    together = [f"{sums.loc[name, 'jobs']:.0f}: {sums.loc[name, 'minutes']:.0f}" for name in experiments]
    return "\n".join([*lines, f"| together | {' | '.join(together)} |"])


def last_epoch(replayed: pd.DataFrame, published: pd.DataFrame) -> str:
    """Say where the last epoch is the best one, and what moves where it is not."""
    told = []
    for experiment, rows in published.groupby("experiment", sort=False):
        last = int((rows["best_epoch"] == rows["epochs"]).sum())
        told.append(f"- `{experiment}`: the best epoch is the last one in {last} of {len(rows)} trainings.")
    for outcome, form in _MOVED.items():
        rows = replayed[(replayed["outcome"] == outcome) & (replayed["role"] == "method")]
        tested = rows[rows["p"].notna() & rows["p_without"].notna()]
        moved = form.format(rows["change"].min(), rows["change"].max())
        told.append(
            f"- Replayed on `{replayed['experiment'].iloc[0]}`: {moved}; {int(tested['flipped'].sum())} of "
            f"{len(tested)} decisions turn round (without controls)."
        )
    return "\n".join(told)
