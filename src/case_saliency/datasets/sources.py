"""The datasets by name, and where their images come from.

Importing this module is cheap: what fetches a dataset is imported when it is asked for.
"""

from dataclasses import dataclass
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING

from case_saliency.errors import CaseSaliencyError

if TYPE_CHECKING:
    import pandas as pd

MANIFEST_COLUMNS = ("image_id", "file", "label", "label_name", "split", "sha256", "source", "licence")


@dataclass(frozen=True)
class DatasetSpec:
    """What is known of a dataset before it is fetched.

    Attributes
    ----------
    name
        Its name in params.yaml and its folder under `data/`.
    description
        One line for people.
    label_space
        What its class indices mean (a key of `labels.LABEL_SPACES`); only models of the same label space can judge it.
    n_classes, n_images
        Number of classes in the label space; number of images.
    licence
        Terms under which the images may be used.
    fetcher
        `module:function`; called with this specification and the destination, returns the manifest.
    """

    name: str
    description: str
    label_space: str
    n_classes: int
    n_images: int
    licence: str
    fetcher: str


DATASETS: dict[str, DatasetSpec] = {
    spec.name: spec
    for spec in (
        DatasetSpec(
            name="imagenet-sample",
            description="20 photographs of ImageNet classes, shipped by the package foolbox",
            label_space="imagenet-1k",
            n_classes=1000,
            n_images=20,
            licence="not stated for the photographs; the package that ships them is MIT-licensed",
            fetcher="case_saliency.datasets.samples:fetch",
        ),
    )
}


def find(dataset: str) -> DatasetSpec:
    """Return the specification of a dataset.

    Raises
    ------
    CaseSaliencyError
        If the name is unknown; lists the known ones.
    """
    if dataset not in DATASETS:
        raise CaseSaliencyError(f"dataset {dataset!r} is unknown; known are: {', '.join(sorted(DATASETS))}")
    return DATASETS[dataset]


def fetch(dataset: str, destination: Path) -> "pd.DataFrame":
    """Put a dataset's images under `destination/images/`, verified, and return the manifest without writing it.

    Parameters
    ----------
    dataset
        A key of `DATASETS`.
    destination
        The dataset's folder, made if missing. Files of the same names are replaced.

    Returns
    -------
    pandas.DataFrame
        One row for each image, columns `MANIFEST_COLUMNS`: `image_id` (text, unique), `file` (relative to
        `destination`, with slashes), `label` (class index), `label_name`, `split`, `sha256` (of the file), `source`,
        `licence`.

    Raises
    ------
    CaseSaliencyError
        If the name is unknown, the source is missing, or a file's hash is not the pinned one.
    """
    spec = find(dataset)
    manifest: pd.DataFrame = resolve_name(spec.fetcher)(spec, destination)
    return manifest[list(MANIFEST_COLUMNS)]
