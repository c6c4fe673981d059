"""What the fidelity tests share: the two classes of an image, and the checks of a batch."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import torch

from case_saliency.diagnostic.topk import FloatArray

TARGETS = ("top1", "top2")
"""Roles of the classes that are explained, in the order of a map's `target` axis."""


def own_and_other(class_index: npt.NDArray[np.integer]) -> npt.NDArray[np.integer]:
    """Return for each image and target the explained class and, where there are two, the other one.

    Parameters
    ----------
    class_index
        (N, T) classes, T = 1 or 2.

    Returns
    -------
    numpy.ndarray
        (N, T, T): ``[n, t]`` starts with the class of target t.

    Examples
    --------
    >>> own_and_other(np.array([[7, 3]])).tolist()
    [[[7, 3], [3, 7]]]
    """
    return np.stack([np.roll(class_index, -t, axis=1) for t in range(class_index.shape[1])], axis=1)


def with_targets(
    maps: Mapping[str, FloatArray], class_index: npt.NDArray[np.integer]
) -> tuple[dict[str, FloatArray], npt.NDArray[np.integer]]:
    """Return maps (N, T, h, w) and classes (N, T); maps (N, h, w) of classes (N,) are those of one target."""
    if class_index.ndim > 1:
        return dict(maps), class_index
    return {method: native[:, None] for method, native in maps.items()}, class_index[:, None]


def check_batch(
    name: str,
    images: torch.Tensor,
    maps: Mapping[str, FloatArray],
    image_ids: Sequence[str],
    class_index: npt.NDArray[np.integer],
    qualified: npt.NDArray[np.bool_],
) -> None:
    """Raise a ValueError unless all lengths fit, and maps (N, T, h, w) and classes (N, T) name the same targets.

    `name` is the test's, for the message.
    """
    n_images = len(image_ids)
    lengths = {"images": len(images), "class_index": len(class_index), "qualified": len(qualified)}
    lengths |= {f"maps[{method!r}]": len(native) for method, native in maps.items()}
    wrong = {part: length for part, length in lengths.items() if length != n_images}
    if wrong:
        raise ValueError(f"{name}: {n_images} image_ids, but lengths {wrong}")
    if class_index.ndim != 2 or class_index.shape[1] not in (1, len(TARGETS)):
        raise ValueError(f"{name}: class_index of shape {class_index.shape}, expected (N, 1) or (N, 2)")
    shapes = {method: native.shape for method, native in maps.items()}
    wrong_maps = {
        method: shape for method, shape in shapes.items() if len(shape) != 4 or shape[1] != class_index.shape[1]
    }
    if wrong_maps:
        raise ValueError(
            f"{name}: maps of shape {wrong_maps}, expected (N, {class_index.shape[1]}, h, w), one map for each class"
        )
