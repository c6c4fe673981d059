"""Each fill replaces the masked pixels by what it says, and nothing else."""

import numpy as np
import pytest
import torch

from case_saliency.fidelity.fills import BLUR_SIGMA, FILLS, ROAD_NOISE, blurred
from case_saliency.fidelity.perturb import fill_generator
from case_saliency.fidelity.road import interpolate


def filler(name, image, seed=0):
    return FILLS[name](image, fill_generator(seed, "image"))


def image(height=6, width=5, channels=3):
    return torch.randn(channels, height, width, generator=torch.Generator().manual_seed(0))


def some(height=6, width=5):
    mask = torch.zeros(height, width, dtype=torch.bool)
    mask[1:4, 2] = True
    mask[5, 0] = True
    return mask


@pytest.mark.parametrize("name", FILLS)
def test_a_fill_changes_every_pixel_of_the_mask_and_nothing_outside(name):
    original, mask = image(), some()
    before = original.clone(), mask.clone()
    filled = filler(name, original)(mask)
    assert torch.equal(filled[:, ~mask], original[:, ~mask])
    assert (filled != original).all(dim=0).sum() == mask.sum() == 4
    assert filled.dtype == original.dtype
    assert torch.equal(original, before[0])
    assert torch.equal(mask, before[1])


@pytest.mark.parametrize("name", FILLS)
def test_the_same_draws_whatever_was_filled_before(name):
    first = filler(name, image())
    first(~some())
    assert torch.equal(first(some()), filler(name, image())(some()))


@pytest.mark.parametrize("name", FILLS)
@pytest.mark.parametrize("everything", [True, False])
def test_the_ends(name, everything):
    mask = torch.full((6, 5), everything)
    filled = filler(name, image())(mask)
    assert filled.isfinite().all()
    assert everything or torch.equal(filled, image())


def test_mean_is_zero_in_normalised_space_on_all_channels():
    whole = torch.arange(1.0, 13.0).reshape(3, 2, 2)
    mask = torch.tensor([[True, False], [False, False]])
    assert filler("mean", whole)(mask).tolist() == [[[0, 2], [3, 4]], [[0, 6], [7, 8]], [[0, 10], [11, 12]]]


def test_blur_is_the_normalised_gaussian_with_replicated_borders():
    whole = image(13, 9)
    offsets = np.arange(-5, 6)
    kernel = np.exp(-(offsets[:, None] ** 2 + offsets[None] ** 2) / (2 * BLUR_SIGMA**2))
    kernel /= kernel.sum()
    padded = np.pad(whole.numpy().astype(float), ((0, 0), (5, 5), (5, 5)), mode="edge")
    expected = [[[(channel[y : y + 11, x : x + 11] * kernel).sum() for x in range(9)] for y in range(13)]
                for channel in padded]  # fmt: skip
    np.testing.assert_allclose(blurred(whole).numpy(), expected, atol=1e-6)
    mask = some(13, 9)
    assert torch.equal(filler("blur", whole)(mask)[:, mask], blurred(whole)[:, mask])


def test_blur_keeps_a_constant_image():
    np.testing.assert_allclose(blurred(torch.full((1, 4, 4), 3.0)).numpy(), 3, rtol=1e-6)


def test_noise_has_the_channels_mean_and_spread_and_another_value_everywhere():
    whole = torch.stack([torch.full((100, 100), 2.0), torch.arange(10000.0).reshape(100, 100)])
    filled = filler("noise", whole)(torch.ones(100, 100, dtype=torch.bool))
    assert torch.equal(filled[0], whole[0])  # a channel that does not vary has no spread
    spread = np.sqrt((10000**2 - 1) / 12)
    # standard errors of mean and sd with 10,000 draws: 1% and 0.7% of the spread
    assert abs(float(filled[1].mean()) - 4999.5) < 4 * 0.01 * spread
    assert abs(float(filled[1].std()) - spread) < 4 * 0.0071 * spread
    assert not torch.equal(filled, filler("noise", whole, seed=1)(torch.ones(100, 100, dtype=torch.bool)))


def test_nested_masks_share_the_noise():
    first = filler("noise", image())
    small, large = some(), some() | torch.eye(6, 5, dtype=torch.bool)
    assert torch.equal(first(small)[:, small], first(large)[:, small])


def test_road_adds_its_noise_to_the_interpolation():
    whole, mask = image(40, 40), torch.rand(40, 40, generator=torch.Generator().manual_seed(1)) < 0.5
    exact = interpolate(whole.double().numpy(), mask.numpy())
    noise = filler("road", whole)(mask)[:, mask].double().numpy() - exact
    expected = ROAD_NOISE * fill_generator(0, "image").standard_normal(whole.shape)[:, mask.numpy()]
    np.testing.assert_allclose(noise, expected, atol=1e-6)
