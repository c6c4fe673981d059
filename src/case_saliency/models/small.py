"""Small networks of the paper's four families for inputs of 32 x 32 pixels, built with torchvision's own classes.

All cost less than 1 ms for an image, forward and backward, on one core, and all have maps of 8 x 8 at their last
convolution, as the paper's have 7 x 7. What differs from torchvision's networks is in the stem (fewer pixels are thrown
away at once), in the width, and in the last stage, which does not halve the map again.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from case_saliency.errors import CaseSaliencyError

if TYPE_CHECKING:
    from torch import nn


def build(architecture: str, n_classes: int) -> "nn.Module":
    """Return a small network with random weights; `architecture` is its name."""
    if architecture not in _BUILDERS:
        raise CaseSaliencyError(f"small network {architecture!r} is unknown; known are: {', '.join(_BUILDERS)}")
    return _BUILDERS[architecture](n_classes)


def _resnet(n_classes: int) -> "nn.Module":
    """ResNet of four basic blocks (16, 32, 64, 64 channels), 3 x 3 stem, no max-pooling; 152,000 weights."""
    import torch
    from torch import nn
    from torchvision.models.resnet import BasicBlock, ResNet

    widths, strides = (16, 32, 64, 64), (1, 2, 2, 1)
    with torch.random.fork_rng(devices=[]):  # parts that are replaced below draw from no one's random numbers
        network = ResNet(BasicBlock, [1, 1, 1, 1], num_classes=1)
    network.conv1 = nn.Conv2d(3, widths[0], 3, padding=1, bias=False)
    network.bn1 = nn.BatchNorm2d(widths[0])
    network.maxpool = nn.Identity()
    network.inplanes = widths[0]
    for number, (width, stride) in enumerate(zip(widths, strides, strict=True), start=1):
        setattr(network, f"layer{number}", network._make_layer(BasicBlock, width, 1, stride=stride))
    network.fc = nn.Linear(widths[-1], n_classes)
    return _rectified(network)


def _vgg(n_classes: int) -> "nn.Module":
    """VGG with batch normalisation and four convolutions (16, 32, 64, 64 channels); 193,000 weights."""
    import torch
    from torch import nn
    from torchvision.models.vgg import VGG, make_layers

    features = make_layers([16, "M", 32, "M", 64, 64, "M"], batch_norm=True)
    with torch.device("meta"):  # the parts that are replaced below take no memory and no time
        network = VGG(features, init_weights=False)
    network.avgpool = nn.AdaptiveAvgPool2d(4)
    network.classifier = nn.Sequential(nn.Linear(64 * 4 * 4, 128), nn.ReLU(inplace=True), nn.Linear(128, n_classes))
    return _rectified(network)


def _densenet(n_classes: int) -> "nn.Module":
    """DenseNet of three blocks (2, 4, 6 layers, growth 12), 3 x 3 stem of stride 2; 54,000 weights."""
    from torch import nn
    from torchvision.models.densenet import DenseNet

    network: Any = DenseNet(12, (2, 4, 6), 24, bn_size=2, num_classes=n_classes)
    network.features.conv0 = nn.Conv2d(3, 24, 3, stride=2, padding=1, bias=False)
    network.features.pool0 = nn.Identity()
    network.features.transition2.pool = nn.Identity()
    nn.init.kaiming_normal_(network.features.conv0.weight)
    built: nn.Module = network
    return built


def _convnext(n_classes: int) -> "nn.Module":
    """ConvNeXt of three blocks (24, 48, 64 channels), overlapping 4 x 4 stem of stride 2; 73,000 weights.

    Layer scale begins at 1 and weights are scaled by their fan-in: torchvision's beginnings, 1e-6 and a standard
    deviation of 0.02, suit three hundred epochs and hardly move in ten.
    """
    from torch import nn
    from torchvision.models.convnext import CNBlockConfig, ConvNeXt

    stages = [CNBlockConfig(24, 48, 1), CNBlockConfig(48, 64, 1), CNBlockConfig(64, None, 1)]
    network: Any = ConvNeXt(stages, stochastic_depth_prob=0.0, layer_scale=1.0, num_classes=n_classes)
    network.features[0][0] = nn.Conv2d(3, 24, 4, stride=2, padding=1)
    network.features[4][1] = nn.Conv2d(48, 64, 1)
    for part in network.modules():
        if isinstance(part, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(part.weight, nonlinearity="linear")
            if part.bias is not None:
                nn.init.zeros_(part.bias)
    built: nn.Module = network
    return built


def _rectified(network: "nn.Module") -> "nn.Module":
    """Begin convolutions as torchvision's ResNet and VGG do: variance 2 / fan-out, for the ReLU that follows."""
    from torch import nn

    for part in network.modules():
        if isinstance(part, nn.Conv2d):
            nn.init.kaiming_normal_(part.weight, mode="fan_out", nonlinearity="relu")
            if part.bias is not None:
                nn.init.zeros_(part.bias)
    return network


_BUILDERS: dict[str, "Callable[[int], nn.Module]"] = {
    "resnet_small": _resnet,
    "vgg_small": _vgg,
    "densenet_small": _densenet,
    "convnext_small": _convnext,
}
