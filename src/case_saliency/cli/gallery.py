"""Loads what the report's gallery shows of an experiment: photographs, maps, predictions, agreement and drops."""

import argparse
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from case_saliency import storage
from case_saliency.cli.maps import read_layers
from case_saliency.storage.columns import read_columns

if TYPE_CHECKING:
    import pandas as pd

    from case_saliency.report.gallery import Gallery, Shown, Sight

_Place = tuple[str, str, str]  # experiment, model, seed


def gallery(arguments: argparse.Namespace, name: str, selection: "pd.DataFrame", folder: Path) -> "Gallery | None":
    """Return the gallery of an experiment, None without maps.

    Parameters
    ----------
    arguments, name, folder
        See `photographs.photographs`.
    selection
        The rows of the experiment's images; some of them are shown, see `report.choosing`.
    """
    from case_saliency import params
    from case_saliency.report.choosing import chosen
    from case_saliency.report.gallery import Gallery

    files = defaultdict(list)
    for file in arguments.maps or ():  # results/saliency/EXPERIMENT/MODEL/SEED/FAMILY/SHARD.nc
        experiment, model, seed = file.parts[-5:-2]
        if experiment == name:
            files[model, seed].append(file)
    if not files:
        return None
    fidelity = params.fidelity(arguments.settings, name)
    failures = [_failures(arguments, (name, model, seed)) for model, seed in files]
    wrong, empty = (set().union(*found) for found in zip(*failures, strict=True))
    shown = selection[selection["image_id"].isin(chosen(list(selection["image_id"]), wrong, empty))]
    sights = {model: _sights(arguments, (name, model, seed), of, shown, folder) for (model, seed), of in files.items()}
    drop = f"{fidelity['k_percent'][0]:g}% of the pixels removed, fill {fidelity['fill'][0]}"
    labels = list(shown["label_name"])
    return Gallery(list(shown["image_id"]), labels, sights, drop, total=len(selection), wrong=wrong, empty=empty)


def _failures(arguments: argparse.Namespace, place: _Place) -> tuple[set[str], set[str]]:
    """Return the images that a network classifies wrongly, and those of which it has a map that does not count."""
    predictions = read_columns([_one(arguments.predictions, place)], ["image_id", "correct"])
    seen = {"layer": _layers(arguments, place)}
    scores = read_columns([_one(arguments.agreement_scores, place)], ["image_id", "degenerate"], seen)
    wrong, empty = ~predictions["correct"].astype(bool), scores["degenerate"] != ""
    return set(predictions.loc[wrong, "image_id"]), set(scores.loc[empty, "image_id"])


def _layers(arguments: argparse.Namespace, place: _Place) -> set[str]:
    """Return the main layer of a network, and that of methods which look at the input alone."""
    from case_saliency import params

    name, model, _ = place
    return {params.layers(arguments.settings, name, model)[0], "input"}


def _sights(
    arguments: argparse.Namespace,
    place: _Place,
    files: list[Path],
    selection: "pd.DataFrame",
    folder: Path,
) -> "dict[str, Sight]":
    from case_saliency.datasets import images
    from case_saliency.report.gallery import Sight
    from case_saliency.report.thumbnails import jpeg

    name, model, seed = place
    trained = (arguments.settings["experiments"][name]["dataset"], model, seed)
    [description] = [
        found
        for file in arguments.descriptions
        if ((found := storage.read_json(file))["dataset"], found["model"], f"seed{found['seed']}") == trained
    ]
    transform = images.Transform.from_dict(description["transform"])
    shown = list(selection["image_id"])
    predictions = read_columns([_one(arguments.predictions, place)], where={"image_id": shown}).set_index("image_id")
    maps = _maps(arguments, place, files, shown)
    found = {}
    for row in selection.to_dict("records"):
        said = predictions.loc[row["image_id"]]
        found[row["image_id"]] = Sight(
            jpeg=jpeg(transform.crop(images.read(folder, row))),
            predictions=tuple((description["classes"][said[one]], said[f"p_{one}"]) for one in ("top1", "top2")),  # type: ignore[arg-type]
            correct=bool(said["correct"]),
            maps={method: of[row["image_id"]] for method, of in maps.items()},
        )
    return found


def _maps(
    arguments: argparse.Namespace, place: _Place, files: list[Path], images: list[str]
) -> "dict[str, dict[str, Shown]]":
    """Return method -> image -> its maps at the main layer, or in the input's space."""
    from case_saliency import params
    from case_saliency.report.gallery import Shown

    name = place[0]
    fidelity = params.fidelity(arguments.settings, name)
    agreement = read_columns([_one(arguments.agreement_scores, place)], where={"image_id": images})
    keys = ["layer", "method", "image_id"]
    scored = dict(zip(agreement[keys].itertuples(index=False, name=None), agreement["agreement"], strict=True))
    defects = dict(zip(agreement[keys].itertuples(index=False, name=None), agreement["degenerate"], strict=True))
    drops = _drops(arguments.fidelity_scores, place, images)
    drops = drops[
        (drops["target"] == "top1")
        & (drops["fill"] == fidelity["fill"][0])
        & (drops["k_percent"] == fidelity["k_percent"][0])
    ]
    measured = drops[f"drop_{fidelity['measure']}"]
    dropped = dict(zip(drops[keys].itertuples(index=False, name=None), measured, strict=True))
    shown = _layers(arguments, place)
    return {
        method: {
            image: Shown(values, scored[key], dropped[key], defects[key])
            for image, values in zip(images, maps, strict=True)
            for key in [(layer, method, image)]
        }
        for layer, method, maps in read_layers(files, arguments.settings["experiments"][name]["methods"], images)
        if layer in shown
    }


def _one(files: list[Path], place: _Place) -> Path:
    """Return the file of one network: .../EXPERIMENT/.../MODEL/SEED.parquet."""
    name, model, seed = place
    [file] = [
        file
        for file in files
        if (file.stem, file.parent.name) == (seed, model) and name in {p.name for p in file.parents}
    ]
    return file


def _drops(files: list[Path], place: _Place, images: list[str]) -> "pd.DataFrame":
    """Return what one network's scores tell of some images: .../EXPERIMENT/fidelity/MODEL/SEED/SHARD.parquet."""
    own = [file for file in files if (file.parts[-5], *file.parts[-3:-1]) == place]
    return read_columns(own, where={"image_id": images})
