"""A user's folder of images: what it holds, what cannot be used, and what its class folders say. Imports no torch."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from case_saliency import storage
from case_saliency.datasets import decoding
from case_saliency.datasets.fetching import EXCLUSION_COLUMNS, Progress, silently
from case_saliency.datasets.sources import MANIFEST_COLUMNS
from case_saliency.errors import CaseSaliencyError

if TYPE_CHECKING:
    import pandas as pd

_LISTED = 8  # names in one message


@dataclass(frozen=True)
class Folder:
    """Images of a folder.

    Attributes
    ----------
    path
        The folder.
    manifest
        One row for each image, `MANIFEST_COLUMNS`; `image_id` is the path inside the folder, `label_name` the class
        folder, "" where there is none, and `label` -1 until `labels` finds it.
    excluded
        Columns `file` and `reason`: files that are no usable images.
    """

    path: Path
    manifest: "pd.DataFrame"
    excluded: "pd.DataFrame"

    @property
    def class_names(self) -> list[str]:
        """The class folders in alphabetical order; empty where the images have no labels."""
        return sorted(set(self.manifest["label_name"]) - {""})


def files(folder: Path) -> list[Path]:
    """Return the files of a folder and of the folders in it, sorted; names that begin with a dot are passed over.

    Raises
    ------
    CaseSaliencyError
        If there is no such folder.
    """
    if not folder.is_dir():
        raise CaseSaliencyError(f"images: {folder} is not a folder; name one that holds image files")
    found = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts))


def survey(folder: Path, paths: Sequence[Path] | None = None, progress: Progress = silently) -> Folder:
    """Decode every file of a folder once and tell images from other files.

    Parameters
    ----------
    folder
        The folder.
    paths
        Files in it to look at; None: all that `files` finds.
    progress
        Shows how many are done.
    """
    import pandas as pd

    rows, excluded = [], []
    paths = files(folder) if paths is None else paths
    for path in progress(paths, len(paths), "files"):
        try:
            rows.append(_row(folder, path))
        except CaseSaliencyError as error:
            reason = str(error).removeprefix(f"{path}: ").partition(";")[0]
            excluded.append({"file": _printable(path.relative_to(folder)), "reason": reason})
    return Folder(
        folder,
        pd.DataFrame(rows, columns=list(MANIFEST_COLUMNS)),
        pd.DataFrame(excluded, columns=list(EXCLUSION_COLUMNS)),
    )


def _row(folder: Path, path: Path) -> dict[str, Any]:
    name = path.relative_to(folder)
    if name.as_posix() != _printable(name):
        raise CaseSaliencyError(f"{path}: its name is not valid UTF-8; rename it")
    try:
        content = storage.read_bytes(path, decoding.MAX_BYTES)
    except OSError as error:
        raise CaseSaliencyError(f"{path}: cannot be read ({error.strerror}); make it readable") from error
    image = decoding.decode(content, path)
    if image.size == (1, 1):
        raise CaseSaliencyError(f"{path}: 1 x 1 pixel found, which leaves nothing to explain; remove it")
    return {
        "image_id": name.as_posix(),
        "file": name.as_posix(),
        "index": -1,
        "label": -1,
        "label_name": name.parts[0] if len(name.parts) > 1 else "",
        "split": "",
        "sha256": hashlib.sha256(content).hexdigest(),
        "source": folder.as_posix(),
        "licence": "not stated",
    }


def _printable(name: Path) -> str:
    return name.as_posix().encode("utf-8", "backslashreplace").decode("utf-8")


def labels(folders: Sequence[str], n_classes: int, class_names: Sequence[str] | None) -> dict[str, int]:
    """Return the class index of each class folder.

    A folder is named after its class (where the names are known), or by its index; or there is one folder for every
    class, and their alphabetical order is that of the classes, as torchvision's ImageFolder has it.

    Raises
    ------
    CaseSaliencyError
        If none of the three holds.

    Examples
    --------
    >>> labels(["007", "2"], 10, None), labels(["cat", "dog"], 2, None), labels(["tabby"], 2, ["dog", "tabby, cat"])
    ({'007': 7, '2': 2}, {'cat': 0, 'dog': 1}, {'tabby': 1})
    """
    known: dict[str, int] = {}
    for index, name in reversed(list(enumerate(class_names or ()))):
        known |= {_plain(synonym): index for synonym in (name, *name.split(","))}
    if all(_plain(name) in known for name in folders):
        return {name: known[_plain(name)] for name in folders}
    if all(name.isdecimal() and int(name) < n_classes for name in folders):
        return {name: int(name) for name in folders}
    if len(folders) == n_classes:
        return {name: index for index, name in enumerate(sorted(folders))}
    odd = [name for name in folders if _plain(name) not in known]
    shown = ", ".join(odd[:_LISTED]) + (", ..." if len(odd) > _LISTED else "")
    raise CaseSaliencyError(
        f"images: class folders {shown} match no class of the model, which has {n_classes}; name them by class index, "
        "give the names of all classes (--class-names), or put the images side by side, without labels"
    )


def _plain(name: str) -> str:
    return name.strip().lower().replace("_", " ")
