"""CASE, and every gradient method, on the networks of the study.

The oracle is written from the paper alone: image by image, one class and one backward pass at a time, in double
precision, with nothing shared.
"""

import numpy as np
import pytest
import torch
import torchvision
from efficientnet_lite_pytorch import EfficientNet
from torch import nn

from case_saliency.attribution.engine import attribute
from case_saliency.attribution.registry import ENTRIES, resolve

GRADIENT = [name for name, entry in ENTRIES.items() if entry.family == "gradient"]


class VisionTransformer(torchvision.models.VisionTransformer):
    """A small ViT: 4 x 4 patches and a class token, 32 dimensions."""

    def __init__(self):
        super().__init__(image_size=32, patch_size=8, num_layers=3, num_heads=2, hidden_dim=32, mlp_dim=64)
        nn.init.normal_(self.heads.head.weight)


MODELS = {
    "efficientnet_lite0": (lambda: EfficientNet.from_name("efficientnet-lite0"), ["_conv_head"], 64),
    "resnet50": (torchvision.models.resnet50, ["layer4.2.conv3"], 64),
    "vgg19_bn": (lambda: torchvision.models.vgg19_bn(init_weights=False), ["features.49"], 64),
    "densenet201": (
        torchvision.models.densenet201,
        ["features.denseblock4.denselayer32.conv2", "features.norm5"],
        64,
    ),
    # The study's network is convnext_large, with the same layers.
    "convnext_tiny": (torchvision.models.convnext_tiny, ["features.7.2.block.0"], 64),
    "vit": (VisionTransformer, ["encoder.layers.encoder_layer_2.ln_1"], 32),
}


@pytest.fixture(scope="module", params=MODELS)
def network(request):
    torch.manual_seed(0)
    build, layers, size = MODELS[request.param]
    net = build().eval()
    return net, layers, torch.randn(2, 3, size, size)


def grid(values, size=4):
    """A map from what a layer returned: the ViT's tokens without the class token."""
    return values if values.ndim == 4 else values[:, 1:].mT.reshape(len(values), -1, size, size)


def one_class(net, image, layer, index):
    kept = []
    handle = net.get_submodule(layer).register_forward_hook(lambda _m, _i, out: kept.append(out) or out.clone())
    logit = net(image[None])[0, index]
    handle.remove()
    (gradient,) = torch.autograd.grad(logit, kept[0])
    return grid(kept[0].detach())[0].double(), grid(gradient)[0].double()


def oracle(net, image, layer, u, k, pooled):
    logits = net(image[None])[0].detach()
    ranked = [int(c) for c in logits.argsort(descending=True) if int(c) != u]
    A, g_u = one_class(net, image, layer, u)
    gradients = [one_class(net, image, layer, v)[1] for v in ranked[:k]]
    if pooled:
        g_u = g_u.mean((1, 2), keepdim=True)
        gradients = [g.mean((1, 2), keepdim=True) for g in gradients]
    gbar = sum(gradients) / len(gradients)
    inner = sum(float(a * b) for a, b in zip(g_u.flatten(), gbar.flatten(), strict=True))
    square = sum(float(b * b) for b in gbar.flatten())
    perpendicular = g_u - inner / square * gbar
    saliency, magnitude = torch.zeros_like(A[0]), torch.zeros_like(A[0])
    for channel, weight, gradient in zip(A, perpendicular, g_u, strict=True):
        saliency += channel * weight
        magnitude += (channel * gradient).abs()
    return saliency.numpy(), magnitude.max().item()


@pytest.mark.parametrize("pooled", [True, False])
def test_case_equals_the_oracle(network, pooled):
    net, layers, images = network
    logits = net(images).detach()
    top = logits.topk(2).indices.tolist()
    (method,) = resolve([{"name": "it", "method": "case", "pooled": pooled, "eps": 0.0, "relu": False}])
    paths = {f"layer{i}": path for i, path in enumerate(layers)}
    found = attribute(net, [(["a", "b"], images)], {"a": top[0], "b": top[1]}, paths, [method])
    for name, path in paths.items():
        for i, t in ((0, 0), (1, 1)):
            # Rounding is relative to what is summed and cancels, not to what is left.
            expected, magnitude = oracle(net, images[i], path, top[i][t], 3, pooled)
            np.testing.assert_allclose(found.maps[name]["it"][i, t], expected, rtol=0, atol=1e-5 * magnitude)


def test_every_gradient_method_draws_finite_maps(network):
    net, layers, images = network
    paths = {f"layer{i}": path for i, path in enumerate(layers)}
    top = net(images).topk(2).indices.tolist()
    methods = resolve([{"name": name, "method": name, "relu": False} for name in GRADIENT])
    found = attribute(net, [(["a", "b"], images)], {"a": top[0], "b": top[1]}, paths, methods)
    for name in paths:
        assert list(found.maps[name]) == GRADIENT
        for method, maps in found.maps[name].items():
            assert np.isfinite(maps).all(), method
            assert maps.shape[-1] > 1, method
            assert maps[:, 0].any(), method
