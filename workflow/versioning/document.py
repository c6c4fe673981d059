"""dvc.yaml: stages, plots and artifacts, from the plan of the workflow."""

import argparse
import difflib
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from workflow.versioning import plan, writing
from workflow.versioning.stages import Stage, definition, stages

FILE = Path("dvc.yaml")

HEADER = """\
# Written from the Snakefile by `make dvc.yaml`; `make check` holds the two together. A stage is a step of the study for
# one data set or experiment: those that run, and the published ones. docs/versioning.md tells how to use it.
"""


def text(found: Sequence[Stage]) -> str:
    """Return dvc.yaml for some stages."""
    content = {
        "stages": {stage.name: definition(stage) for stage in found},
        "plots": [plot for stage in found for plot in _plots(stage)],
        "artifacts": dict(artifact for stage in found for artifact in _artifacts(stage.files)),
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


def write(found: Sequence[Stage], root: Path) -> bool:
    """Write dvc.yaml for stages; return whether that changed it."""
    content, file = text(found), root / FILE
    if file.exists() and file.read_text(encoding="utf-8") == content:
        return False
    writing.whole(file, content.encode())
    return True


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `make dvc.yaml`, or compare only."""
    parser = argparse.ArgumentParser(prog="python -m workflow.versioning.document", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if dvc.yaml is not up to date")
    checked = parser.parse_args(arguments).check
    try:
        found = stages(plan.read(Path()))
    except plan.PlanError as error:
        print(error, file=sys.stderr)
        return 1
    if not checked:
        print("dvc.yaml was written anew" if write(found, Path()) else "dvc.yaml is up to date")
        return 0
    old = FILE.read_text(encoding="utf-8").splitlines() if FILE.exists() else []
    rows = list(difflib.unified_diff(old, text(found).splitlines(), "dvc.yaml", "the Snakefile", lineterm="", n=1))
    print("\n".join(rows[:40]) or "dvc.yaml: as the Snakefile says")
    return bool(rows)


if __name__ == "__main__":
    sys.exit(main())
