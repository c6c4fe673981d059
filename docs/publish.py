"""Publish the tables of a finished run as the reference results, and write the README's tables from them.

    python -m docs.publish

Copies `results/tables/<experiment>/*.csv`, the verdicts on the claims and small copies of the figures to
`docs/results/<experiment>/` for every experiment that has its markers in README.md, replaces what stands between them,
and writes a page of each experiment and the answer over all of them. One that has no results here stays as it was
published. `tests/docs` fails where README or page and the published tables differ.
"""

import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from case_saliency.cli.captions import choices
from case_saliency.datasets.sources import DATASETS
from case_saliency.report.claims.view import PUBLISHED as EXPERIMENTS
from case_saliency.report.claims.writing import answer, markdown
from case_saliency.report.paper.page import page as side_by_side
from case_saliency.report.paper.side_by_side import consistency
from case_saliency.storage import read_json, write_text
from case_saliency.storage.tables import read_table, write_table
from docs.published_defects import conclusions, defects_table
from docs.published_jobs import last_epoch, times, times_table, trainings, trainings_table
from docs.published_tables import render, render_seeds
from workflow.publishing import experiment_page, figure

ROOT = Path(__file__).resolve().parents[1]
TABLES = ROOT / "results/tables"
CLAIMS = ROOT / "results/claims"
FIGURES = ROOT / "results/figures"
PUBLISHED = ROOT / "docs/results"
README = ROOT / "README.md"
TRAININGS, TIMES = PUBLISHED / "trainings.csv", PUBLISHED / "times.csv"
LAST_EPOCH = PUBLISHED / "last-epoch.csv"
"""Written by docs/last_epoch.py."""
RENDERED = ("summary", "agreement", "fidelity")


def published(experiment: str) -> str:
    """Return the rendering of an experiment's published tables."""
    tables = [read_table(PUBLISHED / experiment / f"{name}.csv") for name in RENDERED]
    return (render_seeds if len(set(tables[0]["seed"])) > 1 else render)(*tables)


def replace(readme: str, experiment: str, table: str) -> str:
    """Return the README's text with `table` between the markers of an experiment."""
    begin, end = (f"<!-- {experiment}:{place} -->" for place in ("begin", "end"))
    before, _, rest = readme.partition(begin)
    _, _, after = rest.partition(end)
    return f"{before}{begin}\n{table}\n{end}{after}"


def page(experiment: str) -> str:
    """Return the page of an experiment, from what is published of it."""
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    data = DATASETS[params["experiments"][experiment]["dataset"]].description
    return experiment_page(PUBLISHED / experiment, published(experiment), choices(params, experiment), data)


def records() -> list[dict[str, Any]]:
    """Return the published verdicts on the claims, of all experiments."""
    return [one for name in EXPERIMENTS for one in read_json(PUBLISHED / name / "claims.json")["claims"]]


def views() -> dict[str, str]:
    """Return the pages over all experiments by their name: the claims, and the paper's tables with ours."""
    tables: dict[str, dict[str, pd.DataFrame]] = {}
    for experiment in EXPERIMENTS:
        for name in ("paper", "pooled", "activity"):
            tables.setdefault(name, {})[experiment] = read_table(PUBLISHED / experiment / f"{name}.csv")
    threshold = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))["diagnostic"]["threshold"]
    beside = side_by_side(tables["paper"], tables["pooled"], tables["activity"], consistency(), threshold)
    return {"claims.md": markdown(records()), "side-by-side.md": beside}


def blocks() -> dict[Path, dict[str, str]]:
    """Return what stands between markers of the pages, beside the README's tables: page -> name -> text."""
    told = answer(records())
    defects = {name: read_table(PUBLISHED / name / "defects.csv") for name in EXPERIMENTS}
    replayed, trained = read_table(LAST_EPOCH), read_table(TRAININGS)
    return {
        README: {"answer": told},
        PUBLISHED / "README.md": {"answer": told},
        ROOT / "docs/training.md": {"trainings": trainings_table(trained)},
        ROOT / "docs/experiments.md": {"times": times_table(read_table(TIMES))},
        ROOT / "docs/analyses/defects.md": {
            "defects": defects_table(defects),
            "conclusions": conclusions(defects),
            "last-epoch": last_epoch(replayed, trained),
        },
    }


def _publish_jobs() -> None:
    """Replace what is published of the trainings and jobs of the experiments that have results here."""
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    for file in (TRAININGS, TIMES):
        known, parts = read_table(file), []
        for experiment in EXPERIMENTS:
            dataset = params["experiments"][experiment]["dataset"]
            if not (TABLES / experiment).is_dir():
                parts.append(known[known["experiment"] == experiment])
            elif file is TIMES:
                parts.append(times(experiment, dataset, ROOT / "results/provenance"))
            else:
                parts.append(trainings(experiment, ROOT / "models" / dataset, ROOT / "results/confusion" / dataset))
        write_table(pd.concat([part for part in parts if len(part)], ignore_index=True), file)


def main() -> None:
    """Publish."""
    for experiment in EXPERIMENTS:
        folder = PUBLISHED / experiment
        if not (TABLES / experiment).is_dir():
            print(f"{experiment}: no results here, what is published stays")
            continue
        shutil.rmtree(folder, ignore_errors=True)  # a table that is made no longer is published no longer
        folder.mkdir(parents=True)
        for file in sorted((TABLES / experiment).glob("*.csv")):
            shutil.copyfile(file, folder / file.name)
        shutil.copyfile(CLAIMS / f"{experiment}.json", folder / "claims.json")
        (folder / "figures").mkdir()
        for file in sorted((FIGURES / experiment).glob("*.png")):
            (folder / "figures" / file.name).write_bytes(figure(file))
        write_text(page(experiment), folder / "README.md")
        write_text(replace(README.read_text(encoding="utf-8"), experiment, published(experiment)), README)
    _publish_jobs()
    for name, text in views().items():
        write_text(text, PUBLISHED / name)
    for file, parts in blocks().items():
        for name, text in parts.items():
            write_text(replace(file.read_text(encoding="utf-8"), name, text), file)


if __name__ == "__main__":
    main()
