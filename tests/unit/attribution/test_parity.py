"""Raw maps equal pytorch-grad-cam's, within 1e-4 of each map's range.

Its `get_cam_image` is compared, not its `__call__`, which clips, scales to [0, 1], and interpolates.
"""

import contextlib
import io

import numpy as np
import pytest
import pytorch_grad_cam as library
import torch
import torchvision
from efficientnet_lite_pytorch import EfficientNet
from pytorch_grad_cam.utils.model_targets import (
    ClassifierOutputSoftmaxTarget,
    ClassifierOutputTarget,
    FinerWeightedTarget,
)
from torch import nn


def lite0():
    return EfficientNet.from_name("efficientnet-lite0"), "_conv_head"


def resnet50():
    return torchvision.models.resnet50(), "layer4.2.conv3"


def small_densenet():
    net = torchvision.models.DenseNet(growth_rate=8, block_config=(2, 2), num_init_features=8, num_classes=10)
    return net, "features.denseblock2.denselayer2.conv2"


def small_vgg():
    features = torchvision.models.vgg.make_layers([8, "M", 16, "M", 16, 16, "M"], batch_norm=True)
    net = torchvision.models.VGG(features, num_classes=10, init_weights=False)
    net.classifier = nn.Sequential(nn.Flatten(), nn.Linear(16 * 49, 10))
    return net, "features.11"


BUILDERS = {f.__name__: f for f in (lite0, resnet50, small_densenet, small_vgg)}


@pytest.fixture(scope="module", params=BUILDERS)
def network(request):
    """A network with seeded random weights and statistics, a target layer, and images whose maps are 2 x 2 or more."""
    torch.manual_seed(0)
    net, layer = BUILDERS[request.param]()
    size = {"lite0": 64, "resnet50": 40}.get(request.param, 32)
    images = torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        net.train()(images)
        for part in net.modules():
            if isinstance(part, nn.BatchNorm2d):
                part.bias.normal_(0, 0.2)
    net.eval()
    logits = net(images).detach()
    return net, layer, images, logits.topk(2).indices


def raw(cam_type, net, layer, images, targets, **keywords):
    """Return the library's maps before clipping, scaling and interpolation."""
    module = net.get_submodule(layer)
    cam = cam_type(net, [module], **keywords)
    outputs = cam.activations_and_grads(images)
    sum(target(output) for target, output in zip(targets, outputs, strict=True)).backward()
    activations = cam.activations_and_grads.activations[0].numpy()
    gradients = cam.activations_and_grads.gradients[0].numpy()
    with contextlib.redirect_stderr(io.StringIO()):  # its progress bar
        maps = cam.get_cam_image(images, module, targets, activations, gradients, False)
    cam.activations_and_grads.release()
    net.zero_grad()
    return maps


def assert_equal(ours, theirs):
    for our, their in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(our, their, rtol=0, atol=1e-4 * np.ptp(their))


GRADIENT = {
    "gradcam": library.GradCAM,
    "gradcam_plus_plus": library.GradCAMPlusPlus,
    "hirescam": library.HiResCAM,
    "xgradcam": library.XGradCAM,
    "layercam": library.LayerCAM,
}


@pytest.mark.parametrize("method", GRADIENT)
def test_gradient_methods(draw, network, method):
    net, layer, images, classes = network
    maps = draw(net, images, classes.tolist(), layer, method=method, relu=False)
    for t in range(2):
        targets = [ClassifierOutputTarget(int(c)) for c in classes[:, t]]
        assert_equal(maps[:, t], raw(GRADIENT[method], net, layer, images, targets))


def test_eigencam_up_to_its_sign(draw, network):
    net, layer, images, classes = network
    maps = draw(net, images, classes.tolist(), layer, method="eigencam", relu=False)
    theirs = raw(library.EigenCAM, net, layer, images, [ClassifierOutputTarget(0)] * 2)
    signs = np.sign((maps[:, 0] * theirs).sum((1, 2)))[:, None, None]
    assert_equal(maps[:, 0] * signs, theirs)
    np.testing.assert_array_equal(maps[:, 0], maps[:, 1])


def test_finercam(draw, network):
    net, layer, images, classes = network
    maps = draw(net, images, classes.tolist(), layer, method="finercam", relu=False)
    logits = net(images).detach()
    for t in range(2):
        targets = [
            FinerWeightedTarget(int(c), [int(r) for r in (y - y[c]).abs().argsort()[1:4]], 1.0)
            for c, y in zip(classes[:, t], logits, strict=True)
        ]
        assert_equal(maps[:, t], raw(library.GradCAM, net, layer, images, targets))


def test_softmax_target_up_to_its_factor(draw, network):
    net, layer, images, classes = network
    maps = draw(net, images, classes.tolist(), layer, method="softmax_gradcam", relu=False)
    p = net(images).detach().softmax(1).gather(1, classes).numpy()
    targets = [ClassifierOutputSoftmaxTarget(int(c)) for c in classes[:, 0]]
    factor = (p * (1 - p))[:, 0, None, None]
    assert_equal(maps[:, 0] * factor, raw(library.GradCAM, net, layer, images, targets))


def one_forward_per_channel(draw, network, method, cam_type, **parameters):
    net, layer, images, classes = network
    # ResNet-50's conv3 has 2048 channels, a minute of forward passes in the library: conv2 has a quarter.
    layer = layer.replace("layer4.2.conv3", "layer4.2.conv2")
    maps = draw(net, images[:1], classes[:1].tolist(), layer, method=method, relu=False, **parameters)
    assert_equal(maps[:, 0], raw(cam_type, net, layer, images[:1], [ClassifierOutputTarget(int(classes[0, 0]))]))


def test_ablationcam(draw, network):
    one_forward_per_channel(draw, network, "ablationcam", library.AblationCAM, baseline="library")


def test_scorecam(draw, network):
    one_forward_per_channel(draw, network, "scorecam", library.ScoreCAM)
