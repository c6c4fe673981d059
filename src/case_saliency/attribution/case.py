"""CASE: what of a class's gradient is not shared with the classes that it is confused with.

Williamson, Ji and Dwyer, "CASE: Contrastive Activation for Saliency Estimation", 2025 (arXiv:2506.07327), Section 3.
Each function returns shape (N, T, h, w). Notation: see `view`; V(t) is the contrast set of class t.
"""

import torch
from torch import Tensor

from case_saliency.attribution import matching
from case_saliency.attribution.contrast import Compared, Source
from case_saliency.attribution.gradient import dot, rectify
from case_saliency.attribution.view import View


def case(
    view: View,
    *,
    source: Source = "logits",
    k: int = 3,
    compared: Compared = "any",
    candidates: int = 20,
    pooled: bool = True,
    eps: float = 1e-30,
    relu: bool = True,
) -> Tensor:
    """CASE: sum_k g'_k A_k with g' = g_t - <g_t, m> / (|m|^2 + eps) m, m the mean of g_v over v in V(t).

    Parameters
    ----------
    source, k
        Where V(t) comes from and its size; see `contrast`. The paper takes `confusion` and says that 3 suffice.
    compared
        What the contrast sets may hold of the compared classes. "any": whatever is near. Where two compared classes are
        in each other's set, their maps are pushed apart by construction; "in" forces this on every image, "out" keeps
        all compared classes out of all sets. "matched": out, and the k classes are chosen such that m has about the
        cosine to g_t that it has with "any".
    candidates
        "matched" chooses among so many nearest classes; see `matching`.
    pooled
        Average the gradients over space before they are projected, as the authors' code does; if False, project the
        gradients themselves, as Algorithm 1 reads.
    eps
        Guards against a vanishing contrast gradient. It is compared with |m|^2, so that a larger one turns CASE into
        Grad-CAM on layers where gradients are small (ConvNeXt's, scaled by 1e-6 at the start, have |m|^2 of 1e-20).
    relu
        Clip negative evidence.
    """
    g = own(view, pooled)
    m = mean_contrast(view, contrast_set(view, source, k, compared, candidates, pooled), pooled)
    note_geometry(view, g, m)
    return draw(view, g - projection(g, m, eps), relu)


def case_span(
    view: View,
    *,
    source: Source = "logits",
    k: int = 3,
    compared: Compared = "any",
    candidates: int = 20,
    pooled: bool = True,
    rtol: float = 1e-6,
    relu: bool = True,
) -> Tensor:
    """CASE that removes the whole subspace: g' = g_t minus its orthogonal projection on span{g_v : v in V(t)}.

    Parameters are those of `case`; directions in which the Gram matrix of the g_v has an eigenvalue below `rtol` times
    its largest are not counted as spanned. An extension of ours: `case` removes one direction, the mean.
    """
    members = contrast_set(view, source, k, compared, candidates, pooled)
    g = own(view, pooled).flatten(2)
    basis = contrast_gradients(view, members, pooled).flatten(3)
    gram = torch.einsum("ntkd,ntld->ntkl", basis, basis).cpu().double()
    inverse = torch.linalg.pinv(gram, rtol=rtol, hermitian=True).to(g)
    coefficients = inverse @ torch.einsum("ntkd,ntd->ntk", basis, g)[..., None]
    left = g - (coefficients * basis).sum(2)
    return draw(view, left.reshape_as(own(view, pooled)), relu)


def case_difference(
    view: View,
    *,
    source: Source = "logits",
    k: int = 3,
    compared: Compared = "any",
    candidates: int = 20,
    pooled: bool = True,
    strength: float = 1.0,
    relu: bool = True,
) -> Tensor:
    """CASE that subtracts instead of projecting: sum_k g'_k A_k with g' = g_t - strength m, m the mean of g_v.

    Parameters are those of `case`. Grad-CAM of y_t - strength mean_v y_v: `strength` 0 is Grad-CAM (HiResCAM where not
    `pooled`), 1 is Finer-CAM with equal weights on CASE's contrast classes.
    """
    g = own(view, pooled)
    m = mean_contrast(view, contrast_set(view, source, k, compared, candidates, pooled), pooled)
    note_geometry(view, g, m)
    return draw(view, g - strength * m, relu)


def case_random_direction(
    view: View, *, source: Source = "logits", k: int = 3, pooled: bool = True, seed: int = 0, relu: bool = True
) -> Tensor:
    """Control of CASE: project out a random direction that is as near to g_t as the mean contrast gradient m is.

    r = cos(g_t, m) u + sin(g_t, m) z, with u = g_t / |g_t| and z a random unit vector orthogonal to it;
    g' = g_t - <g_t, r> r. An isotropic direction would be almost orthogonal to g_t and remove nothing.
    """
    g = own(view, pooled)
    m = mean_contrast(view, view.contrast_classes(source, k), pooled)
    axes = tuple(range(2, g.ndim))
    unit = normalised(g, axes)
    z = view.noise(seed, "case_random_direction", g.shape[2:], "normal")
    z = normalised(z - (z * unit).sum(axes, keepdim=True) * unit, axes)
    cosine = cosines(g, m)
    direction = cosine * unit + (1 - cosine.square()).sqrt() * z
    note_geometry(view, g, m)
    return draw(view, g - projection(g, direction, 0.0), relu)


def contrast_set(view: View, source: Source, k: int, compared: Compared, candidates: int, pooled: bool) -> Tensor:
    """Return V(t) of each compared class, shape (N, T, k), nearest first, and note it beside the map."""
    if compared != "matched":
        return view.contrast_classes(source, k, compared=compared)
    g = own(view, pooled)
    target = cosines(g, mean_contrast(view, view.contrast_classes(source, k), pooled)).flatten(1)
    n_others = view.logits.shape[1] - view.classes.shape[1]
    near = view.contrast_classes(source, matching.n_candidates(k, min(candidates, n_others)), compared="out")
    gradients = contrast_gradients(view, near, pooled).flatten(3)
    members = near.gather(-1, matching.match(g.flatten(2), gradients, target, k))
    view.note_contrast(members, source)
    view.note("target_cosine", target)
    return members


def note_geometry(view: View, g: Tensor, m: Tensor) -> None:
    """Note how the mean contrast gradient lies to g_t: `cosine`, and `norm_ratio` |m| / |g_t|, each (N, T)."""
    axes = tuple(range(2, g.ndim))
    lengths = [vectors.square().sum(axes).sqrt() for vectors in (m, g)]
    view.note("cosine", cosines(g, m).flatten(1))
    view.note("norm_ratio", lengths[0] / lengths[1].clamp(min=torch.finfo(g.dtype).tiny))


def draw(view: View, evidence: Tensor, relu: bool) -> Tensor:
    """Return the map of g' (N, T, ...); for a pair of classes, note the cosine of their g' as `pair_cosine` (N, T)."""
    if evidence.shape[1] == 2:
        view.note("pair_cosine", cosines(evidence, evidence.flip(1)).flatten(1))
    return rectify(cam(view, evidence), relu)


def own(view: View, pooled: bool) -> Tensor:
    """Return g_t of each compared class, pooled (N, T, C) or not (N, T, C, h, w)."""
    return view.weights(view.classes) if pooled else view.gradients(view.classes)


def contrast_gradients(view: View, members: Tensor, pooled: bool) -> Tensor:
    """Return g_v for contrast sets (N, T, k): shape (N, T, k, C), pooled, or (N, T, k, C, h, w)."""
    classes = members.flatten(1)
    gradients = view.weights(classes) if pooled else view.gradients(classes)
    return gradients.reshape(*members.shape, *gradients.shape[2:])


def mean_contrast(view: View, members: Tensor, pooled: bool) -> Tensor:
    """Return the mean of g_v over each contrast set (N, T, k), shaped as `own`."""
    if pooled:
        return contrast_gradients(view, members, pooled).mean(2)
    sums = [torch.stack([view.gradient(v) for v in of_one.unbind(1)]).sum(0) for of_one in members.unbind(1)]
    return torch.stack(sums, 1) / members.shape[2]


def projection(vectors: Tensor, directions: Tensor, eps: float) -> Tensor:
    """Return the part of `vectors` (N, T, ...) along `directions` (N, T, ...): <v, d> / (|d|^2 + eps) d."""
    axes = tuple(range(2, vectors.ndim))
    along = (vectors * directions).sum(axes, keepdim=True)
    return along / (directions.square().sum(axes, keepdim=True) + eps) * directions


def normalised(vectors: Tensor, axes: tuple[int, ...]) -> Tensor:
    """Divide vectors by their length over `axes`; a vector of zeros stays zero."""
    length = vectors.square().sum(axes, keepdim=True).sqrt()
    return vectors / length.clamp(min=torch.finfo(vectors.dtype).tiny)


def cosines(first: Tensor, second: Tensor) -> Tensor:
    """Return the cosine of vectors (N, T, ...) over all axes but the first two, which stay: (N, T, 1, ...); 0 for 0."""
    axes = tuple(range(2, first.ndim))
    return (normalised(first, axes) * normalised(second, axes)).sum(axes, keepdim=True).clamp(-1, 1)


def cam(view: View, evidence: Tensor) -> Tensor:
    """Weight the activations by channel weights (N, T, C) or by gradients (N, T, C, h, w)."""
    return view.combine(evidence) if evidence.ndim == 3 else dot(evidence, view.activations)
