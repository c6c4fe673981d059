"""Channel activity: how many channels of a layer are active for an image, and which classes share them.

A channel is active for an image if the mean of its activation over space exceeds a threshold. Source: CASE (arXiv
2506.07327), Figures 5 and 6, which count channels at a threshold of 0.001. Counts of layers of different width do not
compare, so that fractions stand beside them.
"""

from collections.abc import Iterable, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

if TYPE_CHECKING:
    import torch
    from torch import nn

KINDS = ("output", "rectified")
"""What is averaged over space: the layer's output as it is, or its positive part. Many a target layer stands before its
activation function: only the positive part of its output is passed on."""

COLUMNS = (
    *("experiment", "dataset", "model", "seed", "layer", "kind", "threshold", "image_id", "label", "n_channels"),
    *("n_active", "active_fraction", "class_overlap", "qualified", "reason"),
)
"""Columns of the table of scores; `score_activity` fills those from `kind` on."""

FloatArray = npt.NDArray[np.floating]


def pooled_activations(
    module: "nn.Module", batches: "Iterable[tuple[Sequence[str], torch.Tensor]]", layers: dict[str, str]
) -> tuple[list[str], dict[tuple[str, str], npt.NDArray[np.float32]]]:
    """Average the activations of target layers over space.

    Parameters
    ----------
    module
        The classifier; left as it was found.
    batches
        Pairs of image ids and images (n, 3, H, W).
    layers
        Name -> dotted path of a submodule.

    Returns
    -------
    Image ids, and (layer, kind) -> mean over space, (N, C); kinds are those of `KINDS`.
    """
    from case_saliency.attribution.capture import capture

    device = next(module.parameters()).device
    image_ids: list[str] = []
    found: dict[tuple[str, str], list[npt.NDArray[np.float32]]] = {key: [] for key in product(layers, KINDS)}
    for ids, images in batches:
        captured = capture(module, images.to(device), layers)
        image_ids.extend(ids)
        for name, layer in captured.layers.items():
            activations = layer.activations
            for kind, values in zip(KINDS, (activations, activations.clamp(min=0)), strict=True):
                found[name, kind].append(values.mean((2, 3)).cpu().numpy())
    return image_ids, {key: np.concatenate(parts) for key, parts in found.items()}


def score_activity(
    pooled: FloatArray,
    *,
    image_ids: Sequence[str],
    labels: npt.NDArray[np.integer],
    qualified: npt.NDArray[np.bool_],
    kind: str,
    thresholds: Sequence[float],
) -> pd.DataFrame:
    """Count the active channels of each image at one layer.

    Parameters
    ----------
    pooled
        (N, C) activations, averaged over space.
    image_ids, labels
        N names and true classes.
    qualified
        (N,) whether the image is predicted correctly. The others are counted as well, and marked "misclassified".
    kind
        One of `KINDS`, for the table.
    thresholds
        Above which mean activation a channel is active.

    Returns
    -------
    pandas.DataFrame
        `COLUMNS` from `kind` on, a row for each threshold and image. `class_overlap`: with C(u) the channels whose
        mean activation over the qualified images of class u exceeds the threshold, the mean over other classes v of
        ``|C(u) n C(v)| / |C(u) u C(v)|`` (Jaccard; 1 if both are empty), u the image's class; NaN if u has no qualified
        image or is the only class that has one.

    Raises
    ------
    ValueError
        If lengths do not fit together, or a value is not finite.

    Examples
    --------
    >>> pooled = np.array([[1.0, 0.0, 2.0], [1.0, 3.0, 0.0]])
    >>> table = score_activity(pooled, image_ids=["a", "b"], labels=np.array([0, 1]),
    ...                        qualified=np.array([True, True]), kind="output", thresholds=[0.5])
    >>> table["n_active"].tolist(), table["class_overlap"].round(2).tolist()
    ([2, 2], [0.33, 0.33])
    """
    _check(pooled, image_ids, labels, qualified)
    images = {"image_id": np.asarray(image_ids, dtype=object), "label": labels}
    told = {"qualified": qualified, "reason": np.where(qualified, "", "misclassified")}
    tables = [
        pd.DataFrame({"kind": kind, "threshold": float(threshold), **images, **counts, **told})
        for threshold in thresholds
        for counts in [_counts(pooled, labels, qualified, threshold)]
    ]
    return pd.concat(tables, ignore_index=True)


def _check(
    pooled: FloatArray,
    image_ids: Sequence[str],
    labels: npt.NDArray[np.integer],
    qualified: npt.NDArray[np.bool_],
) -> None:
    if pooled.ndim != 2 or not len(pooled) == len(image_ids) == len(labels) == len(qualified):
        raise ValueError(
            f"score_activity: pooled {pooled.shape}, {len(image_ids)} image_ids, {len(labels)} labels and "
            f"{len(qualified)} qualified; (N, C) and N of each expected"
        )
    if not np.isfinite(pooled).all():
        raise ValueError("score_activity: activations are not finite; check the network's weights")


def _counts(
    pooled: FloatArray, labels: npt.NDArray[np.integer], qualified: npt.NDArray[np.bool_], threshold: float
) -> dict[str, Any]:
    """Return the columns from `n_channels` to `class_overlap`, a value for each image."""
    n_channels = pooled.shape[1]
    active = (pooled > threshold).sum(axis=1)
    overlaps = _class_overlaps(pooled[qualified], labels[qualified], threshold)
    return {
        "n_channels": n_channels,
        "n_active": active,
        "active_fraction": active / n_channels,
        "class_overlap": [overlaps.get(int(label), np.nan) for label in labels],
    }


def _class_overlaps(pooled: FloatArray, labels: npt.NDArray[np.integer], threshold: float) -> dict[int, float]:
    """Return class -> mean Jaccard overlap of its active channels with those of each other class."""
    classes = np.unique(labels)
    if len(classes) < 2:
        return {}
    active = np.stack([pooled[labels == u].mean(axis=0) > threshold for u in classes]).astype(np.int64)
    shared = active @ active.T
    sizes = active.sum(axis=1)
    union = sizes[:, None] + sizes - shared
    jaccard = np.where(union > 0, shared / np.maximum(union, 1), 1.0)
    np.fill_diagonal(jaccard, np.nan)
    return dict(zip(classes.tolist(), np.nanmean(jaccard, axis=1).tolist(), strict=True))
