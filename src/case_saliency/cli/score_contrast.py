"""Score contrast: agreement of CASE's maps by source, number and combination of its contrast classes.

Settings: dataset, compute, attribution, diagnostic (k_percent, ties), contrast (sources, k, combined), layers.
"""

import argparse

from case_saliency.attribution import registry
from case_saliency.cli import explaining
from case_saliency.cli.arguments import add_output, add_settings, setting
from case_saliency.diagnostic import contrast_sets
from case_saliency.storage.parquet import writing_parquet

modules = explaining.modules_of("contrast")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    explaining.configure(parser)
    add_settings(parser, "dataset, compute, attribution, diagnostic, contrast, layers, methods")
    add_output(parser, "--scores", "table to write, one row for each image and variant (.parquet)")


def run(arguments: argparse.Namespace) -> None:
    """Run the stage."""
    chosen = setting(arguments.settings, "contrast")
    variants = contrast_sets.variants(chosen["sources"], chosen["k"], chosen["combined"])
    methods = registry.resolve([{"name": name, **parameters} for name, parameters in variants.items()])
    with writing_parquet(arguments.scores) as write:
        for scores, found in explaining.agreements(arguments, methods):
            for name, parameters in variants.items():
                for layer, extras in found.extras.items():
                    rows = (scores["method"] == name) & (scores["layer"] == layer)
                    inside = contrast_sets.other_in_set(extras[name]["contrast_classes"], found.classes)
                    for column, value in {**contrast_sets.describe(parameters), "other_in_set": inside}.items():
                        scores.loc[rows, column] = value
            write(scores.astype({"k": int}))
