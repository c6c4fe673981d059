"""What contrast sets hold of the compared classes, and what follows for CASE, on networks whose gradients are known.

The linear classifier of conftest has pooled gradients (1, 0), (0, 3), (2, 1) and logits 12, -1, 20.
"""

import itertools

import numpy as np
import pytest
import torch
import xarray as xr
from torch import nn

from case_saliency.attribution import contrast, matching
from case_saliency.cli.maps import find_maps
from case_saliency.errors import CaseSaliencyError
from case_saliency.storage.maps import write_maps


def one_cell_channels(weights):
    """A classifier whose map of channel weights w is w: channel c is lit in cell c only, gradients are `weights`."""
    n_classes, n_channels = weights.shape
    net = nn.Sequential(nn.Identity(), nn.Flatten(), nn.Linear(n_channels**2, n_classes, bias=False))
    spread = torch.as_tensor(weights, dtype=torch.float32)[:, :, None].expand(-1, -1, n_channels)
    with torch.no_grad():
        net[-1].weight.copy_(spread.flatten(1))
    return net, torch.eye(n_channels).reshape(1, n_channels, 1, n_channels)


def cosine(a, b):
    return a @ b / np.linalg.norm(a) / np.linalg.norm(b)


def test_sets_of_one_class_each_turn_the_cosine_around(run):
    # <a - proj_b a, b - proj_a b> = -<a, b> (1 - cos^2), and both lengths shrink by sin: the cosine changes its sign.
    weights = np.random.default_rng(0).normal(size=(3, 5)) + np.array(
        [[2.0], [2.0], [-9.0]]
    )  # logits are the sums of a row
    net, image = one_cell_channels(weights)
    pair = [{"name": "it", "method": "case_both_in", "k": 1, "relu": False}]
    found = run(net, image, [[0, 1]], pair, "0")
    a, b = found.maps["layer"]["it"][0, :, 0].astype(float)
    u, v = weights[:2]
    expected = [u - (u @ v) / (v @ v) * v, v - (u @ v) / (u @ u) * u]
    np.testing.assert_allclose([a, b], expected, atol=1e-5)
    assert cosine(a, b) == pytest.approx(-cosine(u, v), abs=1e-5)
    assert a @ b == pytest.approx(-(u @ v) * (1 - cosine(u, v) ** 2), rel=1e-5)
    np.testing.assert_allclose(found.extras["layer"]["it"]["pair_cosine"], [[-cosine(u, v)] * 2], atol=1e-5)


def test_notes_by_hand(run, linear_net, image):
    found = run(linear_net, image, [[0, 2]], [{"name": "it", "method": "case", "k": 1, "relu": False}], "features")
    notes = found.extras["layer"]["it"]
    # each is the other's contrast: (1, 0) and (2, 1)
    np.testing.assert_allclose(notes["cosine"], [[2 / 5**0.5] * 2], rtol=1e-6)
    np.testing.assert_allclose(notes["norm_ratio"], [[5**0.5, 5**-0.5]], rtol=1e-6)
    np.testing.assert_allclose(notes["pair_cosine"], [[-2 / 5**0.5] * 2], rtol=1e-6)
    assert notes["contrast_classes"].tolist() == [[[2], [0]]]


def test_a_class_alone_has_no_pair(run, linear_net, image):
    found = run(linear_net, image, [[0]], [{"name": "it", "method": "case", "k": 1}], "features")
    assert set(found.extras["layer"]["it"]) == {"contrast_classes", "cosine", "norm_ratio"}


@pytest.mark.parametrize(("strength", "weights"), [(0.0, (1, 0)), (0.5, (0, -0.5)), (1.0, (-1, -1))])
def test_difference_by_hand(draw, linear_net, image, strength, weights):
    maps = draw(linear_net, image, [[0]], "features", method="case_difference", k=1, strength=strength, relu=False)
    np.testing.assert_allclose(maps[0, 0], np.einsum("c,chw->hw", weights, image.numpy()[0]), atol=1e-6)


@pytest.mark.parametrize(("pooled", "plain"), [(True, "gradcam"), (False, "hirescam")])
@pytest.mark.parametrize("compared", ["any", "out", "matched"])
def test_without_strength_the_difference_is_the_plain_map(draw, conv_net, photos, pooled, plain, compared):
    classes = [[0, 3], [1, 2], [6, 5], [4, 0]]
    variant = {"method": "case_difference", "pooled": pooled, "strength": 0.0, "compared": compared}
    found = draw(conv_net, photos, classes, "conv", **variant)
    np.testing.assert_array_equal(found, draw(conv_net, photos, classes, "conv", method=plain))


@pytest.mark.parametrize("pooled", [True, False])
def test_forced_in_where_it_is_already_is_case_itself(run, conv_net, photos, pooled):
    with torch.no_grad():
        top = conv_net(photos).argsort(1, descending=True)[:, :2].tolist()  # each other's nearest by logits
    methods = [{"name": name, "method": name, "pooled": pooled} for name in ("case", "case_both_in")]
    found = run(conv_net, photos, top, methods, "conv")
    np.testing.assert_array_equal(found.maps["layer"]["case"], found.maps["layer"]["case_both_in"])


def test_forced_in_stands_in_for_the_last(run, conv_net, photos):
    with torch.no_grad():
        order = conv_net(photos).argsort(1, descending=True)
    far = order[:, [0, -1]].tolist()  # the first and the last class by logits
    sets = run(conv_net, photos, far, ["case_both_in"], "conv").extras["layer"]["case_both_in"]["contrast_classes"]
    for row, (of_first, of_last) in zip(order.tolist(), sets.tolist(), strict=True):
        assert of_first == [row[1], row[2], row[-1]]
        assert of_last == row[:3]


def test_more_forced_than_there_is_room_for():
    logits = torch.tensor([[3.0, 2.0, 1.0, 0.0]])
    with pytest.raises(CaseSaliencyError, match="k is 1, but 2 classes must be in it; raise k"):
        contrast.nearest(logits[:, None], logits, torch.tensor([[[0]]]), 1, torch.tensor([[[2, 3]]]))


@pytest.mark.parametrize("pooled", [True, False])
def test_the_matched_set_is_the_best_of_all(run, conv_net, photos, pooled):
    classes = [[0, 3], [1, 2], [6, 5], [4, 0]]
    plain = run(conv_net, photos, classes, [{"name": "it", "method": "case", "k": 2, "pooled": pooled}], "conv")
    chosen = {"name": "it", "method": "case_matched", "k": 2, "pooled": pooled}
    notes = run(conv_net, photos, classes, [chosen], "conv").extras["layer"]["it"]
    np.testing.assert_array_equal(notes["target_cosine"], plain.extras["layer"]["it"]["cosine"])
    for i, pair in enumerate(classes):
        gradients = all_gradients(conv_net, photos[i : i + 1], pooled)
        left = [c for c in range(7) if c not in pair]
        for t, own in enumerate(pair):
            target = notes["target_cosine"][i, t]
            reached = {
                subset: cosine(gradients[own], gradients[list(subset)].mean(0))
                for subset in itertools.combinations(left, 2)
            }
            best = min(abs(value - target) for value in reached.values())
            members = tuple(sorted(notes["contrast_classes"][i, t].tolist()))
            assert abs(reached[members] - target) == pytest.approx(best, abs=1e-5)
            assert notes["cosine"][i, t] == pytest.approx(reached[members], abs=1e-5)


def all_gradients(net, image, pooled):
    """The gradient of every logit at `conv`, by autograd on the layers behind it."""
    layers = list(net.children())
    with torch.no_grad():
        at_layer = nn.Sequential(*layers[:4])(image)
    at_layer.requires_grad_()
    logits = nn.Sequential(*[nn.ReLU() if isinstance(part, nn.ReLU) else part for part in layers[4:]])(at_layer)
    rows = [torch.autograd.grad(logit, at_layer, retain_graph=True)[0][0] for logit in logits[0]]
    return torch.stack([row.mean((1, 2)) if pooled else row.flatten() for row in rows]).double().numpy()


def test_a_match_in_parts_is_the_match_of_the_whole(run, conv_net, photos):
    classes = [[0, 3], [1, 2], [6, 5], [4, 0]]
    whole = run(conv_net, photos, classes, ["case_matched"], "conv").maps["layer"]["case_matched"]
    for i in range(4):
        alone = run(conv_net, photos[i : i + 1], classes[i : i + 1], ["case_matched"], "conv")
        np.testing.assert_allclose(alone.maps["layer"]["case_matched"][0], whole[i], atol=1e-6)


def test_fewer_candidates_where_there_are_too_many_subsets():
    assert matching.n_candidates(4, 27) == 27  # 17,550 subsets
    assert matching.n_candidates(4, 28) == 27  # of 28: 20,475
    assert matching.n_candidates(3, 2) == 3  # never fewer than the set has members


def test_too_few_classes_to_match(run, linear_net, image):
    with pytest.raises(CaseSaliencyError, match="k is 2, but only 1 other classes are left; lower k"):
        run(linear_net, image, [[0, 2]], [{"name": "it", "method": "case_matched", "k": 2}], "features")


def test_a_map_file_keeps_what_methods_note(run, conv_net, photos, tmp_path):
    methods = ["case", {"name": "case_k2", "method": "case", "k": 2}, "case_matched", "finercam", "gradcam"]
    classes = [[0, 3], [1, 2], [6, 5], [4, 0]]
    files = [tmp_path / name for name in ("whole.nc", "again.nc", "0-of-2.nc", "1-of-2.nc")]
    found = run(conv_net, photos, classes, methods, "conv")
    for file in files[:2]:
        write_maps(found.datasets(["top1", "top2"]), file)
    for half, file in zip((slice(0, 2), slice(2, 4)), files[2:], strict=True):
        part = run(conv_net, photos[half], classes[half], methods, "conv")
        layers = part.datasets(["top1", "top2"])
        ids = list(found.image_ids[half])
        write_maps({layer: dataset.assign_coords(image=ids) for layer, dataset in layers.items()}, file)
    assert files[0].read_bytes() == files[1].read_bytes()
    with xr.open_datatree(files[0], engine="h5netcdf") as layers:
        dataset = layers["layer"].to_dataset().load()
    assert [name for name, value in dataset.data_vars.items() if "noted_by" not in value.attrs] == [
        *("case", "case_k2", "case_matched", "finercam", "gradcam")
    ]
    for method, size in (("case", 3), ("case_k2", 2)):
        noted = dataset[f"{method}__contrast_classes"]
        assert noted.dims == ("image", "target", f"{method}__contrast_classes_2")
        assert noted.shape == (4, 2, size)
        assert noted.attrs["noted_by"] == method
        np.testing.assert_array_equal(noted, found.extras["layer"][method]["contrast_classes"])
    np.testing.assert_array_equal(dataset["case__cosine"], found.extras["layer"]["case"]["cosine"])
    assert {name for name in dataset.data_vars if name.startswith("case_matched__")} == {
        f"case_matched__{what}" for what in ("contrast_classes", "cosine", "norm_ratio", "pair_cosine", "target_cosine")
    }
    for _, method, maps in find_maps(files[2:], ["case", "gradcam"]):
        joined = np.concatenate([part.read(slice(None)) for part in maps.parts])
        np.testing.assert_allclose(joined, found.maps["layer"][method], atol=1e-6)
