"""CASE: what of a class's gradient is not shared with the classes that it is confused with.

Williamson, Ji and Dwyer, "CASE: Contrastive Activation for Saliency Estimation", 2025 (arXiv:2506.07327), Section 3.
Each function returns shape (N, T, h, w). Notation: see `view`; V(t) is the contrast set of class t.
"""

from torch import Tensor

from case_saliency.attribution.contrast import Source
from case_saliency.attribution.gradient import dot, rectify
from case_saliency.attribution.view import View


def case(
    view: View, *, source: Source = "logits", k: int = 3, pooled: bool = True, eps: float = 1e-12, relu: bool = True
) -> Tensor:
    """CASE: sum_k g'_k A_k with g' = g_t - <g_t, m> / (|m|^2 + eps) m, m the mean of g_v over v in V(t).

    Parameters
    ----------
    source, k
        Where V(t) comes from and its size; see `contrast`. The paper takes `confusion` and says that 3 suffice.
    pooled
        Average the gradients over space before they are projected, as the authors' code does; if False, project the
        gradients themselves, as Algorithm 1 reads.
    eps
        Guards against a vanishing contrast gradient.
    relu
        Clip negative evidence.
    """
    contrast = view.contrast_classes(source, k)
    g, means = own(view, pooled), mean_contrast(view, contrast, pooled)
    return rectify(cam(view, g - projection(g, means, eps)), relu)


def own(view: View, pooled: bool) -> Tensor:
    """Return g_t of each compared class, pooled (N, T, C) or not (N, T, C, h, w)."""
    return view.weights(view.classes) if pooled else view.gradients(view.classes)


def mean_contrast(view: View, contrast: Tensor, pooled: bool) -> Tensor:
    """Return the mean of g_v over each contrast set (N, T, k), shaped as `own`."""
    members = contrast.flatten(1)
    gradients = view.weights(members) if pooled else view.gradients(members)
    return gradients.reshape(*contrast.shape, *gradients.shape[2:]).mean(2)


def projection(vectors: Tensor, directions: Tensor, eps: float) -> Tensor:
    """Return the part of `vectors` (N, T, ...) along `directions` (N, T, ...): <v, d> / (|d|^2 + eps) d."""
    axes = tuple(range(2, vectors.ndim))
    along = (vectors * directions).sum(axes, keepdim=True)
    return along / (directions.square().sum(axes, keepdim=True) + eps) * directions


def cam(view: View, evidence: Tensor) -> Tensor:
    """Weight the activations by channel weights (N, T, C) or by gradients (N, T, C, h, w)."""
    return view.combine(evidence) if evidence.ndim == 3 else dot(evidence, view.activations)
