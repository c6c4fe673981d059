"""Formulas by hand on the linear classifier of conftest."""

import numpy as np
import pytest
import torch
from torch import nn

RAW = {
    "gradcam": ([[1, 2], [3, 4]], [[0, 3], [0, -3]]),
    "hirescam": ([[1, 2], [3, 6]], [[1, 1], [0, -3]]),
    "layercam": ([[1, 2], [3, 4]], [[1, 3], [0, -3]]),
}


@pytest.mark.parametrize("method", RAW)
def test_raw_maps(draw, linear_net, image, method):
    maps = draw(linear_net, image, [[0, 1]], "features", method=method, relu=False)
    np.testing.assert_allclose(maps, [RAW[method]], atol=1e-6)


@pytest.mark.parametrize("method", RAW)
def test_relu_clips_negative_evidence(draw, linear_net, image, method):
    maps = draw(linear_net, image, [[0, 1]], "features", method=method)
    np.testing.assert_allclose(maps, np.maximum([RAW[method]], 0), atol=1e-6)


def test_gradcam_plus_plus(draw, linear_net, image):
    # Class 0: g = 1 everywhere in channel 0 (sum of A 10), 2 and -2 in channel 1 (sum of A 0); eps = 0.
    # Channel 0: 4 cells of 1 / (2 + 10) = 1/3. Channel 1: g = 2 gives 2 * 4 / (2 * 4 + 0) = 1; g = -2 is clipped.
    maps = draw(linear_net, image, [[0]], "features", method="gradcam_plus_plus", eps=1e-30, relu=False)
    a = image.numpy()[0]
    np.testing.assert_allclose(maps[0, 0], a[0] / 3 + a[1], rtol=1e-6)


def test_vanishing_gradients_give_no_nan(draw, linear_net, image):
    # Grad-CAM++ of class 1 divides by 2 g^2 + sum A g^3 + eps, where most g of channel 0 are 0.
    assert np.isfinite(draw(linear_net, image, [[1]], "features", method="gradcam_plus_plus")).all()


def test_xgradcam(draw, linear_net, image):
    # Class 0, eps 1: channel 0 has sum gA = sum A = 10, channel 1 has sum gA = 2 and sum A = 0.
    maps = draw(linear_net, image, [[0]], "features", method="xgradcam", eps=1.0, relu=False)
    a = image.numpy()[0]
    np.testing.assert_allclose(maps[0, 0], a[0] * 10 / 11 + 2 * a[1], rtol=1e-6)


@pytest.mark.parametrize("n_channels", [2, 6])  # fewer and more channels than the 4 cells
def test_eigencam_of_a_rank_one_layer(draw, n_channels):
    # A_k = a_k P: the component is |a| (P - mean P), its largest magnitude positive.
    pattern = torch.tensor([[0.0, 1.0], [1.0, -6.0]])
    channels = torch.arange(1.0, n_channels + 1)
    net = nn.Sequential(nn.Identity(), nn.Flatten(), nn.Linear(4 * n_channels, 3))
    maps = draw(net, (channels[:, None, None] * pattern)[None], [[0, 2]], "0", method="eigencam", relu=False)
    expected = channels.norm() * -(pattern + 1)
    np.testing.assert_allclose(maps, [[expected, expected]], atol=1e-5)
