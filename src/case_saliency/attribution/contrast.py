"""Which classes a class is contrasted with: the classes that are most easily taken for it."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from case_saliency.errors import CaseSaliencyError

Source = Literal["logits", "confusion", "weights"]
Compared = Literal["any", "in", "out", "matched"]


@dataclass(frozen=True)
class Confusion:
    """What a model took held-out images for.

    Attributes
    ----------
    counts
        Images of class u that were taken for class v, shape (K, K), rows the true class.
    mean_softmax
        Mean probability of class v over the held-out images of class u, shape (K, K); None if it is not known.
    """

    counts: NDArray[Any]
    mean_softmax: NDArray[Any] | None = None

    def __post_init__(self) -> None:
        shape = self.counts.shape
        if len(shape) != 2 or shape[0] != shape[1]:
            raise CaseSaliencyError(f"confusion matrix: shape {shape} found, a square one expected; rebuild it")
        if self.mean_softmax is not None and self.mean_softmax.shape != shape:
            raise CaseSaliencyError(
                f"confusion matrix: mean probabilities of shape {self.mean_softmax.shape} found, {shape} expected; "
                "rebuild both"
            )

    def nearness(self) -> NDArray[np.float64]:
        """Return how near class v is to class u, shape (K, K), rows u: the count plus the mean probability.

        A probability is below 1, so that a class that was confused more often is always nearer, classes that were
        confused equally often come in the order of their probabilities, and so do those that fill a short row because
        they were never confused.

        Examples
        --------
        >>> found = Confusion(np.array([[5, 0, 1], [0, 6, 0], [2, 0, 4]]), np.array([[.7, .1, .2]] * 3))
        >>> found.nearness()[0].tolist()
        [5.7, 0.1, 1.2]
        """
        counts = self.counts.astype(np.float64)
        return counts if self.mean_softmax is None else counts + self.mean_softmax


def similarity(
    source: Source,
    classes: Tensor,
    logits: Tensor,
    confusion: Confusion | None,
    module: nn.Module,
) -> Tensor:
    """Return how near every class is to each class of `classes`, shape (N, T, K); larger is nearer.

    Parameters
    ----------
    source
        "logits": the image's own logits (the authors' variant). "confusion": row u of the confusion matrix, how often
        the model took an image of class u for each class (Section 3 of the paper), see `Confusion.nearness`.
        "weights": cosine of the rows of the model's last linear layer.
    classes
        Shape (N, T).
    logits
        Shape (N, K).
    confusion
        Needed for "confusion" only.
    module
        The classifier; used for "weights" only.

    Raises
    ------
    CaseSaliencyError
        If the confusion matrix is missing or has another number of classes; if no last linear layer is found.
    """
    n_classes = logits.shape[1]
    if source == "logits":
        return logits[:, None].expand(-1, classes.shape[1], -1)
    if source == "weights":
        return _cosines(module, n_classes)[classes]
    if confusion is None:
        raise CaseSaliencyError("source: confusion needs a confusion matrix and none was given; use source: logits")
    if confusion.counts.shape != (n_classes, n_classes):
        raise CaseSaliencyError(
            f"confusion matrix: shape {confusion.counts.shape} found, the model has {n_classes} classes; rebuild it"
        )
    return torch.from_numpy(_ranks(confusion.nearness()[classes.cpu().numpy()])).to(classes.device)


def filled(members: Tensor, classes: Tensor, confusion: Confusion) -> Tensor:
    """Return the share of each contrast set that fills a short row: classes that were never confused with its class.

    Parameters
    ----------
    members
        Contrast sets, shape (N, T, k).
    classes
        The classes that they belong to, shape (N, T).

    Returns
    -------
    Shape (N, T), from 0 to 1.
    """
    rows, columns = classes[:, :, None].cpu().numpy(), members.cpu().numpy()
    return torch.from_numpy((confusion.counts[rows, columns] == 0).mean(-1))


def nearest(similarity: Tensor, logits: Tensor, excluded: Tensor, k: int, forced: Tensor | None = None) -> Tensor:
    """Return the `k` nearest classes, nearest first.

    Ties are broken by the image's logits, then by the class index, so that a set always has k members and never
    arbitrary ones.

    Parameters
    ----------
    similarity
        Shape (N, T, K).
    logits
        Shape (N, K).
    excluded
        Classes that may not be chosen, shape (N, T, E).
    k
        Size of each set.
    forced
        Classes that every set holds, shape (N, T, F): where they are not near enough, they stand in for the last ones.

    Returns
    -------
    Shape (N, T, k), class indices.

    Raises
    ------
    CaseSaliencyError
        If fewer than `k` classes are left, or more than `k` are forced.

    Examples
    --------
    >>> logits = torch.tensor([[3.0, 2.0, 1.0, 0.0]])
    >>> nearest(torch.tensor([[[9.0, 0.0, 0.0, 5.0]]]), logits, torch.tensor([[[0]]]), k=3).tolist()
    [[[3, 1, 2]]]
    """
    left = logits.shape[1] - len(set(excluded[0, 0].tolist()))
    if k > left:
        raise CaseSaliencyError(f"contrast set: k is {k}, but only {left} other classes are left; lower k")
    by_logit = logits.argsort(dim=-1, descending=True, stable=True)[:, None].expand_as(similarity)
    near = similarity.scatter(-1, excluded, -torch.inf).gather(-1, by_logit)
    ranking = by_logit.gather(-1, near.argsort(dim=-1, descending=True, stable=True))
    if forced is None:
        return ranking[..., :k]
    if forced.shape[-1] > k:
        raise CaseSaliencyError(f"contrast set: k is {k}, but {forced.shape[-1]} classes must be in it; raise k")
    wanted = (ranking[..., None] == forced[:, :, None]).any(-1)
    ranks = wanted.int().argsort(dim=-1, descending=True, stable=True)[..., :k].sort(-1).values
    return ranking.gather(-1, ranks)


def _ranks(values: NDArray[Any]) -> NDArray[np.float32]:
    """Replace numbers by their rank in their row, equal ones by equal ranks: exact in single precision."""
    ranks = np.apply_along_axis(lambda row: np.unique(row, return_inverse=True)[1], -1, values)
    return ranks.astype(np.float32)


def _cosines(module: nn.Module, n_classes: int) -> Tensor:
    linear = [part for part in module.modules() if isinstance(part, nn.Linear) and part.out_features == n_classes]
    if not linear:
        raise CaseSaliencyError(
            f"source: weights needs a last linear layer with {n_classes} outputs and the model has none; use logits"
        )
    rows = nn.functional.normalize(linear[-1].weight.detach().float(), dim=1)
    cosines: Tensor = rows @ rows.T
    return cosines
