import logging

import numpy as np
import pytest
import torch
import torchvision
from efficientnet_lite_pytorch import EfficientNet
from torch import nn

from case_saliency.attribution.cut import NotTraceableError, cut
from case_saliency.attribution.tail import Tails

MODELS = {
    "lite0": (lambda: EfficientNet.from_name("efficientnet-lite0"), "_conv_head", 224),
    "resnet50": (torchvision.models.resnet50, "layer4.2.conv3", 64),
    "vgg19_bn": (lambda: torchvision.models.vgg19_bn(init_weights=False), "features.49", 64),
    "densenet201_conv2": (torchvision.models.densenet201, "features.denseblock4.denselayer32.conv2", 64),
    "densenet201_norm5": (torchvision.models.densenet201, "features.norm5", 64),
    "convnext_tiny": (torchvision.models.convnext_tiny, "features.7.2.block.0", 64),
    "vit_small": (
        lambda: torchvision.models.VisionTransformer(32, 8, 2, 2, 16, 32),
        "encoder.layers.encoder_layer_1.ln_1",
        32,
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_every_model_of_the_study_is_cut(name):
    torch.manual_seed(0)
    build, path, size = MODELS[name]
    net = build().eval()
    images = torch.randn(2, 3, size, size)
    halves = cut(net, path, images)
    with torch.no_grad():
        expected = net(images)
        output, *live = halves.trunk(images)
        torch.testing.assert_close(halves.tail(output.clone(), *live), expected, rtol=1e-5, atol=1e-6)
    if name == "densenet201_conv2":
        assert len(live) == 32  # the block's input and 31 layers before
    # Three variants of one image: numbers such as the batch size follow the tail's own batch.
    tail = Tails(net, pytest.fail).resume(path, images)
    with torch.no_grad():
        rows = tail(output[1:].repeat(3, *[1] * (output.ndim - 1)), 1)
    torch.testing.assert_close(rows, expected[1:].repeat(3, 1), rtol=1e-4, atol=1e-5)


class Deciding(nn.Module):
    """Its forward pass depends on values, so that it cannot be traced."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        return self.net(x) if x.mean() > -1 else self.net(-x)


def test_a_model_that_does_not_trace_is_run_whole(run, conv_net, photos, caplog):
    classes = [[0, 1], [3, 2], [6, 5], [4, 0]]
    expected = run(conv_net, photos, classes, ["ablationcam"], "conv").maps["layer"]["ablationcam"]
    with caplog.at_level(logging.WARNING):
        found = run(Deciding(conv_net), photos, classes, ["ablationcam"], "net.conv")
    np.testing.assert_allclose(found.maps["layer"]["ablationcam"], expected, rtol=1e-4, atol=1e-6)
    (message,) = found.messages
    assert message.startswith("layer net.conv: the model cannot be cut there (TraceError")
    assert message.endswith("whole forward passes, slower")
    assert caplog.messages == [message]


def test_a_cut_that_does_not_repeat_the_model_is_refused(conv_net, photos):
    class Counting(nn.Module):
        calls = 0

        def forward(self, x):
            self.calls += 1
            return x * self.calls

    with pytest.raises(NotTraceableError):
        cut(nn.Sequential(conv_net, Counting()).eval(), "0.conv", photos)
