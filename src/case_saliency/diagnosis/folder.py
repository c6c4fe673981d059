"""The user's images for a diagnosis: with class folders, or without any."""

from pathlib import Path

from case_saliency.datasets import folders
from case_saliency.datasets.folders import Folder, files, labels
from case_saliency.errors import CaseSaliencyError

__all__ = ["Folder", "files", "labels", "survey"]


def survey(folder: Path) -> Folder:
    """Decode every file of a folder once and tell images from other files (see `datasets.folders`).

    Images lie in the folder itself (no labels), or all of them in class folders, at any depth.

    Raises
    ------
    CaseSaliencyError
        If no file is an image, or some images are in class folders and others are not.
    """
    found = folders.survey(folder)
    if found.manifest.empty:
        first = found.excluded.head(1).to_dict("records")
        why = f", the first is {first[0]['file']}: {first[0]['reason']}" if first else ""
        raise CaseSaliencyError(
            f"images: {folder} holds no image among {len(found.excluded)} files{why}; put JPEG, PNG, BMP or WEBP "
            "files there"
        )
    loose = found.manifest["label_name"] == ""
    if loose.any() and not loose.all():
        raise CaseSaliencyError(
            f"images: in {folder} {loose.sum()} images lie beside the class folders, such as "
            f"{found.manifest.loc[loose, 'file'].iloc[0]}; put all into class folders, or none"
        )
    return found
