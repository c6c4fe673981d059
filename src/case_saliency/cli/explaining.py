"""What analyses share that explain images anew: a network, its images and predictions, one pass of the engine."""

import argparse
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from case_saliency import storage
from case_saliency.attribution import registry
from case_saliency.attribution.registry import Method
from case_saliency.cli.arguments import setting
from case_saliency.cli.loading import (
    add_confusion,
    load_batches,
    load_confusion,
    load_model,
    load_selection,
    network_modules,
)
from case_saliency.cli.maps import identify
from case_saliency.cli.perturbation import add_perturbation

if TYPE_CHECKING:
    import pandas as pd

    from case_saliency.attribution.result import Attribution

TARGETS = ("top1", "top2")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the inputs of an analysis that passes images through the network."""
    add_perturbation(parser)
    add_confusion(parser)


def modules(arguments: argparse.Namespace) -> list[str]:
    """Return the modules loaded by name: the methods and the network."""
    methods = registry.resolve(setting(arguments.settings, "methods"))
    return [*registry.modules(methods), *network_modules(arguments)]


def explain(
    arguments: argparse.Namespace, methods: Sequence[Method], layers: Sequence[str] | None
) -> "tuple[Attribution, pd.DataFrame, int]":
    """Explain both classes of all selected images.

    Parameters
    ----------
    arguments
        Those of `configure`, with the settings compute and attribution.
    methods
        What to explain with.
    layers
        Names of target layers; None: every one in the network's description.

    Returns
    -------
    The engine's attribution, the predictions of its images in its order, and the side of the network's input in pixels.
    """
    from case_saliency.attribution import devices, engine

    compute = setting(arguments.settings, "compute")
    model = load_model(arguments, compute["device"])
    rows = load_selection(arguments)
    predictions = storage.read_table(arguments.predictions).set_index("image_id")
    found = engine.attribute(
        model.module,
        load_batches(arguments, rows, model.transform, compute["batch_size"]),
        {name: predictions.loc[name, list(TARGETS)].tolist() for name in rows["image_id"]},
        {name: model.target_layers[name] for name in layers or model.target_layers},
        methods,
        confusion=load_confusion(arguments),
        settings=devices.Settings(**setting(arguments.settings, "attribution")),
    )
    return found, predictions.loc[list(found.image_ids)], model.transform.input_size


def agreements(
    arguments: argparse.Namespace, found: "Attribution", predictions: "pd.DataFrame", input_size: int
) -> "pd.DataFrame":
    """Score the agreement of the two classes' maps for every layer and method of an attribution."""
    import pandas as pd

    from case_saliency.diagnostic.agreement import COLUMNS, score_agreement

    diagnostic: Mapping[str, Any] = setting(arguments.settings, "diagnostic")
    tables = []
    for layer, methods in found.maps.items():
        for method, maps in methods.items():
            table = score_agreement(
                maps,
                image_ids=found.image_ids,
                targets=found.classes,
                qualified=predictions["correct"].to_numpy(),
                input_size=(input_size, input_size),
                k_percents=[diagnostic["k_percent"]],
                ties=diagnostic["ties"],
            )
            tables.append(identify(table, arguments, layer=layer, method=method)[list(COLUMNS)])
    return pd.concat(tables, ignore_index=True)
