"""Loads the photographs that the report shows, what every network says of them, and where all images come from."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from case_saliency import storage
from case_saliency.storage.columns import read_columns

if TYPE_CHECKING:
    import pandas as pd

    from case_saliency.report.content import Photograph, Source


def photographs(
    arguments: argparse.Namespace, name: str, selection: "pd.DataFrame", folder: Path
) -> "list[Photograph]":
    """Return the photographs that are shown of an experiment.

    Parameters
    ----------
    arguments
        Those of the stage `report`.
    name
        The experiment.
    selection
        The rows of its images.
    folder
        Of the data set's images.
    """
    import numpy as np
    from PIL import ImageOps

    from case_saliency.datasets import images
    from case_saliency.report import thumbnails
    from case_saliency.report.content import Photograph

    rows = thumbnails.shown(selection.to_dict("records"))
    said = _predictions(arguments, name, [row["image_id"] for row in rows])
    found = []
    for row in rows:
        picture = ImageOps.fit(images.read(folder, row), (256, 256))
        found.append(
            Photograph(
                image_id=row["image_id"],
                jpeg=thumbnails.jpeg(np.asarray(picture)),
                label_name=row["label_name"],
                predictions=said.get(row["image_id"], []),
            )
        )
    return found


def sources(selection: "pd.DataFrame") -> "list[Source]":
    """Return where the images of a selection come from; its column `source` may name a file after a "#"."""
    from case_saliency.report.content import Source

    collections = selection["source"].str.partition("#")[0]
    return [
        Source(str(name), len(rows), list(rows["licence"].unique())) for name, rows in selection.groupby(collections)
    ]


def _predictions(arguments: argparse.Namespace, name: str, images: list[str]) -> dict[str, list[str]]:
    """Image -> one line for each network, whatever its seed: its most likely class and the probability."""
    from case_saliency.figures.names import model_label
    from case_saliency.report.thumbnails import said

    dataset = arguments.settings["experiments"][name]["dataset"]
    classes = {}
    for file in arguments.descriptions:
        description = storage.read_json(file)
        if description["dataset"] != dataset:
            continue  # the same network, of other classes
        classes[description["model"], f"seed{description['seed']}"] = description["classes"]
    found: dict[str, dict[str, list[tuple[str, float]]]] = {}
    for file in arguments.predictions:
        if file.parent.parent.name != name:
            continue
        names = classes[file.parent.name, file.stem]
        shown = read_columns([file], ["image_id", "top1", "p_top1"], {"image_id": images})
        for row in shown.to_dict("records"):
            of_model = found.setdefault(row["image_id"], {}).setdefault(file.parent.name, [])
            of_model.append((names[row["top1"]], row["p_top1"]))
    return {
        image: [f"{model_label(model)}: {said(predictions)}" for model, predictions in models.items()]
        for image, models in found.items()
    }
