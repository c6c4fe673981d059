"""What the engine returns: maps, what is wrong with them, and how they were made."""

import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from case_saliency.attribution import quality
from case_saliency.attribution.devices import Settings
from case_saliency.attribution.registry import NOTE, Method
from case_saliency.attribution.rows import Rows

if TYPE_CHECKING:
    import xarray as xr

# (layer, method) -> maps, and (layer, method, what) -> what the method noted beside them
Maps = dict[tuple[str, str], NDArray[np.float32]]
Extras = dict[tuple[str, str, str], NDArray[Any]]


@dataclass(frozen=True)
class Attribution:
    """Maps of N images for T classes of each.

    Attributes
    ----------
    image_ids, classes
        The images in order, and their explained classes, shape (N, T).
    maps
        Layer -> method -> shape (N, T, h, w), float32, at native resolution. The maps of methods that explain in the
        input's space are under the layer "input".
    flags
        Layer -> method -> shape (N, T): "", or why a map says nothing (see `quality.flag`).
    extras
        Layer -> method -> name -> shape (N, T, ...): what a method notes beside its map, such as its contrast classes.
    attributes
        Layer -> method -> facts: base, family, target, parameters, citation, settings, layer_path, n_zero,
        n_constant, n_nan, and `coincides_with`, an earlier method with the same maps (see `quality.coincidences`).
        A method whose contrast sets come from a confusion matrix also tells `contrast_filled`, the share of their
        members that were never confused with the class and stand in for those that a short row lacks. Where this is a
        part of the images, facts are of all images up to its last.
    messages
        What a user should know: batches halved for memory, slower fallbacks.
    """

    image_ids: tuple[str, ...]
    classes: NDArray[np.int64]
    maps: dict[str, dict[str, NDArray[np.float32]]]
    flags: dict[str, dict[str, NDArray[np.str_]]]
    extras: dict[str, dict[str, dict[str, NDArray[Any]]]]
    attributes: dict[str, dict[str, dict[str, Any]]]
    messages: tuple[str, ...]

    def datasets(self, targets: Sequence[str]) -> "dict[str, xr.Dataset]":
        """Return layer -> dataset for `storage.maps.write_maps`: a variable for each method, and for what it notes.

        Dims (image, target, y, x), with `targets` naming the T classes, such as ("top1", "top2"); `class_index`
        (image, target) holds the classes. Facts are attributes, those that are not scalars as JSON text. What a method
        notes is the variable `<method>__<name>`, dims (image, target) and further ones of its own, with the method's
        name as attribute `noted_by`.
        """
        import xarray as xr

        coordinates = {
            "image": list(self.image_ids),
            "target": list(targets),
            "class_index": (("image", "target"), self.classes),
        }
        return {
            layer: xr.Dataset(
                {
                    name: (("image", "target", "y", "x"), values, _scalars(self.attributes[layer][name]))
                    for name, values in methods.items()
                }
                | _noted(self.extras[layer]),
                coordinates,
            )
            for layer, methods in self.maps.items()
        }


def _noted(extras: Mapping[str, Mapping[str, NDArray[Any]]]) -> dict[str, tuple[Any, ...]]:
    """Return the variables of what methods noted; sets of one method may be larger than those of another."""
    variables = {}
    for method, notes in extras.items():
        for what, values in sorted(notes.items()):
            name = f"{method}{NOTE}{what}"
            further = (f"{name}_{axis}" for axis in range(2, values.ndim))
            variables[name] = (("image", "target", *further), values, {"noted_by": method})
    return variables


class Tally:
    """What is to be told of the maps of all images, counted part by part: no map is kept."""

    def __init__(self, methods: Sequence[Method], layers: Mapping[str, str], settings: Settings) -> None:
        self._facts = {method.name: _facts(method, settings) for method in methods}
        self._layers = layers
        self._flagged: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        self._filled: dict[tuple[str, str], Counter[float]] = defaultdict(Counter)
        self._same: dict[str, quality.Coincidences] = defaultdict(quality.Coincidences)

    def add(
        self,
        maps: Mapping[str, Mapping[str, NDArray[np.float32]]],
        flags: Mapping[str, Mapping[str, NDArray[np.str_]]],
        extras: Mapping[str, Mapping[str, Mapping[str, NDArray[Any]]]],
    ) -> None:
        """Count the next images: each by layer and method, as `Attribution` has them."""
        for layer, methods in maps.items():
            self._same[layer].add(methods)
            for name in methods:
                self._flagged[layer, name].update(flags[layer][name].ravel().tolist())
                if "contrast_filled" in extras[layer][name]:
                    self._filled[layer, name].update(extras[layer][name]["contrast_filled"].ravel().tolist())

    def attributes(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Return layer -> method -> facts of all images so far, as `Attribution.attributes` describes them."""
        found: dict[str, dict[str, dict[str, Any]]] = {}
        same = {layer: coincidences.found() for layer, coincidences in self._same.items()}
        for (layer, name), kinds in self._flagged.items():
            found.setdefault(layer, {})[name] = (
                self._facts[name]
                | {"layer_path": self._layers.get(layer, ""), "coincides_with": same[layer].get(name, "")}
                | ({"contrast_filled": _mean(self._filled[layer, name])} if (layer, name) in self._filled else {})
                | {f"n_{kind}": kinds[kind] for kind in ("zero", "constant", "nan")}
            )
        return found


def gather(
    image_ids: Sequence[str],
    classes: NDArray[np.int64],
    maps: Maps,
    extras: Extras,
    tally: Tally,
    messages: Iterable[str],
) -> Attribution:
    """File maps and extras of the next images by layer and method, with flags, and facts of all images so far."""
    filed: dict[str, dict[str, NDArray[np.float32]]] = {}
    noted: dict[str, dict[str, dict[str, NDArray[Any]]]] = {}
    for (layer, name), values in maps.items():
        filed.setdefault(layer, {})[name] = values
        noted.setdefault(layer, {})[name] = {}
    for (layer, name, what), values in extras.items():
        noted[layer][name][what] = values
    flags = {
        layer: {name: quality.flag(values) for name, values in methods.items()} for layer, methods in filed.items()
    }
    tally.add(filed, flags, noted)
    return Attribution(tuple(image_ids), classes, filed, flags, noted, tally.attributes(), tuple(messages))


def join(parts: Iterable[Attribution]) -> Attribution:
    """Return the parts of all images, at least one, as one."""
    image_ids: list[str] = []
    arrays: dict[tuple[str, ...], Rows] = defaultdict(Rows)
    for part in parts:
        image_ids.extend(part.image_ids)
        for where, values in _arrays(part):
            arrays[where].append(values)
    joined = {where: rows.array() for where, rows in arrays.items()}
    return Attribution(
        tuple(image_ids),
        joined["classes",],
        {layer: {name: joined["maps", layer, name] for name in methods} for layer, methods in part.maps.items()},
        {layer: {name: joined["flags", layer, name] for name in methods} for layer, methods in part.flags.items()},
        {
            layer: {
                name: {what: joined["extras", layer, name, what] for what in notes} for name, notes in methods.items()
            }
            for layer, methods in part.extras.items()
        },
        part.attributes,
        part.messages,
    )


def _arrays(part: Attribution) -> Iterator[tuple[tuple[str, ...], NDArray[Any]]]:
    """Yield what has a row for each image, and where it stands."""
    yield ("classes",), part.classes
    for layer, methods in part.maps.items():
        for name, values in methods.items():
            yield ("maps", layer, name), values
            yield ("flags", layer, name), part.flags[layer][name]
            for what, noted in part.extras[layer][name].items():
                yield ("extras", layer, name, what), noted


def _facts(method: Method, settings: Settings) -> dict[str, Any]:
    facts = asdict(method)
    return {name: facts[name] for name in ("base", "family", "target", "parameters", "citation")} | {
        "settings": asdict(settings)
    }


def _mean(counts: Mapping[float, int]) -> float:
    """Return the mean of counted values, the same to the last bit in whatever order they were counted."""
    return math.fsum(value * count for value, count in counts.items()) / sum(counts.values())


def _scalars(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value if isinstance(value, str | int | float) else json.dumps(value, sort_keys=True)
        for name, value in facts.items()
    }
