"""Score defects: agreement and confidence drop as the released code would have them, for each known defect.

Maps are read; those of CASE with other contrast sets are drawn.
Settings: seed, dataset, compute, attribution, diagnostic (k_percent, ties), fidelity (k_percent), layers, methods,
defects (methods).
"""

import argparse
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from case_saliency import storage
from case_saliency.cli import explaining
from case_saliency.cli.arguments import add_output, add_settings, setting
from case_saliency.cli.maps import identify
from case_saliency.cli.networks import load_model
from case_saliency.cli.perturbation import explained_batches
from case_saliency.storage.parquet import writing_parquet

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

modules = explaining.modules_of("defects")
_CASE = "case"
_Key = tuple[str, str]  # method, contrast set


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    explaining.configure(parser)
    add_settings(parser, "see above")
    add_output(parser, "--scores", "table to write, one row for each image, method and contrast set (.parquet)")


def run(arguments: argparse.Namespace) -> None:
    """Run the stage."""
    from case_saliency.diagnostic.defect_scores import COLUMNS
    from case_saliency.fidelity.drop import ConfidenceDrop

    settings = arguments.settings
    compute = setting(settings, "compute")
    model = load_model(arguments, compute["device"])
    device = next(model.module.parameters()).device
    drop = ConfidenceDrop(
        predict_logits=lambda images: model.module(images.to(device)),
        k_percents=setting(settings, "fidelity")["k_percent"][:1],
        fills=["mean"],
        seed=setting(settings, "seed"),
        batch_size=compute["batch_size"],
    )
    names = [method.name for method in explaining.listed_methods(settings, "defects")]
    variants = _variants(arguments)
    explain = explaining.explainer(arguments, model, variants) if variants else None
    diagnostic = setting(settings, "diagnostic")
    with writing_parquet(arguments.scores) as write:
        for images, inputs, rows, layers in explained_batches(arguments, model, names):
            classes = dict(zip(images, rows[list(explaining.TARGETS)].to_numpy().tolist(), strict=True))
            drawn = explain([(images, inputs)], classes).maps if explain else {}
            for layer, stored in layers.items():
                maps = _by_contrast(stored, drawn.get(layer, {}))
                for (method, contrast), table in _score(maps, inputs, images, rows, drop, diagnostic):
                    told = identify(table.assign(contrast=contrast), arguments, layer=layer, method=method)
                    write(told[list(COLUMNS)])


def _variants(arguments: argparse.Namespace) -> list[Any]:
    """Return CASE as the experiment has it, with each faulty contrast set that the classes allow; none without CASE."""
    from case_saliency.attribution import faulty, registry
    from case_saliency.diagnostic.defects import CONTRASTS

    own = [entry for entry in setting(arguments.settings, "methods") if entry["name"] == _CASE]
    if not own:
        return []
    target = f"{faulty.__name__}:{faulty.case_with_faulty_set.__name__}"
    n_classes = storage.read_json(arguments.description)["n_classes"]
    kept = {key: value for key, value in own[0].items() if key in ("source", "k", "pooled", "eps", "relu")}
    drawn = [{"method": target, **kept, "name": f"{_CASE}_{name}", **changed} for name, changed in CONTRASTS.items()]
    return registry.resolve([one for one in drawn if one.get("k", 3) < n_classes])


def _by_contrast(stored: "dict[str, NDArray[Any]]", drawn: "dict[str, NDArray[Any]]") -> "dict[_Key, NDArray[Any]]":
    """Return a layer's maps by method and contrast set: those of the experiment, and CASE with each faulty set."""
    from case_saliency.diagnostic.defects import AS_IS

    maps = {(name, AS_IS): found for name, found in stored.items()}
    return maps | {(_CASE, name.removeprefix(f"{_CASE}_")): found for name, found in drawn.items()}


def _score(
    maps: "dict[_Key, NDArray[Any]]",
    inputs: Any,
    images: list[str],
    rows: "pd.DataFrame",
    drop: "Callable[..., pd.DataFrame]",
    diagnostic: dict[str, Any],
) -> "Iterator[tuple[_Key, pd.DataFrame]]":
    """Yield the scores of a batch for each method and contrast set."""
    from case_saliency.diagnostic.agreement import score_agreement
    from case_saliency.diagnostic.defect_scores import arbitrary_agreement, assemble

    size = (inputs.shape[-2], inputs.shape[-1])
    classes, qualified = rows[list(explaining.TARGETS)].to_numpy(), rows["correct"].to_numpy()
    of_images: dict[str, Any] = {"image_ids": images, "qualified": qualified}
    own, turned = _drops(maps, partial(drop, inputs, class_index=classes[:, 0], **of_images), images)
    for key, found in maps.items():
        agreement = score_agreement(
            found,
            targets=classes,
            input_size=size,
            k_percents=[diagnostic["k_percent"]],
            ties=diagnostic["ties"],
            **of_images,
        )
        arbitrary = arbitrary_agreement(found, size, diagnostic["k_percent"])
        yield key, assemble(agreement, arbitrary, own[key], turned[key])


def _drops(
    maps: "dict[_Key, NDArray[Any]]", drop: "Callable[..., pd.DataFrame]", images: list[str]
) -> "tuple[dict[_Key, NDArray[Any]], dict[_Key, NDArray[Any]]]":
    """Return the drops of the images by their maps as they are, and by their maps transposed.

    NaN where the defect that transposes maps is not looked at. All drops are measured in one call.
    """
    import numpy as np

    from case_saliency.diagnostic.defects import AS_IS, together

    own = {"__".join(key): found[:, 0] for key, found in maps.items()}
    transposed = ["__".join(key) for key in maps if key[1] in (AS_IS, together().contrast)]
    turned = {f"turned__{name}": own[name].swapaxes(-1, -2) for name in transposed}
    drops = {
        name: part.set_index("image_id").loc[images, "drop_relative_clipped"].to_numpy()
        for name, part in drop({**own, **turned}).groupby("method")
    }
    none = np.full(len(images), np.nan)
    return (
        {key: drops["__".join(key)] for key in maps},
        {key: drops.get(f"turned__{'__'.join(key)}", none) for key in maps},
    )
