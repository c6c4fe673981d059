import numpy as np
import torch


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
