"""Methods that explain at the input's resolution, through captum.

Each returns shape (N, T, H, W): the attributions of the three colour channels, reduced to one number by `channels`:
their "sum", the sum of their magnitudes ("abs_sum") or the largest magnitude ("abs_max"). Notation: see `view`; x is
the image, 0 in it the mean colour.
"""

import warnings
from collections.abc import Callable
from typing import Literal

import torch
from captum import attr
from torch import Tensor

from case_saliency.attribution import seeding
from case_saliency.attribution.rectifiers import only_relu_modules
from case_saliency.attribution.view import View
from case_saliency.errors import CaseSaliencyError

Channels = Literal["sum", "abs_sum", "abs_max"]


def integrated_gradients(view: View, *, n_steps: int = 50, baseline: float = 0.0, channels: Channels = "sum") -> Tensor:
    """Integrated Gradients: (x - x0) times the mean of dy_t/dx on the straight way from x0 = `baseline` to x.

    Gauss-Legendre quadrature with `n_steps` points. By completeness the attributions sum to y_t(x) - y_t(x0); by how
    much they miss it is noted as `completeness_gap`. Sundararajan et al., ICML 2017 (arXiv:1703.01365).
    """
    explainer = attr.IntegratedGradients(view.predict)
    gaps = []

    def one(images: Tensor, target: Tensor) -> Tensor:
        found, gap = explainer.attribute(
            images, baseline, target, n_steps=n_steps, internal_batch_size=view.rows, return_convergence_delta=True
        )
        gaps.append(gap)
        return torch.as_tensor(found)

    maps = _for_each_class(view, one, channels)
    view.note("completeness_gap", torch.stack(gaps, 1))
    return maps


def input_x_gradient(view: View, *, channels: Channels = "sum") -> Tensor:
    """Input times gradient: x dy_t/dx. Shrikumar et al., 2016 (arXiv:1605.01713)."""
    return _for_each_class(view, attr.InputXGradient(view.predict).attribute, channels)


def smoothgrad(
    view: View, *, n_samples: int = 25, noise: float = 0.15, seed: int = 0, channels: Channels = "abs_sum"
) -> Tensor:
    """SmoothGrad: the mean of dy_t/dx over `n_samples` copies of x with normal noise.

    The noise has standard deviation `noise` times the range of x and is the same for all classes. Smilkov et al., 2017
    (arXiv:1706.03825).
    """
    explainer = attr.Saliency(view.predict)

    def mean(image: Tensor, image_id: str, target: Tensor) -> Tensor:
        normal = seeding.generator(seed, "smoothgrad", image_id).standard_normal((n_samples, *image.shape))
        copies = image + noise * (image.max() - image.min()) * torch.from_numpy(normal).to(image)
        parts = [
            explainer.attribute(part.requires_grad_(), target.expand(len(part)), abs=False).sum(0)
            for part in torch.split(copies, view.rows)
        ]
        return torch.stack(parts).sum(0) / n_samples

    def one(images: Tensor, target: Tensor) -> Tensor:
        images = images.detach()
        return torch.stack([mean(*item) for item in zip(images, view.image_ids, target, strict=True)])

    return _for_each_class(view, one, channels)


def guided_backprop(view: View, *, channels: Channels = "abs_sum") -> Tensor:
    """Guided Backprop: dy_t/dx with negative gradients cut off at every ReLU.

    Springenberg et al., ICLR Workshops 2015 (arXiv:1412.6806). Only for networks whose rectifiers are all `nn.ReLU`
    modules: on any other activation the gradient would pass unguided.

    Raises
    ------
    CaseSaliencyError
        If the network has another kind of rectifier.
    """
    with only_relu_modules(view.module, view.images[:1]), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Setting backward hooks on ReLU activations")
        return _for_each_class(view, attr.GuidedBackprop(view.module).attribute, channels)


def occlusion(view: View, *, window: int = 32, stride: int = 16, baseline: float = 0.0) -> Tensor:
    """Occlusion: what y_t loses when a square of `window` pixels becomes `baseline`, averaged over the squares.

    The square moves by `stride` pixels. Zeiler and Fergus, ECCV 2014 (arXiv:1311.2901).
    """
    side = min(view.images.shape[-2:])
    if window > side:
        raise CaseSaliencyError(f"occlusion: window is {window}, larger than the image of {side} pixels; lower it")
    explainer = attr.Occlusion(view.predict)

    def one(images: Tensor, target: Tensor) -> Tensor:
        shape = (images.shape[1], window, window)
        with torch.no_grad():
            found: Tensor = explainer.attribute(images, shape, (images.shape[1], stride, stride), baseline, target)
        return found[:, :1]  # the colours are covered together and share one value

    return _for_each_class(view, one, "sum")


def _for_each_class(view: View, explain: Callable[..., Tensor], channels: Channels) -> Tensor:
    """Stack the reduced attributions (N, 3, H, W) of each compared class."""
    columns = [explain(view.images.clone().requires_grad_(), target=t).detach() for t in view.classes.unbind(1)]
    found = torch.stack(columns, 1)
    if channels == "sum":
        return found.sum(2)
    return found.abs().sum(2) if channels == "abs_sum" else found.abs().amax(2)
