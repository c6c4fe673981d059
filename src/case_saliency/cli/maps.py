"""What the scoring stages share: which network the maps belong to, and reading them layer by layer."""

import argparse
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from case_saliency import storage
from case_saliency.cli.arguments import add_input, add_parameter, setting
from case_saliency.errors import CaseSaliencyError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


def add_identity(parser: argparse.ArgumentParser) -> None:
    """Declare the names that go into every row of a score table."""
    add_parameter(parser, "--experiment", "name of the experiment")
    add_parameter(parser, "--model", "name of the network")
    add_parameter(parser, "--seed", "training seed of the network", int)


def add_scored_maps(parser: argparse.ArgumentParser) -> None:
    """Declare what a stage needs that scores maps without the network."""
    add_identity(parser)
    add_input(parser, "--maps", "map files of all families and shards (.nc)", many=True)
    add_input(parser, "--description", "description of the network (.json)")
    add_input(parser, "--predictions", "predictions of the network (.parquet)")


def read_pairs(
    arguments: argparse.Namespace, methods: Sequence[str]
) -> "Iterator[tuple[str, str, np.ndarray[Any, Any], dict[str, Any]]]":
    """Yield layer, method, maps (N, 2, h, w), and what a score needs to know of them.

    Parameters
    ----------
    arguments
        Those of `add_scored_maps`.
    methods
        Names, in the order of the table.

    Returns
    -------
    The last is `image_ids`, `targets`, `qualified` and `input_size`, see `agreement.score_agreement`.
    """
    predictions = storage.read_table(arguments.predictions).set_index("image_id")
    size = storage.read_json(arguments.description)["transform"]["input_size"]
    for layer, method, images, maps in read_layers(arguments.maps, methods):
        rows = predictions.loc[images]
        known = {"image_ids": images, "targets": rows[["top1", "top2"]].to_numpy()}
        yield layer, method, maps, known | {"qualified": rows["correct"].to_numpy(), "input_size": (size, size)}


def identify(table: "pd.DataFrame", arguments: argparse.Namespace, **columns: str) -> "pd.DataFrame":
    """Add the columns that say what the rows belong to."""
    return table.assign(
        experiment=arguments.experiment,
        dataset=setting(arguments.settings, "dataset"),
        model=arguments.model,
        seed=arguments.seed,
        **columns,
    )


def read_layers(
    files: Sequence[Path], methods: Sequence[str]
) -> "Iterator[tuple[str, str, list[str], np.ndarray[Any, Any]]]":
    """Yield layer, method, image ids and maps (N, 2, h, w), in the order of `methods`; shards are joined.

    Raises
    ------
    CaseSaliencyError
        If the maps of a method are in none of the files.
    """
    import xarray as xr

    with ExitStack() as stack:
        opened = [stack.enter_context(storage.open_maps(file)) for file in files]
        layers = list(dict.fromkeys(name for layers in opened for name in layers))
        for method in methods:
            found = False
            for layer in layers:
                parts = [file[layer][method] for file in opened if layer in file and method in file[layer]]
                if parts:
                    found = True
                    joined = xr.concat(parts, "image") if len(parts) > 1 else parts[0]
                    yield layer, method, joined["image"].to_numpy().tolist(), joined.to_numpy()
            if not found:
                raise CaseSaliencyError(
                    f"maps of method {method!r} are in none of {', '.join(map(str, files))}; run attribute again"
                )
