"""CASE by hand on the linear classifier of conftest: pooled gradients (1, 0), (0, 3), (2, 1); logits 12, -1, 20."""

import numpy as np
import pytest


def combine(weights, image):
    return np.einsum("c,chw->hw", weights, image.numpy()[0])


@pytest.mark.parametrize(
    ("k", "label", "weights"),
    [
        (1, 0, (0.2, -0.4)),  # contrast class 2: (1, 0) - 2/5 (2, 1)
        (1, 1, (-1.2, 2.4)),  # contrast class 2: (0, 3) - 3/5 (2, 1)
        (1, 2, (0, 1)),  # contrast class 0: (2, 1) - 2/1 (1, 0)
        (2, 0, (0.8, -0.4)),  # contrast classes 2 and 1, mean (1, 2): (1, 0) - 1/5 (1, 2)
    ],
)
def test_pooled(draw, linear_net, image, k, label, weights):
    maps = draw(linear_net, image, [[label]], "features", method="case", k=k, relu=False)
    np.testing.assert_allclose(maps[0, 0], combine(weights, image), atol=1e-5)


def test_unpooled(draw, linear_net, image):
    # Class 0 against class 2: <g_0, g_2> = 8 + 0 = 8, |g_2|^2 = 16 + 4 = 20.
    maps = draw(linear_net, image, [[0]], "features", method="case_unpooled", k=1, relu=False)
    weights = linear_net.head.weight.detach().numpy().reshape(3, 2, 2, 2)
    expected = ((weights[0] - 0.4 * weights[2]) * image.numpy()[0]).sum(0)
    np.testing.assert_allclose(maps[0, 0], expected, atol=1e-5)


def test_eps_shrinks_the_projection(draw, linear_net, image):
    # (1, 0) - 2 / (5 + 5) (2, 1)
    maps = draw(linear_net, image, [[0]], "features", method="case", k=1, eps=5.0, relu=False)
    np.testing.assert_allclose(maps[0, 0], combine((0.6, -0.2), image), atol=1e-5)


def test_confusion_chooses_the_contrast(draw, run, linear_net, image):
    # Row 0 of the confusion matrix prefers class 1: (1, 0) is orthogonal to (0, 3), so nothing is removed.
    confusion = np.array([[90, 8, 2], [0, 99, 1], [0, 1, 99]])
    method = {"name": "it", "method": "case", "source": "confusion", "k": 1, "relu": False}
    found = run(linear_net, image, [[0]], [method], "features", confusion=confusion)
    np.testing.assert_allclose(found.maps["layer"]["it"][0, 0], combine((1, 0), image), atol=1e-6)
    assert found.extras["layer"]["it"]["contrast_classes"].tolist() == [[[1]]]


def test_pair_of_each_others_contrast_is_noted(run, linear_net, image):
    found = run(linear_net, image, [[2, 0]], [{"name": "it", "method": "case", "k": 2}], "features")
    assert found.extras["layer"]["it"]["contrast_classes"].tolist() == [[[0, 1], [2, 1]]]
