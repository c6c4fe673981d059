"""Score how alike the maps for the two most likely classes are, by several measures, beside the level of chance.

Settings: seed, dataset, methods (entries), diagnostic.ties, similarity (k_percent, chance_pairs).
"""

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from case_saliency.cli.arguments import add_output, add_settings, setting
from case_saliency.cli.maps import add_scored_maps, identify, read_pairs
from case_saliency.storage.parquet import writing_parquet

if TYPE_CHECKING:
    import pandas as pd


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_scored_maps(parser)
    add_settings(parser, "see above")
    add_output(parser, "--scores", "table to write, one row for each image, method and measure (.parquet)")


def run(arguments: argparse.Namespace) -> None:
    """Run the stage."""
    with writing_parquet(arguments.scores) as write:
        for table in _scores(arguments):
            write(table)


def _scores(arguments: argparse.Namespace) -> "Iterator[pd.DataFrame]":
    """Yield the scores of some images by one method at one layer."""
    from case_saliency.diagnostic.chance import add_chance, chance_levels
    from case_saliency.diagnostic.similarity import COLUMNS, score_similarity

    settings = arguments.settings
    section, ties = setting(settings, "similarity"), setting(setting(settings, "diagnostic"), "ties")
    k_percents = setting(section, "k_percent")
    methods = [entry["name"] for entry in setting(settings, "methods")]
    levels: dict[tuple[int, int], pd.DataFrame] = {}
    for layer, method, maps, known in read_pairs(arguments, methods):
        scores = score_similarity(maps, **known, k_percents=k_percents, ties=ties)
        native = (maps.shape[2], maps.shape[3])
        if native not in levels:
            levels[native] = chance_levels(
                native,
                known["input_size"],
                k_percents,
                n_pairs=setting(section, "chance_pairs"),
                seed=setting(settings, "seed"),
                ties=ties,
            )
        table = add_chance(scores, levels[native])
        yield identify(table, arguments, layer=layer, method=method)[list(COLUMNS)]
