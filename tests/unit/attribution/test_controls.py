import numpy as np
import torch

from case_saliency.attribution import seeding


def test_sobel_of_an_edge(draw, conv_net):
    # A vertical step of height 1: 1 + 2 + 1 in the two columns beside it, nothing at the repeated border.
    images = torch.zeros(1, 3, 8, 8)
    images[..., 4:] = 1
    maps = draw(conv_net, images, [[0, 2]], "conv", method="sobel")
    expected = np.zeros((8, 8))
    expected[:, 3:5] = 4
    np.testing.assert_allclose(maps, [[expected, expected]], atol=1e-6)


def test_sobel_does_not_depend_on_orientation(draw, conv_net, photos):
    upright = draw(conv_net, photos, [[0]] * 4, "conv", method="sobel")
    turned = draw(conv_net, photos.transpose(2, 3), [[0]] * 4, "conv", method="sobel")
    np.testing.assert_allclose(turned, upright.swapaxes(-1, -2), rtol=1e-5)


def test_random_depends_on_seed_image_and_class_alone(draw, conv_net, photos):
    def maps(classes, seed=0):
        return draw(conv_net, photos[:2], classes, "conv", method="random", seed=seed)

    first = maps([[0, 1], [0, 1]])
    swapped = maps([[1, 0], [1, 2]])
    np.testing.assert_array_equal(swapped[0], first[0, ::-1])
    np.testing.assert_array_equal(swapped[1, 0], first[1, 1])
    assert len({maps.tobytes() for maps in first.reshape(4, -1)}) == 4
    assert (maps([[0, 1], [0, 1]], seed=1) != first).all()
    assert first.shape == (2, 2, 8, 8)
    assert first.min() >= 0
    assert first.max() < 1


def test_center_prior(draw, conv_net, photos):
    maps = draw(conv_net, photos[:1], [[0, 1]], "conv", method="center_prior", sigma=0.5)
    offsets = (np.arange(8) - 3.5) / 8
    expected = np.exp(-(offsets[:, None] ** 2 + offsets[None] ** 2) / (2 * 0.25))
    np.testing.assert_allclose(maps, [[expected, expected]], rtol=1e-6)


def test_random_channels_are_a_combination_of_channels(draw, conv_net):
    # Channel c is lit in cell c only: the map shows the weights.
    net = torch.nn.Sequential(torch.nn.Identity(), torch.nn.Flatten(), torch.nn.Linear(81, 2))
    images = torch.eye(9).reshape(1, 9, 3, 3)
    maps = draw(net, images, [[0, 1]], "0", method="random_channels", relu=False)
    expected = [seeding.generator(0, "random_channels", "image0", c).standard_normal(9).reshape(3, 3) for c in (0, 1)]
    np.testing.assert_allclose(maps[0], expected, rtol=1e-6)
