"""Score agreement (RQ1): overlap of the top-k % pixels of the maps for the two most likely classes.

Settings: dataset, k_percent, ties (expected | paper), methods (their order in the table).
"""

import argparse

from case_saliency.cli.arguments import add_output, add_settings, setting
from case_saliency.cli.maps import add_scored_maps, identify, read_pairs
from case_saliency.storage.parquet import writing_parquet


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_scored_maps(parser)
    add_settings(parser, "dataset, k_percent, ties, methods")
    add_output(parser, "--scores", "table to write, one row for each image and method (.parquet)")


def run(arguments: argparse.Namespace) -> None:
    """Run the stage."""
    from case_saliency.diagnostic.agreement import COLUMNS, score_agreement

    settings = arguments.settings
    chosen = {"k_percents": [setting(settings, "k_percent")], "ties": setting(settings, "ties")}
    with writing_parquet(arguments.scores) as write:
        for layer, method, maps, known in read_pairs(arguments, setting(settings, "methods")):
            table = score_agreement(maps, **known, **chosen)
            write(identify(table, arguments, layer=layer, method=method)[list(COLUMNS)])
