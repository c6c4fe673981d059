"""Class folders of the user, read where they lie."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from case_saliency.datasets import folders, labels, locations
from case_saliency.datasets.fetching import Fetched, Options
from case_saliency.datasets.sources import DatasetSpec
from case_saliency.errors import CaseSaliencyError

if TYPE_CHECKING:
    import pandas as pd


def fetch(spec: DatasetSpec, destination: Path, options: Options) -> Fetched:
    """List the images in the class folders; all are in the split `test` (see `sources.obtain`).

    Without a label space every class folder is a class, in alphabetical order, those without images included (so that
    an emptied folder does not change the other labels). With one, a folder is named after its class, by its index, or,
    for ImageNet, by its WordNet id.

    Raises
    ------
    CaseSaliencyError
        If there are no class folders with images, or they do not match the label space.
    """
    root = options.folder(spec.name)
    if root is None:
        raise CaseSaliencyError(f"datasets.{spec.name}.path: null found; name the folder with your class folders")
    found = folders.survey(root, progress=options.progress)
    loose = found.manifest["label_name"] == ""
    images = found.manifest[~loose]
    if images.empty:
        raise CaseSaliencyError(
            f"datasets.{spec.name}.path: no image in a class folder of {root} ({loose.sum()} images lie in no class "
            f"folder, {len(found.excluded)} files are no usable images); put JPEG, PNG, BMP or WEBP files into class "
            "folders"
        )
    classes = _class_folders(root)
    indices, names = _labels(classes, sorted(set(images["label_name"])), options.label_space)
    locations.refer(destination, root)
    manifest = images.assign(
        file=locations.REFERENCE + images["file"],
        label=images["label_name"].map(indices),
        label_name=[names[indices[name]] for name in images["label_name"]],
        split="test",
        licence=spec.licence,
    )
    empty = [f"{name}/" for name in classes if name not in set(images["label_name"])]
    exclusions = excluded(
        found.excluded,
        {
            **dict.fromkeys(found.manifest.loc[loose, "file"], "lies in no class folder"),
            **dict.fromkeys(empty, "class folder without usable images"),
        },
    )
    return Fetched(manifest.reset_index(drop=True), exclusions)


def excluded(first: "pd.DataFrame", rest: dict[str, str]) -> "pd.DataFrame":
    """Return a table of exclusions with more of them, file -> reason, sorted by file."""
    import pandas as pd

    more = pd.DataFrame({"file": list(rest), "reason": list(rest.values())}, dtype=object)
    return pd.concat([first, more]).sort_values("file", ignore_index=True)


def _class_folders(root: Path) -> list[str]:
    return sorted(path.name for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))


def _labels(
    classes: Sequence[str], filled: Sequence[str], label_space: str | None
) -> tuple[dict[str, int], Sequence[str]]:
    """Return class folder -> class index for the folders with images, and the names of all classes."""
    if label_space is None:
        return {name: index for index, name in enumerate(classes)}, classes
    names = labels.names(label_space)
    by_id = {name: index for index, name in enumerate(labels.wordnet_ids())} if label_space == "imagenet-1k" else {}
    if by_id and all(name in by_id for name in filled):
        return {name: by_id[name] for name in filled}, names
    return folders.labels(filled, len(names), names), names
