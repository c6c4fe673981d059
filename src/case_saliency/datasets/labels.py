"""Label spaces: what the class indices of a dataset and of a model mean."""

from collections.abc import Callable
from functools import cache
from importlib.resources import files

from case_saliency.errors import CaseSaliencyError

USER = "user"
"""In place of a label space: the classes are those of a user's folder, known when it has been read."""


def names(label_space: str, n_classes: int = 0) -> tuple[str, ...]:
    """Return the class names of a label space; the class index is the position.

    Parameters
    ----------
    label_space
        A key of `LABEL_SPACES`, for example `imagenet-1k`; or `USER`, whose classes are numbered.
    n_classes
        How many classes there are; read for `USER` alone.

    Raises
    ------
    CaseSaliencyError
        If the label space is unknown.
    """
    if label_space == USER:
        return tuple(f"class {index}" for index in range(n_classes))
    if label_space not in LABEL_SPACES:
        raise CaseSaliencyError(f"label space {label_space!r} is unknown; known are: {', '.join(sorted(LABEL_SPACES))}")
    return LABEL_SPACES[label_space]()


@cache
def wordnet_ids() -> tuple[str, ...]:
    """Return the WordNet ids of the classes of ILSVRC2012, such as `n01440764`, in the order of the class indices."""
    return _lines("imagenet_wnids.txt")


def _imagenet_1k() -> tuple[str, ...]:
    """Return the classes of ILSVRC2012 in the order of their WordNet ids, as torchvision's weights list them."""
    from torchvision.models import ResNet50_Weights

    return tuple(ResNet50_Weights.IMAGENET1K_V1.meta["categories"])


def _digits() -> tuple[str, ...]:
    return tuple("0123456789")


def _fashion_mnist() -> tuple[str, ...]:
    """Return the names in the README of Fashion-MNIST."""
    return "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"


def _cifar10() -> tuple[str, ...]:
    """Return the names in `batches.meta.txt` of the archive."""
    return ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def _cifar100() -> tuple[str, ...]:
    """Return the names in `fine_label_names.txt` of the archive, which are in alphabetical order."""
    return _lines("cifar100_names.txt")


def _lines(name: str) -> tuple[str, ...]:
    """Return the lines of a file of this package."""
    return tuple(files(__package__).joinpath(name).read_text(encoding="ascii").split())


LABEL_SPACES: dict[str, Callable[[], tuple[str, ...]]] = {
    "imagenet-1k": _imagenet_1k,
    "digits": _digits,
    "fashion-mnist": _fashion_mnist,
    "cifar10": _cifar10,
    "cifar100": _cifar100,
}
