"""The datasets by name, and where their images come from.

Importing this module is cheap: what fetches a dataset is imported when it is asked for.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING

from case_saliency.datasets.fetching import EXCLUSION_COLUMNS, Fetched, Options
from case_saliency.datasets.labels import USER
from case_saliency.errors import CaseSaliencyError

if TYPE_CHECKING:
    import pandas as pd

MANIFEST_COLUMNS = ("image_id", "file", "index", "label", "label_name", "split", "sha256", "source", "licence")
SPLITS = ("train", "validation", "heldout", "test")


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
        What its class indices mean (a key of `labels.LABEL_SPACES`), or `labels.USER`: the user's folder says it.
    n_classes
        Number of classes in the label space; 0 where the user's folder decides.
    splits
        Split -> number of images; None where the user's folder decides. `train` and `validation` (which chooses the
        best epoch) are for training, `heldout` estimates the confusion matrix, `test` is evaluated. They never overlap.
    licence
        Terms under which the images may be used.
    fetcher
        `module:function`; called with this specification, the destination and `Options`, returns `Fetched`.
    needs_path
        Whether the images are the user's: `datasets.<name>.path` in params.yaml must name their folder.
    """

    name: str
    description: str
    label_space: str
    n_classes: int
    splits: Mapping[str, int] | None
    licence: str
    fetcher: str
    needs_path: bool = False

    @property
    def n_images(self) -> int | None:
        """Number of images in all splits; None where it is unknown before the images are fetched."""
        return None if self.splits is None else sum(self.splits.values())

    @property
    def n_test(self) -> int | None:
        """Number of images to evaluate on; None where it is unknown before the images are fetched."""
        return None if self.splits is None else self.splits["test"]

    @property
    def has_heldout(self) -> bool:
        """Whether a held-out split can estimate a confusion matrix."""
        return "heldout" in (self.splits or ())

    def admits(self, label_space: str) -> bool:
        """Whether a model of this label space can judge the images, as far as is known before they are fetched."""
        return self.label_space in (label_space, USER)


_FETCHERS = "case_saliency.datasets"


def _sample(name: str, description: str, label_space: str, n_classes: int) -> DatasetSpec:
    return DatasetSpec(
        name=name,
        description=description,
        label_space=label_space,
        n_classes=n_classes,
        splits={"test": 20},
        licence="not stated for the photographs; the package that ships them is MIT-licensed",
        fetcher=f"{_FETCHERS}.samples:fetch",
    )


def _cifar(n_classes: int) -> DatasetSpec:
    return DatasetSpec(
        name=f"cifar{n_classes}",
        description=f"CIFAR-{n_classes}: 60,000 colour images, 32 x 32 pixels",
        label_space=f"cifar{n_classes}",
        n_classes=n_classes,
        splits={"train": 40_000, "validation": 5_000, "heldout": 5_000, "test": 10_000},
        licence="not stated; the authors ask for a citation (Krizhevsky 2009)",
        fetcher=f"{_FETCHERS}.cifar:fetch",
    )


DATASETS: dict[str, DatasetSpec] = {
    spec.name: spec
    for spec in (
        _sample(
            "imagenet-sample",
            "20 photographs of ImageNet classes, shipped by the package foolbox",
            label_space="imagenet-1k",
            n_classes=1000,
        ),
        _sample(
            "cifar100-sample",
            "20 images of CIFAR-100 classes, shipped by the package foolbox",
            label_space="cifar100",
            n_classes=100,
        ),
        DatasetSpec(
            name="digits",
            description="1,797 handwritten digits of 8 x 8 pixels, shipped by the package scikit-learn",
            label_space="digits",
            n_classes=10,
            splits={"train": 898, "validation": 180, "heldout": 269, "test": 450},
            licence="CC-BY-4.0 (UCI Machine Learning Repository, Optical Recognition of Handwritten Digits)",
            fetcher=f"{_FETCHERS}.digits:fetch",
        ),
        DatasetSpec(
            name="fashion-mnist",
            description="Fashion-MNIST: 70,000 grey images of clothes, 28 x 28 pixels",
            label_space="fashion-mnist",
            n_classes=10,
            splits={"train": 50_000, "validation": 5_000, "heldout": 5_000, "test": 10_000},
            licence="MIT",
            fetcher=f"{_FETCHERS}.fashion_mnist:fetch",
        ),
        _cifar(10),
        _cifar(100),
        DatasetSpec(
            name="imagenet",
            description="the validation images of ILSVRC2012, in a folder of yours",
            label_space="imagenet-1k",
            n_classes=1000,
            splits={"heldout": 25_000, "test": 25_000},
            licence="ImageNet terms of access: non-commercial research and education",
            fetcher=f"{_FETCHERS}.imagenet:fetch",
            needs_path=True,
        ),
        DatasetSpec(
            name="folder",
            description="class folders of yours",
            label_space=USER,
            n_classes=0,
            splits=None,
            licence="not stated",
            fetcher=f"{_FETCHERS}.class_folders:fetch",
            needs_path=True,
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


def obtain(dataset: str, destination: Path, options: Options | None = None) -> Fetched:
    """Put a dataset's images under `destination/images/`, verified; return their manifest and what was left out.

    Images of a user's folder stay where they are: `images/` then tells where (see `locations`).

    Parameters
    ----------
    dataset
        A key of `DATASETS`.
    destination
        The dataset's folder, made if missing. Files of the same names are replaced.
    options
        What the user tells; None: nothing.

    Raises
    ------
    CaseSaliencyError
        If the name is unknown, the source is missing, or a file's hash is not the pinned one.
    """
    spec, options = find(dataset), options or Options()
    if spec.needs_path and options.path is None:
        raise CaseSaliencyError(f"datasets.{dataset}.path: null found; name the folder that holds {spec.description}")
    fetched: Fetched = resolve_name(spec.fetcher)(spec, destination, options)
    return Fetched(fetched.manifest[list(MANIFEST_COLUMNS)], fetched.exclusions[list(EXCLUSION_COLUMNS)])


def fetch(dataset: str, destination: Path, options: Options | None = None) -> "pd.DataFrame":
    """As `obtain`; return the manifest alone.

    Returns
    -------
    pandas.DataFrame
        One row for each image, columns `MANIFEST_COLUMNS`: `image_id` (text, unique), `file` (relative to
        `destination`, with slashes; see `locations`), `index` (row of a file of many images, -1 for an image file),
        `label` (class index), `label_name`, `split`, `sha256` (of the file, or of the pixels of one row), `source`,
        `licence`.
    """
    return obtain(dataset, destination, options).manifest
