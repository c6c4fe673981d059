"""Loads the photographs that the report shows, and what every network says of them."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from case_saliency import storage
from case_saliency.storage.tables import read_table

if TYPE_CHECKING:
    import pandas as pd

    from case_saliency.report.content import Photograph


def photographs(
    arguments: argparse.Namespace, name: str, selection: "pd.DataFrame", folder: Path
) -> "list[Photograph]":
    """Return the photographs of an experiment.

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

    said = _predictions(arguments, name)
    found = []
    for row in selection.to_dict("records"):
        picture = ImageOps.fit(images.read(folder, row), (256, 256))
        found.append(
            Photograph(
                image_id=row["image_id"],
                jpeg=thumbnails.jpeg(np.asarray(picture)),
                label_name=row["label_name"],
                source=row["source"],
                licence=row["licence"],
                predictions=said.get(row["image_id"], []),
            )
        )
    return found


def _predictions(arguments: argparse.Namespace, name: str) -> dict[str, list[str]]:
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
        for row in read_table(file).to_dict("records"):
            of_model = found.setdefault(row["image_id"], {}).setdefault(file.parent.name, [])
            of_model.append((names[row["top1"]], row["p_top1"]))
    return {
        image: [f"{model_label(model)}: {said(predictions)}" for model, predictions in models.items()]
        for image, models in found.items()
    }
