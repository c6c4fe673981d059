"""The validation images of ILSVRC2012 in a folder of the user, read where they lie: checked, never downloaded.

Two layouts are known, in the named folder or in `val/` below it: the official archive as it unpacks
(`ILSVRC2012_val_00000001.JPEG`, ...) with the development kit beside it, or one folder for each class
(`n01440764/ILSVRC2012_val_00000293.JPEG`).
"""

import logging
import re
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType

from case_saliency.datasets import class_folders, devkit, folders, labels, locations, splits
from case_saliency.datasets.fetching import Fetched, Options
from case_saliency.datasets.sources import DatasetSpec
from case_saliency.errors import CaseSaliencyError

SHARES = MappingProxyType({"heldout": Fraction(1, 2), "test": Fraction(1, 2)})
_ARCHIVE = "ILSVRC2012_img_val.tar"
_IMAGE = re.compile(r"ILSVRC2012_val_(\d{8})\.JPEG")
_CLASS = re.compile(r"n\d{8}")
log = logging.getLogger(__name__)


def fetch(spec: DatasetSpec, destination: Path, options: Options) -> Fetched:
    """List the images and divide them in halves within each class, `heldout` and `test` (see `sources.obtain`).

    Raises
    ------
    CaseSaliencyError
        If the folder has neither layout, or the development kit is missing or damaged.
    """
    root = options.folder(spec.name)
    if root is None:
        raise CaseSaliencyError(f"datasets.{spec.name}.path: null found; name the folder of the validation images")
    place = root / "val" if (root / "val").is_dir() else root
    classes, refused = _classes(place, root)
    paths = [root / name for name in classes]
    found = folders.survey(root, paths, options.progress)
    usable = found.manifest
    if usable.empty:
        raise CaseSaliencyError(f"datasets.{spec.name}.path: none of {len(paths)} images in {place} can be decoded")
    names = labels.names(spec.label_space)
    indices = [classes[file] for file in usable["file"]]
    locations.refer(destination, root)
    image_ids = [Path(file).stem for file in usable["file"]]
    manifest = usable.assign(
        image_id=image_ids,
        file=locations.REFERENCE + usable["file"],
        label=indices,
        label_name=[names[index] for index in indices],
        split=splits.stratified(image_ids, indices, SHARES),
        source=[f"ILSVRC2012_img_val.tar#{image_id}.JPEG" for image_id in image_ids],
        licence=spec.licence,
    )
    expected = spec.n_images
    if len(manifest) != expected:
        log.warning("%d usable validation images found in %s, the published set has %d", len(manifest), place, expected)
    return Fetched(manifest.sort_values("image_id", ignore_index=True), class_folders.excluded(found.excluded, refused))


def _classes(place: Path, root: Path) -> tuple[dict[str, int], dict[str, str]]:
    """Return image -> class index, and what is refused -> why; paths inside `root`."""
    entries = sorted(path for path in place.iterdir() if not path.name.startswith("."))
    flat = [path for path in entries if _IMAGE.fullmatch(path.name)]
    nested = [path for path in entries if path.is_dir() and _CLASS.fullmatch(path.name)]
    if flat and nested:
        raise CaseSaliencyError(
            f"{place}: images ({flat[0].name}) and class folders ({nested[0].name}) found side by side; keep one kind"
        )
    if flat:
        return _by_number({path.relative_to(root).as_posix(): path.name for path in flat}, devkit.classes(root))
    if nested:
        return _by_folder(nested, root)
    hint = f"mkdir val && tar -xf {_ARCHIVE} -C val" if (root / _ARCHIVE).exists() else "see docs/data.md"
    raise CaseSaliencyError(
        f"{place}: neither validation images (ILSVRC2012_val_00000001.JPEG) nor class folders (n01440764) found; {hint}"
    )


def _by_number(images: Mapping[str, str], classes: list[int | None]) -> tuple[dict[str, int], dict[str, str]]:
    """Take the class of image number i from line i of the ground truth."""
    found, refused = {}, {}
    for file, name in images.items():
        matched = _IMAGE.fullmatch(name)
        number = int(matched[1]) if matched else 0
        if not 1 <= number <= len(classes):
            refused[file] = f"the ground truth has {len(classes)} lines, none for this image"
        elif (label := classes[number - 1]) is None:
            refused[file] = f"label out of range: line {number} of the ground truth names none of the 1000 classes"
        else:
            found[file] = label
    return found, refused


def _by_folder(nested: list[Path], root: Path) -> tuple[dict[str, int], dict[str, str]]:
    """Take the class of an image from the name of its folder."""
    indices = {name: index for index, name in enumerate(labels.wordnet_ids())}
    found, refused = {}, {}
    for folder in nested:
        files = folders.files(folder)
        if folder.name not in indices:
            refused[f"{folder.relative_to(root).as_posix()}/"] = "no class of ILSVRC2012"
            continue
        if not files:
            refused[f"{folder.relative_to(root).as_posix()}/"] = "class folder without images"
        for path in files:
            name = path.relative_to(root).as_posix()
            if _IMAGE.fullmatch(path.name):
                found[name] = indices[folder.name]
            else:
                refused[name] = "no validation image by its name (ILSVRC2012_val_00000001.JPEG)"
    return found, refused
