"""Label spaces: what the class indices of a dataset and of a model mean."""

from collections.abc import Callable

from case_saliency.errors import CaseSaliencyError


def names(label_space: str) -> tuple[str, ...]:
    """Return the class names of a label space; the class index is the position.

    Parameters
    ----------
    label_space
        A key of `LABEL_SPACES`, for example `imagenet-1k`.

    Raises
    ------
    CaseSaliencyError
        If the label space is unknown.
    """
    if label_space not in LABEL_SPACES:
        raise CaseSaliencyError(f"label space {label_space!r} is unknown; known are: {', '.join(sorted(LABEL_SPACES))}")
    return LABEL_SPACES[label_space]()


def _imagenet_1k() -> tuple[str, ...]:
    """Return the classes of ILSVRC2012 in the order of their WordNet ids, as torchvision's weights list them."""
    from torchvision.models import ResNet50_Weights

    return tuple(ResNet50_Weights.IMAGENET1K_V1.meta["categories"])


LABEL_SPACES: dict[str, Callable[[], tuple[str, ...]]] = {"imagenet-1k": _imagenet_1k}
