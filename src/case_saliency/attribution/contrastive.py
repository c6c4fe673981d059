"""Grad-CAM of scores that set a class against others: CASE's peers.

Each differs from Grad-CAM in the score only, a function s_t of the logits. Its gradient at the logits, ds_t/dy, is
known in closed form and brought to the layer by one VJP. Each returns shape (N, T, h, w). Notation: see `view`;
p = softmax(y).
"""

from functools import partial
from typing import Literal

import torch
from torch import Tensor

from case_saliency.attribution.gradient import rectify
from case_saliency.attribution.view import View, key
from case_saliency.errors import CaseSaliencyError

Rival = Literal["pair", "logits", "confusion", "weights"]


def finercam(view: View, *, alpha: float = 1.0, n_references: int = 3, relu: bool = True) -> Tensor:
    """Finer-CAM: Grad-CAM of s_t = sum_r p_r (y_t - alpha y_r) / (sum_r p_r + 1e-9).

    The references r are the `n_references` classes whose logits are nearest to y_t; the gradient flows through p too.
    Zhang et al., "Finer-CAM", CVPR 2025 (arXiv:2501.11309), which takes alpha = 0.6; pytorch-grad-cam takes 1.
    """
    references = _nearest_logits(view, n_references)
    view.note("reference_classes", references)
    columns = zip(view.classes.unbind(1), references.unbind(1), strict=True)
    rows = torch.stack([_finer_row(view.logits, t, r, alpha) for t, r in columns], 1)
    return rectify(view.combine(view.pullback(rows).mean((-2, -1))), relu)


def softmax_gradcam(view: View, *, relu: bool = False) -> Tensor:
    """Grad-CAM of s_t = p_t, divided by p_t (1 - p_t): weights mean_ij(g_t - sum_{s != t} p_s g_s / (1 - p_t)).

    The factor, common to all cells, is left out because in float32 it vanishes, and p_t (g_t - sum_s p_s g_s) with it,
    where p_t is near 1. Wang and Wang, "Why Not Other Classes?", NeurIPS 2022; no ReLU in the original.
    """
    return rectify(view.combine(_lead(view, view.classes)), relu)


def logprob_gradcam(view: View, *, relu: bool = False) -> Tensor:
    """Grad-CAM of s_t = log p_t: weights mean_ij(g_t - sum_s p_s g_s), which are 1 - p_t times `softmax_gradcam`'s."""
    return rectify(view.combine(_logprob_weights(view, view.classes)), relu)


def difference_gradcam(view: View, *, source: Rival = "pair", relu: bool = True) -> Tensor:
    """Grad-CAM of s_t = y_t - y_q, q the rival of t (see `contrastive_gradcam`).

    For a pair of classes the two maps are negatives of each other before the ReLU, so that they share nothing by
    construction: a control, not a competitor.
    """
    return rectify(view.combine(view.weights(view.classes) - view.weights(_rivals(view, source))), relu)


def contrastive_gradcam(view: View, *, source: Rival = "pair", relu: bool = True) -> Tensor:
    """Contrastive Grad-CAM, "why t rather than q": Grad-CAM of s_t = -log p_q, q the rival of t.

    Minus `logprob_gradcam` of q, before the ReLU. Prabhushankar et al., "Contrastive Explanations in Neural Networks",
    ICIP 2020 (arXiv:2008.00178).

    Parameters
    ----------
    source
        "pair": q is the other one of two compared classes; else the first of t's contrast set, see `contrast`.
    relu
        Clip negative evidence.
    """
    return rectify(-view.combine(_logprob_weights(view, _rivals(view, source))), relu)


def _finer_row(logits: Tensor, target: Tensor, references: Tensor, alpha: float) -> Tensor:
    """Return ds_t/dy of Finer-CAM for targets (N,) and references (N, R): shape (N, K)."""
    with torch.enable_grad():
        y = logits.clone().requires_grad_()
        p = y.softmax(-1).gather(1, references)
        lead = y.gather(1, target[:, None]) - alpha * y.gather(1, references)
        score = (p * lead).sum(1) / (p.sum(1) + 1e-9)
    (row,) = torch.autograd.grad(score.sum(), y)
    return row


def _nearest_logits(view: View, n_references: int) -> Tensor:
    """Return the classes whose logits are nearest to each compared class's: shape (N, T, n_references)."""
    n_others = view.logits.shape[1] - 1
    if n_references > n_others:
        raise CaseSaliencyError(f"finercam: n_references is {n_references}, the model has {n_others} other classes")
    distance = (view.logits[:, None] - view.logits.gather(1, view.classes)[..., None]).abs()
    distance = distance.scatter(-1, view.classes[..., None], torch.inf)
    return distance.argsort(dim=-1, stable=True)[..., :n_references]


def _rivals(view: View, source: Rival) -> Tensor:
    """Return the class q that each compared class is set against: shape (N, T)."""
    if source != "pair":
        return view.contrast_classes(source, 1)[..., 0]
    if view.classes.shape[1] != 2:
        raise CaseSaliencyError(
            f"source: pair compares two classes, {view.classes.shape[1]} were given; use source: logits"
        )
    return view.classes.flip(1)


def _lead(view: View, classes: Tensor) -> Tensor:
    """Return mean_ij(g_t - sum_{s != t} p_s g_s / (1 - p_t)) for each t of `classes` (N, T): shape (N, T, C)."""
    if view.logits.shape[1] == 1:
        raise CaseSaliencyError("contrastive methods need a model of at least two classes, this one has one; leave out")

    def one(column: Tensor) -> Tensor:
        # p_s / (1 - p_t) is the softmax over the classes other than t.
        others = view.logits.scatter(1, column[:, None], -torch.inf).softmax(-1)
        row = torch.nn.functional.one_hot(column, view.logits.shape[1]) - others
        return view.pullback(row[:, None])[:, 0].mean((-2, -1))

    columns = [view.cached(("lead", key(t)), partial(one, t)) for t in classes.unbind(1)]
    return torch.stack(columns, 1)


def _logprob_weights(view: View, classes: Tensor) -> Tensor:
    """Return mean_ij d(log p_t)/dA: `_lead` times 1 - p_t, computed without cancellation."""
    own = view.logits.gather(1, classes)
    others = view.logits[:, None].expand(-1, classes.shape[1], -1).scatter(-1, classes[..., None], -torch.inf)
    return torch.sigmoid(others.logsumexp(-1) - own)[..., None] * _lead(view, classes)
