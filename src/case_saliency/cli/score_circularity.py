"""Score the circularity of CASE: agreement and fidelity of CASE with other contrast sets, and of its controls.

Maps are drawn anew, for all variants from one pass of each image; the experiment's method `case` says how.
Settings: seed, compute, dataset, layers, methods, attribution, diagnostic (k_percent, ties), fidelity (k_percent,
fill), circularity (strengths, candidates).
"""

import argparse

from case_saliency.cli import explaining
from case_saliency.cli.arguments import add_output, add_settings, setting
from case_saliency.cli.loading import load_batches, load_selection
from case_saliency.cli.maps import identify
from case_saliency.cli.networks import load_model
from case_saliency.cli.predicted import load_predictions
from case_saliency.storage.parquet import writing_parquet

modules = explaining.modules_of("circularity")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    explaining.configure(parser)
    add_settings(parser, "see above")
    add_output(parser, "--scores", "table to write: agreement, and drops, of each image and variant (.parquet)")


def run(arguments: argparse.Namespace) -> None:
    """Run the stage."""
    import pandas as pd

    from case_saliency.diagnostic.circularity import named, score_variants, variants
    from case_saliency.fidelity.drop import ConfidenceDrop

    settings = arguments.settings
    compute, diagnostic, fidelity = (setting(settings, name) for name in ("compute", "diagnostic", "fidelity"))
    seed = setting(settings, "seed")
    chosen = variants(setting(settings, "methods"), **setting(settings, "circularity"), seed=seed)
    model = load_model(arguments, compute["device"])
    device = next(model.module.parameters()).device
    drop = ConfidenceDrop(
        predict_logits=lambda images: model.module(images.to(device)),
        k_percents=fidelity["k_percent"],
        fills=fidelity["fill"],
        seed=seed,
        batch_size=compute["batch_size"],
    )
    explain = explaining.explainer(arguments, model, [variant.method for variant in chosen])
    selection = load_selection(arguments)
    predictions = load_predictions(arguments, selection["image_id"])
    with writing_parquet(arguments.scores) as write:
        for images, inputs in load_batches(arguments, selection, model.transform, compute["batch_size"]):
            rows = predictions.loc[images]
            qualified = rows["correct"].to_numpy()
            classes = rows[list(explaining.TARGETS)].to_numpy().tolist()
            found = explain([(images, inputs)], dict(zip(images, classes, strict=True)))
            for layer, maps in found.maps.items():
                size = (inputs.shape[-2], inputs.shape[-1])
                agreement = score_variants(found, layer, chosen, qualified=qualified, input_size=size, **diagnostic)
                drops = drop(inputs, maps, image_ids=images, class_index=found.classes, qualified=qualified)
                both = pd.concat([agreement, named(drops, chosen)], ignore_index=True)
                write(identify(both, arguments, layer=layer))
