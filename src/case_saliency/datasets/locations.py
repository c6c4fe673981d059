"""Where an image file lies: below the dataset's folder, or below the user's folder that the dataset refers to.

A manifest names files by `file`. `images/a.png` lies in the dataset's folder. `reference:val/a.JPEG` lies in the
folder that `images/reference.json` names, which the fetching stage wrote from `datasets.<name>.path` in params.yaml. A
manifest alone therefore reaches nothing outside these two folders, and what it reaches must have the hash that it
names.
"""

import os
from pathlib import Path, PurePosixPath

from case_saliency import storage
from case_saliency.errors import CaseSaliencyError

REFERENCE = "reference:"
_FILE = "images/reference.json"


def refer(destination: Path, root: Path) -> None:
    """Note that the dataset's images lie below `root`, an absolute path."""
    storage.write_json({"root": root.as_posix()}, destination / _FILE)


def locate(folder: Path, file: str) -> Path:
    """Return where the file of a manifest lies.

    Parameters
    ----------
    folder
        The folder of the manifest.
    file
        An entry of the manifest's column `file`.

    Raises
    ------
    CaseSaliencyError
        If the name is absolute, climbs out of its folder, or is none that a file can have; or if it refers to the
        user's folder and none is noted.

    Examples
    --------
    >>> locate(Path("data/digits"), "images/images.safetensors").as_posix()
    'data/digits/images/images.safetensors'
    """
    refers = file.startswith(REFERENCE)
    name = PurePosixPath(file.removeprefix(REFERENCE))
    if name.is_absolute() or ".." in name.parts or not _possible(file):
        raise CaseSaliencyError(f"manifest of {folder}: file {file!r} leaves the folder; {remedy(folder)}")
    return (_root(folder) if refers else folder) / name


def remedy(folder: Path) -> str:
    """Say how a damaged dataset is mended."""
    return f"fetch it again: case-saliency fetch-dataset --dataset {folder.name} --manifest {folder}/manifest.csv"


def _possible(file: str) -> bool:
    try:
        return b"\0" not in os.fsencode(file)
    except UnicodeEncodeError:
        return False


def _root(folder: Path) -> Path:
    found = storage.read_json(folder / _FILE).get("root")
    if not isinstance(found, str) or not Path(found).is_absolute():
        raise CaseSaliencyError(f"{folder / _FILE}: root {found!r} found, an absolute path expected; {remedy(folder)}")
    return Path(found)
