"""Maps that know nothing of the class: what a diagnostic must see through.

Each returns shape (N, T, h, w). Notation: see `view`.
"""

import numpy as np
import torch
from torch import Tensor

from case_saliency.attribution import seeding
from case_saliency.attribution.gradient import rectify
from case_saliency.attribution.view import View


def random(view: View, *, seed: int = 0) -> Tensor:
    """Uniform noise in [0, 1), independent for each image and class, at the layer's resolution."""
    return view.noise(seed, "random", view.activations.shape[-2:], "uniform")


def random_channels(view: View, *, seed: int = 0, relu: bool = True) -> Tensor:
    """Activations weighted by independent normal numbers, sum_k w_k A_k: a CAM that knows no class."""
    channels = view.activations.shape[1:2]
    return rectify(view.combine(view.noise(seed, "random_channels", channels, "normal")), relu)


def identical(view: View, *, seed: int = 0) -> Tensor:
    """One random order of the input's pixels for each image, the same map for all its classes, without ties.

    The values are a permutation of 1 / P, 2 / P, ..., 1 for P pixels. The maps of two classes are one object, and no
    value is tied: their agreement is 100% exactly, at every k.
    """
    height, width = view.images.shape[-2:]
    ranks = [seeding.generator(seed, "identical", image_id).permutation(height * width) for image_id in view.image_ids]
    maps = (torch.from_numpy(np.stack(ranks)).to(view.images) + 1) / (height * width)
    return maps.reshape(-1, 1, height, width).expand(-1, view.classes.shape[1], -1, -1)


def center_prior(view: View, *, sigma: float = 0.25) -> Tensor:
    """Draw a Gaussian around the centre, the same for all images and classes, at the input's resolution.

    `sigma` is its standard deviation as a fraction of each side. Photographers put their subject into the middle.
    """
    n, t = view.classes.shape
    bells = [
        torch.exp(-(((torch.arange(side) + 0.5) / side - 0.5) ** 2) / (2 * sigma**2)) for side in view.images.shape[-2:]
    ]
    return torch.outer(*bells).expand(n, t, -1, -1)


def sobel(view: View) -> Tensor:
    """Gradient magnitude of the image by Sobel's operator, the same for all classes, at the input's resolution.

    The image is the mean over channels of what the network is given; its border is repeated. An edge detector that
    looks like a saliency map: Adebayo et al., "Sanity Checks for Saliency Maps", NeurIPS 2018 (arXiv:1810.03292).
    """
    grey = view.images.float().mean(1, keepdim=True)
    padded = torch.nn.functional.pad(grey, (1, 1, 1, 1), mode="replicate")
    horizontal = padded.new_tensor([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    kernels = torch.stack([horizontal, horizontal.T])[:, None]
    edges: Tensor = torch.nn.functional.conv2d(padded, kernels).norm(dim=1, keepdim=True)
    return edges.expand(-1, view.classes.shape[1], -1, -1)
