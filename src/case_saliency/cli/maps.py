"""What the scoring stages share: which network the maps belong to, and reading them by image.

The maps of a network lie in a file for each family and shard. Nothing here holds more of them than it is asked for.
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from case_saliency import storage
from case_saliency.cli.arguments import add_input, add_parameter, setting
from case_saliency.errors import CaseSaliencyError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import xarray as xr

_IMAGES = 128  # read at a time: 50 MB of maps at 224 x 224; a multiple of what the scores upsample at a time


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
    """Yield layer, method, maps (N, 2, h, w) of some of the images, and what a score needs to know of them.

    The images of one method at one layer follow each other, in order.

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
    with opened(arguments.maps, methods) as found:
        for layer, method, maps in found:
            for start in range(0, len(maps.images), _IMAGES):
                images = maps.images[start : start + _IMAGES]
                rows = predictions.loc[images]
                known = {"image_ids": images, "targets": rows[["top1", "top2"]].to_numpy()}
                known |= {"qualified": rows["correct"].to_numpy(), "input_size": (size, size)}
                yield layer, method, maps.read(images), known


def identify(table: "pd.DataFrame", arguments: argparse.Namespace, **columns: str) -> "pd.DataFrame":
    """Add the columns that say what the rows belong to."""
    return table.assign(
        experiment=arguments.experiment,
        dataset=setting(arguments.settings, "dataset"),
        model=arguments.model,
        seed=arguments.seed,
        **columns,
    )


@dataclass(frozen=True)
class Maps:
    """The maps of one method at one layer, read from the files of all shards as they are asked for.

    Attributes
    ----------
    parts
        File -> maps of its shard, in order: (image, target, y, x), not loaded.
    """

    parts: "Mapping[Path, xr.DataArray]"

    @cached_property
    def images(self) -> list[str]:
        """Ids of all images, in order."""
        return [image for part in self.parts.values() for image in part["image"].to_numpy().tolist()]

    @cached_property
    def _places(self) -> dict[str, tuple[Path, int]]:
        """Image -> the file of its shard and its row there."""
        places = [(file, row) for file, part in self.parts.items() for row in range(part.sizes["image"])]
        return dict(zip(self.images, places, strict=True))

    def read(self, images: Sequence[str]) -> "np.ndarray[Any, Any]":
        """Return the maps (N, 2, h, w) of some images, in the order in which they are asked for.

        Raises
        ------
        CaseSaliencyError
            If the values of a file are damaged, which HDF5 tells only now.
        """
        import numpy as np

        first = next(iter(self.parts.values()))
        found = np.empty((len(images), *first.shape[1:]), first.dtype)
        places = [self._places[image] for image in images]
        for file in dict.fromkeys(file for file, _ in places):
            here = [position for position, place in enumerate(places) if place[0] == file]
            rows = [places[position][1] for position in here]
            in_order = rows == list(range(rows[0], rows[0] + len(rows)))
            part = self.parts[file].isel(image=slice(rows[0], rows[-1] + 1) if in_order else rows)
            try:
                found[here] = part.to_numpy()
            except OSError as error:
                raise CaseSaliencyError(
                    f"cannot read {file}: {error}; delete it and run the workflow again to rebuild it"
                ) from error
        return found


@contextmanager
def opened(files: Sequence[Path], methods: Sequence[str]) -> Iterator[list[tuple[str, str, Maps]]]:
    """Open map files and yield layer, method and maps, in the order of `methods`; shards are joined.

    Raises
    ------
    CaseSaliencyError
        If the maps of a method are in none of the files.
    """
    with ExitStack() as stack:
        trees = {file: stack.enter_context(storage.open_maps(file)) for file in files}
        layers = list(dict.fromkeys(name for tree in trees.values() for name in tree))
        found = [
            (layer, method, Maps(parts))
            for method in methods
            for layer in layers
            if (
                parts := {
                    file: tree[layer][method] for file, tree in trees.items() if layer in tree and method in tree[layer]
                }
            )
        ]
        if missing := [method for method in methods if method not in {name for _, name, _ in found}]:
            raise CaseSaliencyError(
                f"maps of method {missing[0]!r} are in none of {', '.join(map(str, files))}; run attribute again"
            )
        yield found


def read_layers(
    files: Sequence[Path], methods: Sequence[str], images: Sequence[str]
) -> "Iterator[tuple[str, str, np.ndarray[Any, Any]]]":
    """Yield layer, method and the maps (N, 2, h, w) of some images, in the order of `methods`; shards are joined."""
    with opened(files, methods) as found:
        for layer, method, maps in found:
            yield layer, method, maps.read(images)
