"""What replaces removed pixels. A fill is prepared once for an image and then fills any number of masks.

Where a fill draws, it draws one value for every pixel of the image, so that a pixel's replacement does not depend on
the mask (`road`'s interpolation apart) and nested masks share what they have in common.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch.nn import functional

from case_saliency.fidelity.road import interpolate

Filler = Callable[[torch.Tensor], torch.Tensor]
"""Mask (H, W), true where pixels go -> new image (C, H, W)."""
Fill = Callable[[torch.Tensor, np.random.Generator], Filler]
"""Normalised image (C, H, W) and where to draw from -> its `Filler`; the image is left as it is."""

BLUR_WIDTH, BLUR_SIGMA = 11, 5.0
ROAD_NOISE = 0.01


def fill_mean(image: torch.Tensor, _: np.random.Generator) -> Filler:
    """Replace by zero in normalised space, that is by the training data's mean colour."""
    return _substitute(image, torch.zeros_like(image))


def fill_blur(image: torch.Tensor, _: np.random.Generator) -> Filler:
    """Replace by the image under a Gaussian blur of 11 x 11 pixels with sigma 5, borders replicated.

    Source of the kernel: the published code of RISE (Petsiuk et al. 2018). Its zeros beyond the border are not taken
    over: they darken the margin.
    """
    return _substitute(image, blurred(image))


def fill_noise(image: torch.Tensor, generator: np.random.Generator) -> Filler:
    """Replace by independent normal noise with the mean and the standard deviation of each channel of the image."""
    drawn = torch.from_numpy(generator.standard_normal(image.shape)).to(image)
    center, spread = image.mean(dim=(1, 2), keepdim=True), image.std(dim=(1, 2), correction=0, keepdim=True)
    return _substitute(image, center + spread * drawn)


def fill_road(image: torch.Tensor, generator: np.random.Generator) -> Filler:
    """Replace by noisy linear imputation: `road.interpolate` plus normal noise of sd 0.01, in normalised units.

    Source: Rong et al. (2022), A Consistent and Efficient Evaluation Strategy for Attribution Methods, ICML; the noise
    is that of the published code.
    """
    pixels = image.cpu().double().numpy()
    noise = ROAD_NOISE * generator.standard_normal(pixels.shape)

    def filled(mask: torch.Tensor) -> torch.Tensor:
        removed = mask.cpu().numpy()
        values = interpolate(pixels, removed) + noise[:, removed]
        new = image.clone()
        new[:, mask] = torch.from_numpy(values).to(image)
        return new

    return filled


FILLS: dict[str, Fill] = {"mean": fill_mean, "blur": fill_blur, "noise": fill_noise, "road": fill_road}
"""The fills that params.yaml may name."""


def blurred(image: torch.Tensor) -> torch.Tensor:
    """Return an image (C, H, W) under the Gaussian blur of `fill_blur`, weights normalised to sum to 1."""
    half = BLUR_WIDTH // 2
    offsets = torch.arange(-half, half + 1, dtype=image.dtype, device=image.device)
    weights = torch.exp(-(offsets**2) / (2 * BLUR_SIGMA**2))
    weights = weights / weights.sum()
    padded = functional.pad(image[:, None], (half, half, half, half), mode="replicate")
    rows = functional.conv2d(padded, weights[None, None, :, None])
    return functional.conv2d(rows, weights[None, None, None, :])[:, 0]


def _substitute(image: torch.Tensor, substitute: torch.Tensor) -> Filler:
    return lambda mask: torch.where(mask, substitute, image)
