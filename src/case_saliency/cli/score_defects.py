"""Score defects: agreement and confidence drop as the released code would have them, for each known defect.

Maps are read; those of CASE with other contrast sets are drawn.
Settings: seed, dataset, compute, attribution, diagnostic (k_percent, ties), fidelity (k_percent), layers, methods,
defects (methods).
"""

import argparse
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from case_saliency import storage
from case_saliency.cli import explaining
from case_saliency.cli.arguments import add_output, add_settings, setting
from case_saliency.cli.loading import load_model
from case_saliency.cli.maps import identify
from case_saliency.cli.perturbation import explained_batches

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

modules = explaining.modules_of("defects")
_CASE = "case"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    explaining.configure(parser)
    add_settings(parser, "see above")
    add_output(parser, "--scores", "table to write, one row for each image, method and contrast set (.parquet)")


def run(arguments: argparse.Namespace) -> None:
    """Run the stage."""
    import pandas as pd

    from case_saliency.diagnostic.defect_scores import COLUMNS
    from case_saliency.diagnostic.defects import AS_IS
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
    tables = []
    for images, inputs, rows, layers in explained_batches(arguments, model, names):
        classes = rows[list(explaining.TARGETS)]
        drawn = (
            explain([(images, inputs)], dict(zip(images, classes.to_numpy().tolist(), strict=True)))
            if explain
            else None
        )
        for layer, stored in layers.items():
            maps = {(name, AS_IS): found for name, found in stored.items()}
            if drawn and layer in drawn.maps:
                maps |= {(_CASE, name.removeprefix(f"{_CASE}_")): found for name, found in drawn.maps[layer].items()}
            for (method, contrast), table in _score(maps, inputs, images, rows, drop, setting(settings, "diagnostic")):
                tables.append(identify(table.assign(contrast=contrast), arguments, layer=layer, method=method))
    storage.write_table(pd.concat(tables, ignore_index=True)[list(COLUMNS)], arguments.scores)


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


def _score(
    maps: "dict[tuple[str, str], NDArray[Any]]",
    inputs: Any,
    images: list[str],
    rows: "pd.DataFrame",
    drop: "Callable[..., pd.DataFrame]",
    diagnostic: dict[str, Any],
) -> "Iterator[tuple[tuple[str, str], pd.DataFrame]]":
    """Yield the scores of a batch for each method and contrast set."""
    import numpy as np

    from case_saliency.diagnostic.agreement import score_agreement
    from case_saliency.diagnostic.defect_scores import arbitrary_agreement, assemble
    from case_saliency.diagnostic.defects import AS_IS, together

    size = (inputs.shape[-2], inputs.shape[-1])
    classes, qualified = rows[list(explaining.TARGETS)].to_numpy(), rows["correct"].to_numpy()
    named = {"__".join(key): key for key in maps}
    own = {name: maps[key][:, 0] for name, key in named.items()}
    transposed = {name for name, (_, contrast) in named.items() if contrast in (AS_IS, together().contrast)}
    turned = {f"turned__{name}": own[name].swapaxes(-1, -2) for name in own if name in transposed}
    measured = drop(inputs, {**own, **turned}, image_ids=images, class_index=classes[:, 0], qualified=qualified)
    drops = {method: part.set_index("image_id").loc[images] for method, part in measured.groupby("method")}
    column = "drop_relative_clipped"
    for name, key in named.items():
        agreement = score_agreement(
            maps[key],
            image_ids=images,
            targets=classes,
            qualified=qualified,
            input_size=size,
            k_percents=[diagnostic["k_percent"]],
            ties=diagnostic["ties"],
        )
        arbitrary = arbitrary_agreement(maps[key], size, diagnostic["k_percent"])
        drop_of = drops[name][column].to_numpy()
        turned_of = drops[f"turned__{name}"][column].to_numpy() if name in transposed else np.full(len(images), np.nan)
        yield key, assemble(agreement, arbitrary, drop_of, turned_of)
