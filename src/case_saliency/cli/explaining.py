"""What the analyses that draw maps of their own share: inputs, methods, and the engine as the experiment sets it."""

import argparse
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from case_saliency.analyses import ANALYSES
from case_saliency.attribution import registry
from case_saliency.attribution.registry import Method
from case_saliency.cli.arguments import setting
from case_saliency.cli.loading import add_confusion, load_batches, load_confusion, load_selection
from case_saliency.cli.maps import identify
from case_saliency.cli.networks import load_model, network_modules
from case_saliency.cli.perturbation import add_perturbation
from case_saliency.cli.predicted import load_predictions

if TYPE_CHECKING:
    import pandas as pd
    import torch

    from case_saliency.attribution.result import Attribution
    from case_saliency.models.networks import LoadedModel

    Explain = Callable[[Iterable[tuple[Sequence[str], torch.Tensor]], Mapping[str, Sequence[int]]], Attribution]

TARGETS = ("top1", "top2")
_IMAGES = 40  # whose maps are held at a time, by all methods at all layers


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the inputs of an analysis that passes images through the network."""
    add_perturbation(parser)
    add_confusion(parser)


def listed_methods(settings: dict[str, Any], analysis: str | None = None) -> list[Method]:
    """Return the experiment's methods that the analysis lists; all where it lists none, or has no section (None)."""
    names = setting(settings, analysis).get("methods") if analysis else None
    methods = registry.resolve(setting(settings, "methods"))
    return [method for method in methods if names is None or method.name in names]


def modules_of(analysis: str | None = None) -> Callable[[argparse.Namespace], list[str]]:
    """Return the function that names the modules loaded by name: the analysis' methods and the network."""

    def modules(arguments: argparse.Namespace) -> list[str]:
        own = registry.resolve(ANALYSES[analysis].methods if analysis else ())
        return [
            *registry.modules([*listed_methods(arguments.settings, analysis), *own]),
            *network_modules(arguments),
        ]

    return modules


def explainer(
    arguments: argparse.Namespace,
    model: "LoadedModel",
    methods: Sequence[Method],
    layers: Sequence[str] | None = None,
) -> "Explain":
    """Return the engine: batches, and image id -> classes, to their attribution.

    Parameters
    ----------
    arguments
        Those of `configure`, with the settings attribution and layers.
    model
        The network.
    methods
        What to explain with.
    layers
        Names of target layers; None: those of the settings.
    """
    from case_saliency.attribution import devices, engine

    paths = {name: model.target_layers[name] for name in layers or setting(arguments.settings, "layers")}
    chosen = devices.Settings(**setting(arguments.settings, "attribution"))
    confusion = load_confusion(arguments)

    def explain(
        batches: "Iterable[tuple[Sequence[str], torch.Tensor]]", classes: Mapping[str, Sequence[int]]
    ) -> "Attribution":
        return engine.attribute(model.module, batches, classes, paths, methods, confusion=confusion, settings=chosen)

    return explain


def agreements(
    arguments: argparse.Namespace, methods: Sequence[Method], *, everywhere: bool = False
) -> "Iterator[tuple[pd.DataFrame, Attribution]]":
    """Explain both classes of all selected images, some batches at a time, and score the agreement of their maps.

    Parameters
    ----------
    arguments
        Those of `configure`, with the settings compute, attribution, layers, dataset and diagnostic.
    methods
        What to explain with.
    everywhere
        Whether at every target layer in the network's description, each once and from the input to the output, rather
        than at those of the settings.

    Yields
    ------
    Rows of `diagnostic.agreement.COLUMNS`, layer by layer and method by method, and the attribution that they were
    scored from.
    """
    import pandas as pd

    from case_saliency.diagnostic.agreement import COLUMNS, score_agreement
    from case_saliency.models.depth import by_depth, distinct

    compute, diagnostic = setting(arguments.settings, "compute"), setting(arguments.settings, "diagnostic")
    model = load_model(arguments, compute["device"])
    rows = load_selection(arguments)
    predictions = load_predictions(arguments, rows["image_id"])
    main_layer = setting(arguments.settings, "layers")[0]
    layers = list(distinct(by_depth(model.module, model.target_layers), main_layer)) if everywhere else None
    explain = explainer(arguments, model, methods, layers)
    batches = load_batches(arguments, rows, model.transform, compute["batch_size"])
    while some := list(islice(batches, max(1, _IMAGES // compute["batch_size"]))):
        known = predictions.loc[[image for images, _ in some for image in images]]
        found = explain(some, dict(zip(known.index, known[list(TARGETS)].to_numpy().tolist(), strict=True)))
        tables = []
        for layer, of_layer in found.maps.items():
            for method, maps in of_layer.items():
                table = score_agreement(
                    maps,
                    image_ids=found.image_ids,
                    targets=found.classes,
                    qualified=known["correct"].to_numpy(),
                    input_size=(model.transform.input_size,) * 2,
                    k_percents=[diagnostic["k_percent"]],
                    ties=diagnostic["ties"],
                )
                tables.append(identify(table, arguments, layer=layer, method=method)[list(COLUMNS)])
        yield pd.concat(tables, ignore_index=True), found
