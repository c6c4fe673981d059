"""Loads what the map panels show: photographs, maps of every method, classes and agreement."""

import argparse
from typing import TYPE_CHECKING, Any

from case_saliency import storage
from case_saliency.cli.arguments import setting
from case_saliency.cli.maps import read_layers
from case_saliency.storage.columns import read_columns
from case_saliency.storage.tables import read_table

if TYPE_CHECKING:
    from case_saliency.figures.map_panels import Example


def examples(arguments: argparse.Namespace) -> "list[Example]":
    """Return the first images of the selection that the network classifies correctly, with their maps."""
    from case_saliency.attribution.resample import upsample
    from case_saliency.datasets import images
    from case_saliency.figures.map_panels import Example

    description = storage.read_json(arguments.description)
    transform = images.Transform.from_dict(description["transform"])
    predictions = read_table(arguments.predictions)
    chosen = predictions[predictions["correct"]].head(setting(arguments.settings, "example_images"))
    selection = storage.read_csv(arguments.selection).set_index("image_id", drop=False)
    maps = _maps(arguments, list(chosen["image_id"]))
    wanted = {"image_id": list(chosen["image_id"]), "layer": _shown(arguments)}
    scores = read_columns(arguments.scores[:1], ["image_id", "method", "agreement"], wanted)
    agreement = scores.set_index(["image_id", "method"])["agreement"]
    found = []
    for row in chosen.to_dict("records"):
        image_id = row["image_id"]
        photograph = transform.crop(images.read(arguments.manifest.parent, selection.loc[image_id].to_dict()))
        found.append(
            Example(
                image_id=image_id,
                model=description["model"],
                photograph=photograph,
                maps={name: upsample(values[image_id], photograph.shape[:2]) for name, values in maps.items()},
                class_names=(description["classes"][row["top1"]], description["classes"][row["top2"]]),
                probabilities=(row["p_top1"], row["p_top2"]),
                agreements={name: float(agreement[image_id, name]) for name in maps},
                true_class=selection.loc[image_id, "label_name"],
            )
        )
    return found


def _maps(arguments: argparse.Namespace, images: list[str]) -> dict[str, dict[str, Any]]:
    """Return method -> image -> maps (2, h, w)."""
    shown = _shown(arguments)
    return {
        method: dict(zip(images, maps, strict=True))
        for layer, method, maps in read_layers(arguments.maps, setting(arguments.settings, "methods"), images)
        if layer in shown
    }


def _shown(arguments: argparse.Namespace) -> set[str]:
    """Return the layers whose maps are shown: the main one, and the input's space of methods that know no layer."""
    return {setting(arguments.settings, "layer"), "input"}
