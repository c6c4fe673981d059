"""Score pairwise agreement: of the maps of every two of an image's most likely classes.

Settings: dataset, compute (device, batch_size), attribution, layers, methods, diagnostic (k_percent), pairwise
(n_classes, n_images, methods).
"""

import argparse

from case_saliency.cli import explaining
from case_saliency.cli.arguments import add_output, add_settings, setting
from case_saliency.cli.loading import load_batches, load_leading, load_selection
from case_saliency.cli.maps import identify
from case_saliency.cli.networks import load_model
from case_saliency.cli.predicted import load_predictions
from case_saliency.errors import CaseSaliencyError
from case_saliency.storage.tables import write_table

modules = explaining.modules_of("pairwise")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    explaining.configure(parser)
    add_settings(parser, "see above")
    add_output(parser, "--scores", "table to write, one row for each image, method and pair of classes (.parquet)")


def run(arguments: argparse.Namespace) -> None:
    """Run the stage."""
    import pandas as pd
    import torch

    from case_saliency.attribution import comparisons
    from case_saliency.diagnostic.pairwise import COLUMNS, most_likely, score_pairwise

    settings, compute = arguments.settings, setting(arguments.settings, "compute")
    section, methods = setting(settings, "pairwise"), explaining.listed_methods(settings, "pairwise")
    model = load_model(arguments, compute["device"])
    device = next(model.module.parameters()).device
    explain = explaining.explainer(arguments, model, methods)
    correct = load_predictions(arguments, load_selection(arguments)["image_id"])["correct"]
    selected = load_leading(arguments, section["n_images"])
    tables = []
    for images, inputs in load_batches(arguments, selected, model.transform, compute["batch_size"]):
        with torch.inference_mode():
            logits = model.module(inputs.to(device)).cpu().numpy()
        for problem in comparisons.problems(methods, section["n_classes"], logits.shape[1]):
            raise CaseSaliencyError(f"pairwise.n_classes: {problem}")
        classes = most_likely(logits, section["n_classes"])
        found = explain([(images, inputs)], dict(zip(images, classes.tolist(), strict=True)))
        for layer, of_layer in found.maps.items():
            for method, maps in of_layer.items():
                table = score_pairwise(
                    maps,
                    image_ids=images,
                    classes=classes,
                    input_size=(int(inputs.shape[-2]), int(inputs.shape[-1])),
                    k_percent=setting(settings, "diagnostic")["k_percent"],
                    qualified=correct[images].to_numpy(),
                )
                tables.append(identify(table, arguments, layer=layer, method=method))
    write_table(pd.concat(tables, ignore_index=True)[list(COLUMNS)], arguments.scores)
