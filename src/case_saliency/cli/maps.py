"""What the scoring stages share: which network the maps belong to, and reading them by image.

The maps of a network lie in a file for each family and shard. Nothing here holds more of them than it is asked for.
"""

import argparse
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from case_saliency import storage
from case_saliency.cli.arguments import add_input, add_parameter, setting
from case_saliency.cli.predicted import load_predictions
from case_saliency.errors import CaseSaliencyError
from case_saliency.storage.maps import StoredMaps, open_maps

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

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
    size = _input_size(arguments.description)
    found = find_maps(arguments.maps, methods)
    predictions = load_predictions(arguments, dict.fromkeys(image for _, _, maps in found for image in maps.images))
    for layer, method, maps in found:
        for start in range(0, len(maps.images), _IMAGES):
            images = maps.images[start : start + _IMAGES]
            rows = predictions.loc[images]
            known = {"image_ids": images, "targets": rows[["top1", "top2"]].to_numpy()}
            known |= {"qualified": rows["correct"].to_numpy(), "input_size": (size, size)}
            yield layer, method, maps.read(images), known


def _input_size(description: Path) -> int:
    from case_saliency.datasets.images import Transform

    described = storage.read_json(description)
    try:
        return Transform.from_dict(dict(described["transform"])).input_size
    except (CaseSaliencyError, KeyError, TypeError, ValueError) as error:
        raise CaseSaliencyError(f"{description}: no description of a network ({error}); obtain it again") from error


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
        Of each shard, in order.
    places
        Image -> its shard and its row there. Methods whose shards hold the same images share it.
    """

    parts: Sequence[StoredMaps]
    places: Mapping[str, tuple[int, int]]

    @property
    def images(self) -> list[str]:
        """Ids of all images, in order."""
        return list(self.places)

    def read(self, images: Sequence[str]) -> "np.ndarray[Any, Any]":
        """Return the maps (N, 2, h, w) of some images, in the order in which they are asked for.

        Raises
        ------
        CaseSaliencyError
            If an image has no map.
        """
        import numpy as np

        if lacking := [image for image in images if image not in self.places]:
            raise CaseSaliencyError(f"image {lacking[0]!r} has no map in {self.parts[0].file}")
        found = np.empty((len(images), *self.parts[0].shape[1:]), np.float32)
        places = [self.places[image] for image in images]
        for shard in dict.fromkeys(shard for shard, _ in places):
            here = [position for position, place in enumerate(places) if place[0] == shard]
            rows = [places[position][1] for position in here]
            in_order = rows == list(range(rows[0], rows[0] + len(rows)))
            wanted = slice(rows[0], rows[-1] + 1) if in_order else rows
            found[here] = self.parts[shard].read(wanted)
        return found


def find_maps(files: Sequence[Path], methods: Sequence[str]) -> list[tuple[str, str, Maps]]:
    """Return layer, method and maps of what map files hold, in the order of `methods`; shards are joined.

    Raises
    ------
    CaseSaliencyError
        If the maps of a method are in none of the files, or of several sizes, or if the files share an image.
    """
    trees = [open_maps(file) for file in files]
    layers = list(dict.fromkeys(name for tree in trees for name in tree))
    places: dict[tuple[tuple[str, ...], ...], dict[str, tuple[int, int]]] = {}
    found = [
        (layer, method, Maps(parts, _placed(parts, places)))
        for method in methods
        for layer in layers
        if (parts := [tree[layer][method] for tree in trees if layer in tree and method in tree[layer]])
    ]
    if missing := [method for method in methods if method not in {name for _, name, _ in found}]:
        raise CaseSaliencyError(
            f"maps of method {missing[0]!r} are in none of {', '.join(map(str, files))}; run attribute again"
        )
    for layer, method, maps in found:
        if other := [part for part in maps.parts if part.shape[1:] != maps.parts[0].shape[1:]]:
            raise CaseSaliencyError(
                f"maps of {method} at {layer} are {maps.parts[0].shape[1:]} in {maps.parts[0].file} and "
                f"{other[0].shape[1:]} in {other[0].file}; name files of one experiment and network"
            )
    return found


def _placed(
    parts: Sequence[StoredMaps], known: dict[tuple[tuple[str, ...], ...], dict[str, tuple[int, int]]]
) -> dict[str, tuple[int, int]]:
    """Return image -> its shard and its row there: the dictionary that is known for the same images, or a new one."""
    images = tuple(part.images for part in parts)
    if images not in known:
        numbered = [(image, (shard, row)) for shard, ids in enumerate(images) for row, image in enumerate(ids)]
        known[images] = dict(numbered)
        if len(known[images]) < len(numbered):
            twice = next(image for image, count in Counter(image for image, _ in numbered).items() if count > 1)
            raise CaseSaliencyError(f"--maps: several files have a map of image {twice!r}; name each shard once")
    return known[images]


def read_layers(
    files: Sequence[Path], methods: Sequence[str], images: Sequence[str]
) -> "Iterator[tuple[str, str, np.ndarray[Any, Any]]]":
    """Yield layer, method and the maps (N, 2, h, w) of some images, in the order of `methods`; shards are joined."""
    for layer, method, maps in find_maps(files, methods):
        yield layer, method, maps.read(images)
