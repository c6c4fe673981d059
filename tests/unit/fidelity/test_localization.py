"""Shares of hand-made maps, and of a network whose evidence lies where it is known to lie."""

from collections import OrderedDict

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from case_saliency.attribution.engine import attribute
from case_saliency.attribution.registry import resolve
from case_saliency.fidelity.localization import COLUMNS, cell_weights, score_localization, share_and_hit
from case_saliency.fidelity.mosaics import Mosaic, Recognised, batches, draw, recognise

MOSAIC = Mosaic("mosaic-0", tuple("abcd"), (0, 1, 2, 3))


def seen(n):
    return Recognised(np.full((n, 4), 0.25), np.full((n, 4), 2))


def test_even_sides_are_cut_in_the_middle():
    assert cell_weights(2, 4).astype(int).tolist() == [
        [[1, 1, 0, 0], [0, 0, 0, 0]],
        [[0, 0, 1, 1], [0, 0, 0, 0]],
        [[0, 0, 0, 0], [1, 1, 0, 0]],
        [[0, 0, 0, 0], [0, 0, 1, 1]],
    ]


def test_the_middle_of_odd_sides_is_split_by_area():
    assert cell_weights(3, 3)[0].tolist() == [[1, 0.5, 0], [0.5, 0.25, 0], [0, 0, 0]]
    assert cell_weights(3, 3)[3].tolist() == [[0, 0, 0], [0, 0.25, 0.5], [0, 0.5, 1]]
    assert cell_weights(1, 1).ravel().tolist() == [0.25] * 4


@given(height=st.integers(1, 17), width=st.integers(1, 17))
def test_weights_cover_every_place_once_and_every_cell_a_quarter(height, width):
    weights = cell_weights(height, width)
    assert np.allclose(weights.sum(axis=0), 1, rtol=0, atol=1e-12)
    assert np.allclose(weights.sum(axis=(1, 2)), height * width / 4, rtol=0, atol=1e-9)


def test_the_share_of_an_odd_map_by_hand():
    values = np.array([[4, 2, 1], [0, 8, -3], [1, 0, 2]])
    # positive sum 18; upper left 4 + 2/2 + 8/4, upper right 2/2 + 1 + 8/4, lower left 8/4 + 1, lower right 8/4 + 2
    shares, hits, defects = zip(*(share_and_hit(values, weights) for weights in cell_weights(3, 3)), strict=True)
    assert shares == pytest.approx((7 / 18, 4 / 18, 3 / 18, 4 / 18))
    assert hits == (0.25,) * 4  # the maximum is the middle
    assert defects == ("",) * 4


def test_tied_maxima_hit_by_chance():
    values = np.array([[5, 0, 5, 0], [0, 0, 0, 0], [5, 0, 0, 0], [0, 1, 0, 0]])
    assert [share_and_hit(values, weights)[1] for weights in cell_weights(4, 4)] == pytest.approx([1 / 3] * 3 + [0])


@pytest.mark.parametrize(
    ("values", "defect"),
    [([[0.0, 0.0]], "zero"), ([[-1.0, 0.0]], "negative"), ([[-2.0, -2.0]], "negative"), ([[np.nan, 1.0]], "nan")],
)
def test_a_map_without_positive_values_has_no_share(values, defect):
    share, hit, found = share_and_hit(np.array(values), cell_weights(1, 2)[0])
    assert np.isnan([share, hit]).all()
    assert found == defect


def test_a_constant_map_is_chance_and_is_marked():
    assert share_and_hit(np.full((3, 5), 2.0), cell_weights(3, 5)[1]) == (0.25, 0.25, "constant")


@given(seed=st.integers(0, 1000), height=st.integers(1, 9), width=st.integers(1, 9))
def test_a_map_that_knows_no_class_has_a_quarter_on_average(seed, height, width):
    one = np.random.default_rng(seed).normal(size=(height, width)).astype(np.float32)
    one.flat[0] = 1
    table = score_localization(np.broadcast_to(one, (1, 4, height, width)), [MOSAIC], seen(1), {})
    assert table[["share", "hit"]].mean().to_numpy() == pytest.approx([0.25, 0.25], rel=0, abs=1e-12)


def test_scale_does_not_matter_and_the_map_is_left_as_it_was():
    maps = np.random.default_rng(0).normal(size=(1, 4, 5, 5))
    before = maps.copy()
    first, second = (score_localization(values, [MOSAIC], seen(1), {}) for values in (maps, 1000 * maps))
    assert second["share"].to_numpy() == pytest.approx(first["share"].to_numpy())
    assert (maps == before).all()


def test_every_image_is_accounted_for():
    excluded = {"a": "", "b": "", "c": "", "d": "", "e": "unconfident", "f": "misclassified", "g": ""}
    contrast = np.array([[[1, 2, 9], [8, 9, 7], [3, 0, 1], [2, 9, 8]]])
    table = score_localization(np.ones((1, 4, 2, 2)), [MOSAIC], seen(1), excluded, contrast)
    assert table["image_id"].tolist() == list("abcdefg")
    assert table["reason"].tolist() == [""] * 4 + ["unconfident", "misclassified", "not drawn"]
    assert table["qualified"].tolist() == [True] * 4 + [False] * 3
    assert table["cell"].tolist() == [0, 1, 2, 3, -1, -1, -1]
    assert table["contrasted"].tolist()[:4] == [2, 0, 3, 1]
    assert table["share"].isna().tolist() == [False] * 4 + [True] * 3
    stated = {"size", "height", "width", "min_confidence"}
    identity = {"experiment", "dataset", "model", "seed", "layer", "method"}
    assert set(table) == set(COLUMNS) - stated - identity


def test_maps_of_other_mosaics_are_refused():
    with pytest.raises(ValueError, match=r"maps of shape \(2, 4, 3, 3\), expected \(1, 4, h, w\)"):
        score_localization(np.ones((2, 4, 3, 3)), [MOSAIC], seen(1), {})


COLOURS = torch.tensor([[1.0, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]])


def colour_net(leak=0.0):
    """Channel c answers to colour c alone; logit c is its mean, plus `leak` times that of the next channel."""
    net = nn.Sequential(
        OrderedDict(
            conv=nn.Conv2d(3, 4, 1),
            relu=nn.ReLU(),
            shrink=nn.AvgPool2d(8),
            pool=nn.AdaptiveAvgPool2d(1),
            flatten=nn.Flatten(),
            head=nn.Linear(4, 4, bias=False),
        )
    ).eval()
    with torch.no_grad():
        net.conv.weight.copy_(torch.tensor([[1.0, -1, -1], [-1, 1, -1], [-1, -1, 1], [1, 1, 1]])[..., None, None])
        net.conv.bias.copy_(torch.tensor([0.0, 0, 0, -2]))
        net.head.weight.copy_(torch.eye(4) + leak * torch.eye(4).roll(1, 1))
    return net


def play(net, methods, n_mosaics=5):
    """The whole game on coloured images of 32 x 32, as small networks have them: a 4 x 4 map, 8 x 8 for a mosaic."""
    images = {f"image-{c}": colour[:, None, None].expand(3, 32, 32) for c, colour in enumerate(COLOURS)}
    mosaics = draw({name: c for c, name in enumerate(images)}, n_mosaics, 0)
    inputs = list(batches(mosaics, images, "native", 2))
    found = attribute(
        net, inputs, {mosaic.name: mosaic.classes for mosaic in mosaics}, {"layer": "shrink"}, resolve(methods)
    )
    answers = recognise(net, inputs, mosaics)
    scored = {}
    for of_layer in found.maps.values():
        for name, maps in of_layer.items():
            scored[name] = score_localization(maps, mosaics, answers, {})
    return found, scored


def test_local_evidence_is_found_in_its_cell_and_nowhere_else():
    found, scored = play(colour_net(), ["gradcam", "hirescam", "sobel"])
    assert found.maps["layer"]["gradcam"].shape == (5, 4, 8, 8)
    for method in ("gradcam", "hirescam"):
        assert scored[method]["share"].tolist() == [1] * 20
        assert scored[method]["hit"].tolist() == [1] * 20
    assert scored["sobel"].groupby("mosaic")["share"].mean().to_numpy() == pytest.approx([0.25] * 5)
    assert scored["gradcam"]["rank"].tolist() == [1] * 20  # four equal logits


def test_evidence_shared_with_another_class_costs_its_part():
    _, scored = play(colour_net(leak=0.5), ["gradcam"])
    assert scored["gradcam"]["share"].to_numpy() == pytest.approx(np.full(20, 1 / 1.5))
    assert scored["gradcam"]["hit"].tolist() == [1] * 20


def test_the_random_control_scores_chance():
    _, scored = play(colour_net(), ["random"], n_mosaics=100)
    shares = scored["random"]["share"].to_numpy()
    assert abs(shares.mean() - 0.25) < 3 * shares.std() / 20  # 400 maps
    assert 0.02 < shares.std() < 0.04  # 64 uniform values: sqrt(3/16 / 3 / 64) = 0.031
    assert abs(scored["random"]["hit"].mean() - 0.25) < 3 * np.sqrt(3 / 16 / 400)
