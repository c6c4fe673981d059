"""Methods that weight a layer's activations by the gradients of the explained class's logit.

Each returns shape (N, T, h, w). `relu` clips negative evidence, as in the original papers; without it the map is
signed. Notation: see `view`.
"""

import torch
from torch import Tensor

from case_saliency.attribution.view import View


def gradcam(view: View, *, relu: bool = True) -> Tensor:
    """Grad-CAM: sum_k mean_ij(g_k) A_k.

    Selvaraju et al., "Grad-CAM", ICCV 2017 (arXiv:1610.02391), equations 1 and 2.
    """
    return rectify(view.combine(view.weights(view.classes)), relu)


def gradcam_plus_plus(view: View, *, relu: bool = True, eps: float = 1e-6) -> Tensor:
    """Grad-CAM++: sum_k (sum_ij a_kij ReLU(g_kij)) A_k, a = g^2 / (2 g^2 + (sum_ij A_kij) g^3 + eps).

    Chattopadhay et al., "Grad-CAM++", WACV 2018 (arXiv:1710.11063), equations 19 and 7 for the score exp(y_t), whose
    exponential cancels in a and scales the map. Most g^2 lie below the default `eps`, which is pytorch-grad-cam's and
    is kept so that the maps agree.
    """
    p = view.gradients(view.classes).clamp(min=0)  # cells of negative gradient have no part in the sum
    total = view.activations.sum((-2, -1), keepdim=True)[:, None]
    square = p.square()
    denominator = (total * p).add_(2).mul_(square).add_(eps)
    weights = (p * square).div_(denominator).sum((-2, -1))
    return rectify(view.combine(weights), relu)


def hirescam(view: View, *, relu: bool = True) -> Tensor:
    """HiResCAM: sum_k g_k A_k, cell by cell.

    Draelos and Carin, "Use HiResCAM instead of Grad-CAM", 2020 (arXiv:2011.08891).
    """
    return rectify(dot(view.gradients(view.classes), view.activations), relu)


def xgradcam(view: View, *, relu: bool = True, eps: float = 1e-7) -> Tensor:
    """XGrad-CAM: sum_k w_k A_k with w_k = sum_ij(g_kij A_kij) / (sum_ij A_kij + eps).

    Fu et al., "Axiom-based Grad-CAM", BMVC 2020 (arXiv:2008.02312). On layers before the activation sum A is often
    negative or near 0, which flips or inflates a channel.
    """
    A = view.activations[:, None]
    evidence = torch.einsum("ntchw,nchw->ntc", view.gradients(view.classes), view.activations)
    return rectify(view.combine(evidence / (A.sum((-2, -1)) + eps)), relu)


def layercam(view: View, *, relu: bool = True) -> Tensor:
    """LayerCAM: sum_k ReLU(g_k) A_k, cell by cell.

    Jiang et al., "LayerCAM", IEEE TIP 2021, equations 5 and 6. A may be negative on layers before the activation.
    """
    return rectify(dot(view.gradients(view.classes).clamp(min=0), view.activations), relu)


def eigencam(view: View, *, relu: bool = True) -> Tensor:
    """Eigen-CAM: the first principal component of the cells' activation vectors, the same for all classes.

    Muhammad and Yeasin, "Eigen-CAM", IJCNN 2020 (arXiv:2008.00299). The vectors are centred over cells, as in
    pytorch-grad-cam. The component's sign is arbitrary: the value of largest magnitude is made positive.
    """
    A = view.activations
    cells = A.flatten(2).mT
    centred = cells - cells.mean(1, keepdim=True)
    if centred.shape[1] <= centred.shape[2]:  # fewer cells than channels: the smaller Gram matrix
        values, vectors = torch.linalg.eigh((centred @ centred.mT).cpu().double())
        component = (vectors[..., -1] * values[:, -1:].clamp(min=0).sqrt()).to(A)
    else:
        _, vectors = torch.linalg.eigh((centred.mT @ centred).cpu().double())
        component = (centred @ vectors[..., -1:].to(A))[..., 0]
    largest = component.gather(1, component.abs().argmax(1, keepdim=True))
    cam = (component * largest.sign()).reshape(len(A), 1, *A.shape[2:])
    return rectify(cam.expand(-1, view.classes.shape[1], -1, -1), relu)


def rectify(cam: Tensor, relu: bool) -> Tensor:
    """Clip negative values if `relu`."""
    return cam.clamp(min=0) if relu else cam


def dot(gradients: Tensor, activations: Tensor) -> Tensor:
    """Return sum_k g_k A_k for gradients (N, J, C, h, w) and activations (N, C, h, w): shape (N, J, h, w)."""
    return torch.stack([(g * activations).sum(1) for g in gradients.unbind(1)], 1)
