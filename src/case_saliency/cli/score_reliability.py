"""Score reliability: agreement of a method with itself when the image is flipped, or shifted by some pixels.

The maps of the images as they are are read, those of the changed images are drawn.
Settings: seed, dataset, compute (device, batch_size), attribution, layers, methods, diagnostic (k_percent),
reliability (shift, chance_pairs, methods).
"""

import argparse
from functools import partial

from case_saliency.cli import explaining
from case_saliency.cli.arguments import add_output, add_settings, setting
from case_saliency.cli.maps import identify
from case_saliency.cli.networks import load_model
from case_saliency.cli.perturbation import explained_batches
from case_saliency.storage.parquet import writing_parquet

modules = explaining.modules_of("reliability")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    explaining.configure(parser)
    add_settings(parser, "see above")
    add_output(parser, "--scores", "table to write, one row for each image, method and augmentation (.parquet)")


def run(arguments: argparse.Namespace) -> None:
    """Run the stage."""
    from case_saliency.diagnostic.augmentation import augmentations
    from case_saliency.diagnostic.reliability import COLUMNS, SelfAgreement
    from case_saliency.models.predict import predict

    settings = arguments.settings
    section, methods = setting(settings, "reliability"), explaining.listed_methods(settings, "reliability")
    model = load_model(arguments, setting(settings, "compute")["device"])
    size = (model.transform.input_size,) * 2
    explain = explaining.explainer(arguments, model, methods)
    measure = SelfAgreement(
        lambda batches, classes: explain(batches, classes).maps,
        partial(predict, model.module),
        augmentations(section["shift"], size),
        setting(settings, "diagnostic")["k_percent"],
        section["chance_pairs"],
        setting(settings, "seed"),
    )
    with writing_parquet(arguments.scores) as write:
        for images, inputs, rows, maps in explained_batches(arguments, model, [method.name for method in methods]):
            table = measure(
                inputs,
                maps,
                image_ids=images,
                class_index=rows[["top1", "top2"]].to_numpy(),
                qualified=rows["correct"].to_numpy(),
            )
            write(identify(table, arguments)[list(COLUMNS)])
