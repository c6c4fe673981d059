"""Score randomisation: how alike maps stay when the network's weights are replaced, from the classifier down.

The first images of the selection that the network classifies correctly are explained again after every step.
Settings: seed, dataset, compute, attribution, layers, methods, diagnostic (k_percent, ties), randomisation (n_images,
steps, how, methods).
"""

import argparse

from case_saliency.cli import explaining
from case_saliency.cli.arguments import add_output, add_settings, setting
from case_saliency.cli.loading import load_batches, load_confusion, load_selection
from case_saliency.cli.maps import identify
from case_saliency.cli.networks import load_model
from case_saliency.cli.predicted import load_predictions
from case_saliency.storage.tables import write_table

modules = explaining.modules_of("randomisation")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    explaining.configure(parser)
    add_settings(parser, "seed, dataset, compute, attribution, layers, methods, diagnostic, randomisation")
    add_output(
        parser, "--scores", "table to write, one row for each image, method, target, comparison, step (.parquet)"
    )


def run(arguments: argparse.Namespace) -> None:
    """Run the stage."""
    from case_saliency.attribution import devices
    from case_saliency.diagnostic.randomisation import COLUMNS, Randomisation

    settings = arguments.settings
    compute, chosen = setting(settings, "compute"), setting(settings, "randomisation")
    model = load_model(arguments, compute["device"])
    selection = load_selection(arguments)
    predictions = load_predictions(arguments, selection["image_id"])
    correct = predictions["correct"].to_numpy()
    rows = selection[correct].iloc[: chosen["n_images"]]
    reached = correct.cumsum() < chosen["n_images"]
    design = Randomisation(
        layers={layer: model.target_layers[layer] for layer in setting(settings, "layers")},
        methods=explaining.listed_methods(settings, "randomisation"),
        steps=chosen["steps"],
        how=chosen["how"],
        seed=setting(settings, "seed"),
        **setting(settings, "diagnostic"),
        settings=devices.Settings(**setting(settings, "attribution")),
        confusion=load_confusion(arguments),
    )
    scores = design.score(
        model.module,
        load_batches(arguments, rows, model.transform, compute["batch_size"]),
        {name: predictions.loc[name, ["top1", "top2"]].tolist() for name in rows["image_id"]},
        passed_over=selection.loc[~correct & reached, "image_id"].tolist(),
    )
    write_table(identify(scores, arguments)[list(COLUMNS)], arguments.scores)
