import numpy as np
import pytest
import torch
import torchvision
from torch import nn

CLASSES = [[0, 1], [3, 2], [6, 5], [4, 0]]


def test_by_hand(run, linear_net, image):
    # Class 0 has 12 = 10 (channel 0) + 2 (channel 1); class 1 has -1 = -1 + 0; class 2 has 20 = 20 + 0.
    found = run(linear_net, image, [[0, 1, 2]], [{"name": "it", "method": "ablationcam", "relu": False}], "features")
    weights = [(10 / 12, 2 / 12), (1, 0), (1, 0)]
    expected = np.einsum("tc,chw->thw", weights, image.numpy()[0])
    np.testing.assert_allclose(found.maps["layer"]["it"], [expected], atol=1e-6)
    np.testing.assert_allclose(found.extras["layer"]["it"]["score"], [[12, -1, 20]], atol=1e-6)


@pytest.mark.parametrize("layer", ["stem", "norm", "conv", "relu2"])
def test_equals_whole_forward_passes_without_a_channel(draw, conv_net, photos, layer):
    maps = draw(conv_net, photos, CLASSES, layer, method="ablationcam", relu=False)
    module = conv_net.get_submodule(layer)
    for image, row, found in zip(photos, CLASSES, maps, strict=True):
        kept = []
        handle = module.register_forward_hook(lambda _m, _i, out, kept=kept: kept.append(out.clone()))
        whole = conv_net(image[None])[0, row].detach()
        handle.remove()
        activations = kept[0][0].detach()
        weights = []
        for k in range(len(activations)):
            keep = torch.ones(len(activations), 1, 1)
            keep[k] = 0
            handle = module.register_forward_hook(lambda _m, _i, out, keep=keep: out * keep)
            weights.append((whole - conv_net(image[None])[0, row].detach()) / whole)
            handle.remove()
        expected = torch.einsum("ct,chw->thw", torch.stack(weights), activations)
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_channels_of_a_vision_transformer_are_dimensions_of_its_tokens(draw):
    torch.manual_seed(0)
    net = torchvision.models.VisionTransformer(16, 8, num_layers=2, num_heads=2, hidden_dim=8, mlp_dim=16).eval()
    nn.init.normal_(net.heads.head.weight)
    images, layer = torch.randn(1, 3, 16, 16), "encoder.layers.encoder_layer_1.ln_1"
    maps = draw(net, images, [[0, 5]], layer, method="ablationcam", relu=False)
    tokens, weights = [], []
    module = net.get_submodule(layer)
    handle = module.register_forward_hook(lambda _m, _i, out: tokens.append(out))
    whole = net(images)[0, [0, 5]].detach()
    handle.remove()
    for k in range(8):
        keep = torch.ones(8)
        keep[k] = 0
        handle = module.register_forward_hook(lambda _m, _i, out, keep=keep: out * keep)
        weights.append((whole - net(images)[0, [0, 5]].detach()) / whole)
        handle.remove()
    activations = tokens[0][0, 1:].T.reshape(8, 2, 2).detach()
    np.testing.assert_allclose(
        maps[0], torch.einsum("ct,chw->thw", torch.stack(weights), activations), rtol=1e-3, atol=1e-4
    )


def test_dead_channels_have_no_weight_and_cost_no_run(run, photos):
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 3))
    with torch.no_grad():
        net[0].bias[2] = -100
    rows = []
    net[3].register_forward_hook(lambda _m, inputs, _out: rows.append(len(inputs[0])))
    run(net, photos[:1], [[0]], ["ablationcam"], "1")
    assert rows[-1] == 3


@pytest.mark.parametrize(("library_batch", "places"), [(1, (1, 1)), (2, (1, 2))])
def test_library_baseline_depends_on_the_place_in_its_batch(draw, linear_net, image, library_batch, places):
    # The least activation is -1: channel k of class 2 (weights 2 and 1, four cells) becomes -1 - 1e7 r.
    maps = draw(
        linear_net, image, [[2]], "features", method="ablationcam", baseline="library",
        library_batch=library_batch, relu=False,
    )  # fmt: skip
    without = [20 - 20 + 8 * (-1 - 1e7 * places[0]), 20 - 0 + 4 * (-1 - 1e7 * places[1])]
    weights = [(20 - value) / 20 for value in without]
    np.testing.assert_allclose(maps[0, 0], np.einsum("c,chw->hw", weights, image.numpy()[0]), rtol=1e-5)
