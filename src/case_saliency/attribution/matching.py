"""Contrast classes that are, together, as near to a class's gradient as those of another set."""

from math import comb

import torch
from torch import Tensor

MOST_SUBSETS = 20_000
"""How many subsets of the candidates are tried for each image and class; beyond, the farthest ones are left out."""


def n_candidates(k: int, wanted: int) -> int:
    """Return the number of candidates, at most `wanted`, that have at most `MOST_SUBSETS` subsets of size `k`.

    Examples
    --------
    >>> n_candidates(3, 20), n_candidates(8, 20), n_candidates(3, 2)
    (20, 16, 3)
    """
    return next((count for count in range(wanted, k, -1) if comb(count, k) <= MOST_SUBSETS), k)


def match(own: Tensor, gradients: Tensor, target: Tensor, k: int) -> Tensor:
    """Return the k candidates whose mean gradient has the cosine to g_t that is nearest to a target.

    All subsets are tried. Of equally good ones the first in lexicographic order is taken: that of the nearest classes,
    if the candidates are in order of nearness.

    Parameters
    ----------
    own
        g_t, shape (N, T, D).
    gradients
        g_v of c candidates v, shape (N, T, c, D).
    target
        Cosines to be met, shape (N, T).
    k
        Size of the set.

    Returns
    -------
    Positions among the candidates, shape (N, T, k), ascending.

    Examples
    --------
    >>> candidates = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    >>> match(torch.tensor([[[1.0, 0.0]]]), candidates[None, None], torch.tensor([[0.7]]), 2).tolist()
    [[[0, 1]]]
    """
    subsets = torch.combinations(torch.arange(gradients.shape[2]), k)
    along = torch.einsum("ntd,ntcd->ntc", own, gradients).cpu().double()
    gram = torch.einsum("ntcd,nted->ntce", gradients, gradients).cpu().double()
    length = own.square().sum(-1).sqrt().cpu().double()[..., None]
    square = gram[..., subsets[:, :, None], subsets[:, None, :]].sum((-2, -1)).clamp(min=0)
    cosine = along[..., subsets].sum(-1) / (length * square.sqrt()).clamp(min=torch.finfo(torch.double).tiny)
    best = (cosine - target.cpu().double()[..., None]).abs().argmin(-1)
    return subsets[best].to(own.device)
