"""What is published of a finished experiment: its page and its figures, written from its tables and verdicts."""

from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image, PngImagePlugin
from scipy.spatial import cKDTree

from case_saliency.analyses import ANALYSES
from case_saliency.cli.captions import every_caption
from case_saliency.report.answer import answer as in_words
from case_saliency.report.claims.ledger import CLAIMS, VERDICTS
from case_saliency.report.claims.writing import sentence
from case_saliency.report.content import Experiment, Settings
from case_saliency.storage import read_json
from case_saliency.storage.tables import read_table

WIDTH = 1200  # pixels: what a page shows
COLOURS = 128

_INTRODUCTION = """\
# {name}: results

Written by `make publish` from the tables beside this page; do not edit. [What the experiment is](../../experiments.md),
[what the numbers mean](../../statistics.md), [all published results](../README.md)."""


def experiment_page(folder: Path, answer: str, settings: Settings, data: str) -> str:
    """Return the page of a published experiment.

    Parameters
    ----------
    folder
        The published folder, with tables, `claims.json` and `figures/`.
    answer
        The table of both questions, as the README has it.
    settings
        The experiment's choices, for the captions.
    data
        What its images are.
    """
    tables = {file.stem: read_table(file) for file in sorted(folder.glob("*.csv"))}
    parts = [
        _INTRODUCTION.format(name=folder.name),
        *_answer(folder.name, tables, settings, data),
        "## Methods and networks",
        answer,
        "## Claims of the paper",
        *_claims(read_json(folder / "claims.json")["claims"]),
        "## Tables",
        "\n".join(f"- [{name}]({name}.csv): {len(table):,} rows" for name, table in tables.items()),
        "## Figures",
        *_figures(folder / "figures", tables, settings),
    ]
    return "\n\n".join(parts) + "\n"


def _answer(name: str, tables: Mapping[str, pd.DataFrame], settings: Settings, data: str) -> list[str]:
    """Return the answer in the report's words, and how sure it is."""
    told = in_words(
        Experiment(
            name,
            data,
            tables["agreement"],
            tables["fidelity"],
            tables["attrition"],
            figures=(),
            settings=settings,
            cross_deletion=tables.get("cross_deletion"),
            analyses={one: tables[one] for one in ANALYSES if one in tables},
        )
    )
    bullets = "\n".join(f"- {text}" for text in (*told.sensitivity, *told.fidelity))
    return [
        "## Answer",
        f"**{told.headline}**" + (f" {told.built_in}" if told.built_in else ""),
        f"Data: {data}.",
        bullets,
        "### How sure, and on what data",
        "\n".join(f"- {text}" for text in told.limits),
    ]


def _claims(records: Sequence[Mapping[str, Any]]) -> list[str]:
    lines = ["| claim | the paper | here | verdict |", "| --- | --- | --- | --- |"]
    for record in records:
        ours = f"{sentence(record['ours'])} (n = {record['n']})" if record["ours"] else "–"
        verdict = f"{VERDICTS[record['verdict']]} {record['verdict']}{'*' if record['scope'] == 'other' else ''}"
        cells = (f"{record['id']}: {CLAIMS[record['id']].text}", record["paper"], ours, verdict.replace("*", "\\*"))
        lines.append(f"| {' | '.join(cells)} |")
    note = (
        "An asterisk marks networks or data other than the claim's: there the same rule decides on what stands for "
        "them. Rules and reasons: [claims](../../claims.md), `claims.json` beside this page."
    )
    return ["\n".join(lines), note]


def _figures(folder: Path, tables: Mapping[str, pd.DataFrame], settings: Settings) -> list[str]:
    told = every_caption(tables, settings)
    return [
        f"### {title}\n\n![{title}](figures/{name}.png)\n\n{caption}"
        for name, (title, caption) in told.items()
        if (folder / f"{name}.png").exists()
    ]


def figure(path: Path) -> bytes:
    """Return a figure as a page shows it: a PNG file of fewer pixels and colours, with its record's id.

    The figures themselves, vector files among them, are made by the workflow or brought back by `make restore`.
    """
    with Image.open(path) as image:
        record = str(image.info["Record"])
        height = round(image.height * WIDTH / image.width)
        small = image.convert("RGB").resize((WIDTH, height), Image.Resampling.LANCZOS)
    note = PngImagePlugin.PngInfo()
    note.add_text("Record", record)
    found = BytesIO()
    few_colours(small).save(found, "PNG", optimize=True, pnginfo=note)
    return found.getvalue()


def few_colours(image: Image.Image) -> Image.Image:
    """Return an RGB image with at most `COLOURS` colours, the most frequent ones as they are.

    A palette that is only spread over all colours tints areas of one colour, such as grey bands. Half of it are
    therefore the colours of most pixels; the other half covers the rest, which keeps the rare colours of marks.
    """
    pixels = np.asarray(image).reshape(-1, 3)
    colours, index, counts = np.unique(pixels, axis=0, return_inverse=True, return_counts=True)
    frequent = colours[np.argsort(-counts, kind="stable")[: COLOURS // 2]]
    spread = image.quantize(COLOURS // 2, Image.Quantize.MAXCOVERAGE).getpalette() or []
    palette = np.concatenate([frequent, np.array(spread, dtype=np.uint8).reshape(-1, 3)[: COLOURS // 2]])
    nearest = np.asarray(cKDTree(palette.astype(float)).query(colours.astype(float))[1])
    few = Image.fromarray(nearest[index].astype(np.uint8).reshape(image.height, image.width), "P")
    few.putpalette(palette.tobytes())
    return few
