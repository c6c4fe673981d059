"""Score agreement (RQ1): overlap of the top-k % pixels of the maps for the two most likely classes.

Settings: dataset, k_percent, ties (expected | argsort), methods (their order in the table).
"""

import argparse

from case_saliency import storage
from case_saliency.cli.arguments import add_input, add_output, add_settings, setting
from case_saliency.cli.maps import add_identity, identify, read_layers


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_identity(parser)
    add_input(parser, "--maps", "map files of all families and shards (.nc)", many=True)
    add_input(parser, "--description", "description of the network (.json)")
    add_input(parser, "--predictions", "predictions of the network (.parquet)")
    add_settings(parser, "dataset, k_percent, ties, methods")
    add_output(parser, "--scores", "table to write, one row for each image and method (.parquet)")


def run(arguments: argparse.Namespace) -> None:
    """Run the stage."""
    import pandas as pd

    from case_saliency.diagnostic.agreement import COLUMNS, score_agreement

    settings = arguments.settings
    predictions = storage.read_table(arguments.predictions).set_index("image_id")
    size = storage.read_json(arguments.description)["transform"]["input_size"]
    tables = []
    for layer, method, images, maps in read_layers(arguments.maps, setting(settings, "methods")):
        rows = predictions.loc[images]
        table = score_agreement(
            maps,
            image_ids=images,
            targets=rows[["top1", "top2"]].to_numpy(),
            qualified=rows["correct"].to_numpy(),
            input_size=(size, size),
            k_percents=[setting(settings, "k_percent")],
            ties=setting(settings, "ties"),
        )
        tables.append(identify(table, arguments, layer=layer, method=method)[list(COLUMNS)])
    storage.write_table(pd.concat(tables, ignore_index=True), arguments.scores)
