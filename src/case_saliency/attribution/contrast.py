"""Which classes a class is contrasted with: the classes that are most easily taken for it."""

from typing import Literal

import torch
from torch import Tensor, nn

from case_saliency.errors import CaseSaliencyError

Source = Literal["logits", "confusion", "weights"]
Compared = Literal["any", "in", "out", "matched"]


def similarity(
    source: Source,
    classes: Tensor,
    logits: Tensor,
    confusion: Tensor | None,
    module: nn.Module,
) -> Tensor:
    """Return how near every class is to each class of `classes`, shape (N, T, K); larger is nearer.

    Parameters
    ----------
    source
        "logits": the image's own logits (the authors' variant). "confusion": row u of the confusion matrix, how often
        the model took an image of class u for each class (Section 3 of the paper). "weights": cosine of the rows of
        the model's last linear layer.
    classes
        Shape (N, T).
    logits
        Shape (N, K).
    confusion
        Counts, shape (K, K), rows the true class; needed for "confusion" only.
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
    if confusion.shape != (n_classes, n_classes):
        raise CaseSaliencyError(
            f"confusion matrix: shape {tuple(confusion.shape)} found, the model has {n_classes} classes; rebuild it"
        )
    return confusion.to(logits)[classes]


def nearest(similarity: Tensor, logits: Tensor, excluded: Tensor, k: int, forced: Tensor | None = None) -> Tensor:
    """Return the `k` nearest classes, nearest first.

    Ties (such as classes that were never confused) are broken by the image's logits, then by the class index, so that
    a set always has k members and never arbitrary ones.

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


def _cosines(module: nn.Module, n_classes: int) -> Tensor:
    linear = [part for part in module.modules() if isinstance(part, nn.Linear) and part.out_features == n_classes]
    if not linear:
        raise CaseSaliencyError(
            f"source: weights needs a last linear layer with {n_classes} outputs and the model has none; use logits"
        )
    rows = nn.functional.normalize(linear[-1].weight.detach().float(), dim=1)
    cosines: Tensor = rows @ rows.T
    return cosines
