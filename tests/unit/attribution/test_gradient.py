"""Formulas by hand on the linear classifier of conftest."""

import numpy as np
import pytest

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
