"""What the engine returns: maps, what is wrong with them, and how they were made."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from case_saliency.attribution import quality
from case_saliency.attribution.devices import Settings
from case_saliency.attribution.registry import NOTE, Method

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
        members that were never confused with the class and stand in for those that a short row lacks.
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


def gather(
    image_ids: tuple[str, ...],
    classes: NDArray[np.int64],
    maps: Maps,
    extras: Extras,
    methods: Sequence[Method],
    layers: Mapping[str, str],
    settings: Settings,
    messages: tuple[str, ...],
) -> Attribution:
    """File maps and extras of all images by layer and method, with flags and facts."""
    by_name = {method.name: method for method in methods}
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
    same = {layer: quality.coincidences(methods) for layer, methods in filed.items()}
    attributes = {
        layer: {
            name: _facts(by_name[name], settings)
            | {"layer_path": layers.get(layer, ""), "coincides_with": same[layer].get(name, "")}
            | _filled(noted[layer][name])
            | {f"n_{kind}": int((flags[layer][name] == kind).sum()) for kind in ("zero", "constant", "nan")}
            for name in named
        }
        for layer, named in filed.items()
    }
    return Attribution(image_ids, classes, filed, flags, noted, attributes, messages)


def _facts(method: Method, settings: Settings) -> dict[str, Any]:
    facts = asdict(method)
    return {name: facts[name] for name in ("base", "family", "target", "parameters", "citation")} | {
        "settings": asdict(settings)
    }


def _filled(extras: Mapping[str, NDArray[Any]]) -> dict[str, float]:
    return {"contrast_filled": float(extras["contrast_filled"].mean())} if "contrast_filled" in extras else {}


def _scalars(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value if isinstance(value, str | int | float) else json.dumps(value, sort_keys=True)
        for name, value in facts.items()
    }
