"""The text of dvc.yaml: stages, plots and artifacts, from the plan of the workflow."""

from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import Any

import yaml

from workflow.versioning.stages import Stage, definition

HEADER = """\
# Written from the Snakefile by `make dvc.yaml`; `make check` holds the two together. A stage is a step of the study for
# one data set or experiment: those that run, and the published ones. docs/versioning.md tells how to use it.
"""


def text(stages: Sequence[Stage]) -> str:
    """Return dvc.yaml for some stages."""
    content = {
        "stages": {stage.name: definition(stage) for stage in stages},
        "plots": [plot for stage in stages for plot in _plots(stage)],
        "artifacts": dict(artifact for stage in stages for artifact in _artifacts(stage.files)),
    }
    return HEADER + yaml.safe_dump(content, sort_keys=False, width=10**6)


def _plots(stage: Stage) -> Iterable[dict[str, Any]]:
    step, _, name = stage.name.partition("-")
    if step == "tables":
        folder = f"results/tables/{name}"
        yield _by_method(f"Agreement, {name}", f"{folder}/agreement.csv", "median_agreement", "Median agreement (%)")
        yield _by_method(f"Confidence drop, {name}", f"{folder}/fidelity.csv", "mean", "Mean confidence drop")
    histories = [file for file in stage.files if file.endswith("/training.csv")]
    if step == "models" and histories:
        yield {
            f"Training, {name}": {
                "template": "linear",
                "x": "epoch",
                "y": dict.fromkeys(histories, "validation_accuracy"),
                "x_label": "Epoch",
                "y_label": "Validation accuracy",
            }
        }


def _by_method(title: str, file: str, column: str, label: str) -> dict[str, Any]:
    named = {"x": {file: column}, "y": {file: "method"}, "x_label": label, "y_label": "Method"}
    return {title: {"template": "by_method", **named}}


def _artifacts(files: Iterable[str]) -> Iterable[tuple[str, dict[str, Any]]]:
    for file in files:
        path = PurePosixPath(file)
        if path.name == "weights.safetensors":
            dataset, model, seed = path.parts[1:4]
            name = f"{dataset}-{model}-{seed}".lower().replace("_", "-")
            yield name, {"path": file, "type": "model", "desc": f"{model} for {dataset}, {seed}"}
