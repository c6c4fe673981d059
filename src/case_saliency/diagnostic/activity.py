"""Channel activity: how many channels of a layer are active for an image, and which classes share them.

A channel is active for an image if the mean of its activation over space exceeds a threshold. Source: CASE (arXiv
2506.07327), Figures 5 and 6, which count channels at a threshold of 0.001. Counts of layers of different width do not
compare, so that fractions stand beside them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from case_saliency.attribution.rows import Rows

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
"""Columns of the table of scores; `ChannelActivity` fills those from `kind` on."""

FloatArray = npt.NDArray[np.floating]


def pooled_activations(
    module: "nn.Module", batches: "Iterable[tuple[Sequence[str], torch.Tensor]]", layers: Mapping[str, str]
) -> Iterator[tuple[Sequence[str], dict[tuple[str, str], npt.NDArray[np.float32]]]]:
    """Average the activations of target layers over space, batch by batch.

    Parameters
    ----------
    module
        The classifier; left as it was found.
    batches
        Pairs of image ids and images (n, 3, H, W).
    layers
        Name -> dotted path of a submodule.

    Yields
    ------
    Image ids of a batch, and (layer, kind) -> mean over space, (n, C); kinds are those of `KINDS`.
    """
    from case_saliency.attribution.capture import capture

    device = next(module.parameters()).device
    for ids, images in batches:
        captured = capture(module, images.to(device), dict(layers))
        found = {}
        for name, layer in captured.layers.items():
            activations = layer.activations
            for kind, values in zip(KINDS, (activations, activations.clamp(min=0)), strict=True):
                found[name, kind] = values.mean((2, 3)).cpu().numpy()
        yield ids, found


class ChannelActivity:
    """Counts the active channels of each image at one layer, from activations that come batch by batch.

    Kept are the counts of each image, and for each class the sum of its qualified images' activations.

    Parameters
    ----------
    thresholds
        Above which mean activation a channel is active.

    Examples
    --------
    >>> activity = ChannelActivity([0.5])
    >>> activity.add(np.array([[1.0, 0.0, 2.0], [1.0, 3.0, 0.0]]), np.array([0, 1]), np.array([True, True]))
    >>> table = activity.table("output", ["a", "b"], np.array([0, 1]), np.array([True, True]))
    >>> table["n_active"].tolist(), table["class_overlap"].round(2).tolist()
    ([2, 2], [0.33, 0.33])
    """

    def __init__(self, thresholds: Sequence[float]) -> None:
        self.thresholds = [float(threshold) for threshold in thresholds]
        self._active = Rows()
        self._classes: dict[int, tuple[int, npt.NDArray[np.float64]]] = {}  # label -> images, sum of their activations
        self._n_channels = 0

    def add(self, pooled: FloatArray, labels: npt.NDArray[np.integer], qualified: npt.NDArray[np.bool_]) -> None:
        """Take the next images.

        Parameters
        ----------
        pooled
            (n, C) activations, averaged over space.
        labels
            Their true classes.
        qualified
            (n,) whether the image is predicted correctly. The others are counted, and belong to no class.

        Raises
        ------
        ValueError
            If lengths do not fit together, or a value is not finite.
        """
        if pooled.ndim != 2 or not len(pooled) == len(labels) == len(qualified):
            raise ValueError(
                f"channel activity: pooled {pooled.shape}, {len(labels)} labels and {len(qualified)} qualified; (n, C) "
                "and n of each expected"
            )
        if not np.isfinite(pooled).all():
            raise ValueError("channel activity: activations are not finite; check the network's weights")
        self._n_channels = pooled.shape[1]
        self._active.append(np.stack([(pooled > threshold).sum(axis=1) for threshold in self.thresholds], axis=1))
        for label in np.unique(labels[qualified]).tolist():
            own = pooled[qualified & (labels == label)]
            n, total = self._classes.get(label, (0, np.zeros(self._n_channels)))
            self._classes[label] = (n + len(own), total + own.sum(axis=0, dtype=np.float64))

    def table(
        self,
        kind: str,
        image_ids: Sequence[str],
        labels: npt.NDArray[np.integer],
        qualified: npt.NDArray[np.bool_],
    ) -> pd.DataFrame:
        """Return the rows of all images.

        Parameters
        ----------
        kind
            One of `KINDS`, for the table.
        image_ids, labels, qualified
            Of all images, as they were added. Those that do not qualify are marked "misclassified".

        Returns
        -------
        pandas.DataFrame
            `COLUMNS` from `kind` on, a row for each threshold and image. `class_overlap`: with C(u) the channels whose
            mean activation over the qualified images of class u exceeds the threshold, the mean over other classes v of
            ``|C(u) n C(v)| / |C(u) u C(v)|`` (Jaccard; 1 if both are empty), u the image's class; NaN if u has no
            qualified image or is the only class that has one.
        """
        images = {"image_id": np.asarray(image_ids, dtype=object), "label": labels}
        told = {"qualified": qualified, "reason": np.where(qualified, "", "misclassified")}
        tables = []
        for threshold, active in zip(self.thresholds, self._active.array().T, strict=True):
            overlaps = self._class_overlaps(threshold)
            counts = {
                "n_channels": self._n_channels,
                "n_active": active,
                "active_fraction": active / self._n_channels,
                "class_overlap": [overlaps.get(int(label), np.nan) for label in labels],
            }
            tables.append(pd.DataFrame({"kind": kind, "threshold": threshold, **images, **counts, **told}))
        return pd.concat(tables, ignore_index=True)

    def _class_overlaps(self, threshold: float) -> dict[int, float]:
        """Return class -> mean Jaccard overlap of its active channels with those of each other class."""
        if len(self._classes) < 2:
            return {}
        means = {label: total / n for label, (n, total) in sorted(self._classes.items())}
        active = np.stack([mean > threshold for mean in means.values()]).astype(np.int64)
        shared = active @ active.T
        sizes = active.sum(axis=1)
        union = sizes[:, None] + sizes - shared
        jaccard = np.where(union > 0, shared / np.maximum(union, 1), 1.0)
        np.fill_diagonal(jaccard, np.nan)
        return dict(zip(means, np.nanmean(jaccard, axis=1).tolist(), strict=True))
