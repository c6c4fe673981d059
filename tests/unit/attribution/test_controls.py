import numpy as np
import pytest
import torch

from case_saliency.attribution import seeding
from case_saliency.diagnostic.agreement import score_agreement


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


def test_identical_maps_are_one_order_without_ties_for_each_image(draw, conv_net, photos):
    maps = draw(conv_net, photos[:2], [[0, 1], [2, 3]], "conv", method="identical")
    expected = [seeding.generator(0, "identical", name).permutation(64).reshape(8, 8) for name in ("image0", "image1")]
    np.testing.assert_allclose(maps[:, 0], (np.stack(expected) + 1) / 64, rtol=1e-6)
    np.testing.assert_array_equal(maps[:, 0], maps[:, 1])
    assert [len(np.unique(one)) for one in maps[:, 0]] == [64, 64]
    assert (draw(conv_net, photos[:2], [[0, 1], [2, 3]], "conv", method="identical", seed=1) != maps).any()


@pytest.mark.parametrize("method", ["identical", "sobel", "eigencam"])
def test_one_map_for_all_classes_agrees_fully_but_for_ties(draw, conv_net, photos, method):
    maps = draw(conv_net, photos, [[0, 1]] * 4, "conv", method=method)
    np.testing.assert_array_equal(maps[:, 0], maps[:, 1])
    settings = {"image_ids": list("abcd"), "targets": np.tile([0, 1], (4, 1)), "qualified": np.ones(4, dtype=bool)}
    table = score_agreement(
        maps, **settings, input_size=(64, 64) if method == "eigencam" else (8, 8), k_percents=[5, 20]
    )
    kept = table[table["degenerate"] == ""]
    assert len(kept) >= 4
    assert set(kept["agreement_paper"]) == {100}  # one order of ties for both
    assert set(table["agreement"]) == {100} if method == "identical" else (kept["agreement"] <= 100).all()


def test_two_orders_of_ties_blur_the_border_of_equal_maps():
    # the corner cell is upsampled to 5 x 5 equal pixels: of 4 that are chosen among them, two orders share 4 x 4 / 25
    maps = np.zeros((1, 2, 2, 2), dtype=np.float32)
    maps[..., 0, 0] = 1
    settings = {"image_ids": ["a"], "targets": np.array([[0, 1]]), "qualified": np.ones(1, dtype=bool)}
    table = score_agreement(maps, **settings, input_size=(20, 20), k_percents=[1])
    assert table["agreement"].item() == pytest.approx(100 * 4 / 25)
    assert table["agreement_paper"].item() == 100


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
