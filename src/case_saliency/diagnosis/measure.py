"""Predictions and scores of a diagnosis: the study's own scores, image by image."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from case_saliency.attribution.result import Attribution
from case_saliency.datasets import images
from case_saliency.datasets.images import Transform
from case_saliency.diagnosis.folder import Folder
from case_saliency.diagnosis.options import Options
from case_saliency.diagnostic.agreement import COLUMNS as AGREEMENT_COLUMNS
from case_saliency.diagnostic.agreement import score_agreement
from case_saliency.errors import CaseSaliencyError
from case_saliency.fidelity.curves import COLUMNS as CURVES_COLUMNS
from case_saliency.fidelity.curves import PerturbationCurves
from case_saliency.fidelity.drop import COLUMNS as FIDELITY_COLUMNS
from case_saliency.fidelity.drop import ConfidenceDrop
from case_saliency.models.predict import predict

if TYPE_CHECKING:
    import pandas as pd

EXPERIMENT = "diagnosis"
"""Name of the experiment in tables."""

Progress = Callable[[Iterable[Any], int, str], Iterable[Any]]


@dataclass(frozen=True)
class Reader:
    """Reads the images of a folder in batches, as often as they are needed."""

    folder: Folder
    transform: Transform
    batch_size: int
    progress: Progress

    def batches(self, done: str) -> Iterable[tuple[list[str], Tensor]]:
        """Yield image ids and inputs; `done` says for the progress what becomes of the batches."""
        rows = self.folder.manifest
        found = images.batches(self.folder.path, rows, self.transform, self.batch_size)
        return self.progress(found, math.ceil(len(rows) / self.batch_size), done)


@dataclass(frozen=True)
class Scores:
    """Scores before any aggregate, with the columns that the study's tables have; `curves` only where asked for."""

    agreement: "pd.DataFrame"
    fidelity: "pd.DataFrame"
    curves: "pd.DataFrame | None" = None


def predictions(module: nn.Module, reader: Reader) -> "pd.DataFrame":
    """Classify the images (see `predict.predict`), and say which of them count: `qualified`.

    With labels these are the correctly classified ones. Without labels all count, and `label` and `correct` are missing
    values.

    Raises
    ------
    CaseSaliencyError
        If a logit is not finite, or no image is classified correctly.
    """
    import pandas as pd

    manifest = reader.folder.manifest
    labelled = bool(reader.folder.class_names)
    labels = dict(zip(manifest["image_id"], manifest["label"].clip(lower=0), strict=True))
    table = predict(module, reader.batches("batches classified"), labels)
    table = table.astype({"label": "Int64", "correct": "boolean"})
    if not labelled:
        table[["label", "correct"]] = pd.NA
    table["qualified"] = table["correct"].fillna(value=True).astype(bool)
    if not table["qualified"].any():
        raise CaseSaliencyError(
            f"images: none of {len(table)} is classified as its class folder says; check the folders' names and order "
            "(--class-names) and the preparation (--input-size, --mean, --std), or put the images side by side"
        )
    return table


def scores(
    module: nn.Module, maps: Attribution, classified: "pd.DataFrame", reader: Reader, options: Options, model: str
) -> Scores:
    """Score the agreement (RQ1) and the fidelity (RQ2) of all maps, and the perturbation curves that are asked for.

    Parameters
    ----------
    maps
        Maps of the two most likely classes of each image.
    classified
        As `predictions` returns it.
    model
        Name of the network in the tables.
    """
    names: dict[str, Any] = {
        "experiment": EXPERIMENT,
        "dataset": reader.folder.path.resolve().name,
        "model": model,
        "seed": 0,
    }
    device = next((parameter.device for parameter in module.parameters()), torch.device("cpu"))

    def predict_logits(batch: Tensor) -> Tensor:
        logits: Tensor = module(batch.to(device))
        return logits

    common: dict[str, Any] = {"predict_logits": predict_logits, "seed": options.seed, "batch_size": reader.batch_size}
    drop = ConfidenceDrop(k_percents=options.removed, fills=options.fills, **common)
    curves = PerturbationCurves(curves=options.curves, steps=options.steps, **common)
    points = _perturbed(curves, maps, classified, reader, "batches followed") if options.curves else None
    return Scores(
        _agreement(maps, classified, reader, options).assign(**names)[list(AGREEMENT_COLUMNS)],
        _perturbed(drop, maps, classified, reader, "batches ablated").assign(**names)[list(FIDELITY_COLUMNS)],
        None if points is None else points.assign(**names)[list(CURVES_COLUMNS)],
    )


def _agreement(maps: Attribution, classified: "pd.DataFrame", reader: Reader, options: Options) -> "pd.DataFrame":
    import pandas as pd

    size = reader.transform.input_size
    tables = [
        score_agreement(
            values,
            image_ids=maps.image_ids,
            targets=maps.classes,
            qualified=classified["qualified"].to_numpy(),
            input_size=(size, size),
            k_percents=[options.k_percent],
            ties=options.ties,
        ).assign(layer=layer, method=method)
        for layer, methods in maps.maps.items()
        for method, values in methods.items()
    ]
    return pd.concat(tables, ignore_index=True)


def _perturbed(
    test: Callable[..., "pd.DataFrame"], maps: Attribution, classified: "pd.DataFrame", reader: Reader, done: str
) -> "pd.DataFrame":
    """Measure a fidelity test on the maps of both classes, batch by batch."""
    import pandas as pd

    tables, start = [], 0
    for image_ids, inputs in reader.batches(done):
        part = slice(start, start + len(image_ids))
        start = part.stop
        rows = classified[part]
        for layer, methods in maps.maps.items():
            table = test(
                inputs,
                {method: values[part] for method, values in methods.items()},
                image_ids=image_ids,
                class_index=rows[["top1", "top2"]].to_numpy(),
                qualified=rows["qualified"].to_numpy(),
            )
            tables.append(table.assign(layer=layer))
    return pd.concat(tables, ignore_index=True)
