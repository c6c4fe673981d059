"""CASE by hand on the linear classifier of conftest: pooled gradients (1, 0), (0, 3), (2, 1); logits 12, -1, 20."""

import numpy as np
import pytest
import torch
from torch import nn

from case_saliency.attribution.contrast import Confusion


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
    confusion = Confusion(np.array([[90, 8, 2], [0, 99, 1], [0, 1, 99]]))
    method = {"name": "it", "method": "case", "source": "confusion", "k": 1, "relu": False}
    found = run(linear_net, image, [[0]], [method], "features", confusion=confusion)
    np.testing.assert_allclose(found.maps["layer"]["it"][0, 0], combine((1, 0), image), atol=1e-6)
    assert found.extras["layer"]["it"]["contrast_classes"].tolist() == [[[1]]]
    assert found.attributes["layer"]["it"]["contrast_filled"] == 0.0


def test_the_filled_share_is_told_with_the_maps(run, linear_net, image):
    # Class 0 was taken for 1 only, so one of two contrast classes fills the row; class 2 was never taken for another.
    confusion = Confusion(np.array([[90, 8, 0], [0, 99, 1], [0, 0, 99]]), np.full((3, 3), 1 / 3))
    methods = [{"name": "it", "method": "case", "source": "confusion", "k": 2}, {"name": "case", "k": 2}, "gradcam"]
    found = run(linear_net, image, [[0, 2]], methods, "features", confusion=confusion)
    assert found.extras["layer"]["it"]["contrast_filled"].tolist() == [[0.5, 1.0]]
    attributes = found.datasets(["top1", "top2"])["layer"]
    assert attributes["it"].attrs["contrast_filled"] == 0.75
    assert "contrast_filled" not in attributes["case"].attrs  # from the logits, which are never short
    assert "contrast_filled" not in attributes["gradcam"].attrs


def test_pair_of_each_others_contrast_is_noted(run, linear_net, image):
    found = run(linear_net, image, [[2, 0]], [{"name": "it", "method": "case", "k": 2}], "features")
    assert found.extras["layer"]["it"]["contrast_classes"].tolist() == [[[0, 1], [2, 1]]]


def test_held_out_sets_hold_no_compared_class(run, conv_net, photos):
    classes = [[0, 1], [3, 2], [6, 5], [4, 0]]
    found = run(conv_net, photos, classes, ["case_heldout"], "conv").extras["layer"]["case_heldout"]
    for row, sets in zip(classes, found["contrast_classes"], strict=True):
        assert not set(row) & set(sets.ravel().tolist())
        assert [len(set(members)) for members in sets.tolist()] == [3, 3]


@pytest.mark.parametrize("pooled", [True, False])
def test_span_of_one_class_is_case(draw, conv_net, photos, pooled):
    def maps(method):
        return draw(conv_net, photos, [[0, 3]] * 4, "conv", method=method, k=1, pooled=pooled, relu=False)

    np.testing.assert_allclose(maps("case_span"), maps("case"), atol=1e-6)


def test_span_removes_every_contrast_class(draw, linear_net, image):
    # The pooled gradients of two contrast classes span both channels: nothing is left.
    maps = draw(linear_net, image, [[0]], "features", method="case_span", k=2, relu=False)
    np.testing.assert_allclose(maps, 0, atol=1e-6)


def test_span_with_contrast_classes_of_one_direction(draw, linear_net, image):
    with torch.no_grad():
        linear_net.head.weight[1] = 2 * linear_net.head.weight[2]
    one = draw(linear_net, image, [[0]], "features", method="case_span", k=1, relu=False)
    two = draw(linear_net, image, [[0]], "features", method="case_span", k=2, relu=False)
    np.testing.assert_allclose(two, one, atol=1e-5)


@pytest.fixture
def weights_as_map():
    """A classifier of 9 channels, channel c lit in cell c of 3 x 3 only: a map shows the channel weights."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Identity(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(9, 6))
    return net, torch.eye(9).reshape(1, 9, 3, 3)


def test_random_direction_removes_as_much_as_the_contrast(draw, weights_as_map):
    net, image = weights_as_map
    classes = [[1, 4]]
    gradcam = draw(net, image, classes, "0", method="gradcam", relu=False)[0].reshape(2, 9)
    case = draw(net, image, classes, "0", method="case", relu=False)[0].reshape(2, 9)
    control = [
        draw(net, image, classes, "0", method="case_random_direction", seed=seed, relu=False)[0].reshape(2, 9)
        for seed in (0, 1)
    ]
    for maps in control:
        np.testing.assert_allclose((maps**2).sum(1), (case**2).sum(1), rtol=1e-4)
        np.testing.assert_allclose((maps * gradcam).sum(1), (case * gradcam).sum(1), rtol=1e-4)
    assert not np.allclose(control[0], control[1], atol=1e-4)
    assert not np.allclose(control[0], case, atol=1e-4)
