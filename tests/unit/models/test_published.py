"""The paper's networks: pinned as torchvision publishes them, and explained at the paper's layers."""

from pkgutil import resolve_name
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torchvision.transforms import InterpolationMode

from case_saliency.attribution import engine, registry
from case_saliency.models import torchvision_networks, zoo
from case_saliency.models.train import seeded

NAMES = ("resnet50", "vgg19_bn", "densenet201", "convnext_large")
PAPER = {
    "resnet50": ("last_conv", "layer4.2.conv3", 2048),
    "vgg19_bn": ("last_conv", "features.49", 512),
    "densenet201": ("last_conv", "features.denseblock4.denselayer32.conv2", 32),
    "convnext_large": ("last_conv", "features.7.2.block.0", 1536),
}


@pytest.mark.parametrize("name", NAMES)
def test_weights_and_preparation_are_what_torchvision_says(name: str) -> None:
    spec = zoo.find(name)
    assert isinstance(spec.weights, zoo.DownloadedFile)
    weights = resolve_name(f"torchvision.models:{spec.weights.enum}")
    assert spec.weights.url == weights.url
    assert weights.url.endswith(f"-{spec.weights.sha256_prefix}.pth")  # the part that torch.hub checks
    assert spec.weights.size_mb == pytest.approx(weights.meta["_file_size"], abs=0.06)
    assert spec.n_classes == len(weights.meta["categories"])
    told = weights.transforms()
    found = spec.transform
    assert ([found.input_size], [found.resize]) == (told.crop_size, told.resize_size)
    assert InterpolationMode(found.interpolation) is told.interpolation
    assert (list(found.mean), list(found.std)) == (told.mean, told.std)
    assert told.antialias  # as Pillow does


@pytest.mark.parametrize("name", NAMES)
def test_the_papers_layer_is_the_last_convolution(name: str) -> None:
    layer, path, channels = PAPER[name]
    assert zoo.find(name).target_layers[layer] == path
    with torch.device("meta"):
        network = torchvision_networks.build(name, 1000)
    convolutions = [(where, part) for where, part in network.named_modules() if isinstance(part, nn.Conv2d)]
    assert convolutions[-1][0] == path
    assert convolutions[-1][1].out_channels == channels


def test_densenet_has_the_papers_second_layer() -> None:
    layers = zoo.find("densenet201").target_layers
    assert layers["conv2"] == layers["last_conv"]
    with torch.device("meta"):
        norm = torchvision_networks.build("densenet201", 1000).get_submodule(layers["norm5"])
    assert isinstance(norm, nn.BatchNorm2d)
    assert norm.num_features == 1920


def by_autograd(network: nn.Module, path: str, images: Tensor, label: int) -> np.ndarray[Any, Any]:
    """Grad-CAM of one class, from a plain hook and torch.autograd alone: shape (N, h, w)."""
    kept: list[Tensor] = []

    def keep(_module: nn.Module, _inputs: Any, output: Tensor) -> Tensor:
        kept.append(output)
        return output.clone()  # what follows may work in place

    handle = network.get_submodule(path).register_forward_hook(keep)
    logits = network(images)
    handle.remove()
    (gradient,) = torch.autograd.grad(logits[:, label].sum(), kept[0])
    drawn: np.ndarray[Any, Any] = (gradient.mean((2, 3), keepdim=True) * kept[0]).sum(1).clamp(min=0).detach().numpy()
    return drawn


@pytest.mark.parametrize(
    ("architecture", "layers"),
    [
        ("resnet50", {"last_conv": "layer4.2.conv3", "block3": "layer3"}),
        ("vgg19_bn", {"last_conv": "features.49", "block4": "features.36"}),
        ("densenet201", {"conv2": "features.denseblock4.denselayer32.conv2", "norm5": "features.norm5"}),
        ("convnext_tiny", {"last_conv": "features.7.2.block.0", "block3": "features.5"}),
    ],
)
def test_maps_at_the_papers_layers_are_those_of_autograd(architecture: str, layers: dict[str, str]) -> None:
    with seeded(0):
        network = torchvision_networks.build(architecture, 6).eval()
        images = torch.randn(2, 3, 64, 64)
    known = zoo.MODELS.get(architecture.replace("tiny", "large"))
    assert known is not None
    assert layers.items() <= known.target_layers.items()
    classes = {"a": [4, 1], "b": [4, 1]}
    found = engine.attribute(network, [(["a", "b"], images)], classes, layers, registry.resolve(["gradcam"]))
    for layer, path in layers.items():
        maps = found.maps[layer]["gradcam"]
        expected = np.stack([by_autograd(network, path, images, label) for label in (4, 1)], 1)
        assert expected.max() > 0
        np.testing.assert_allclose(maps, expected, rtol=1e-4, atol=1e-5 * expected.max())
