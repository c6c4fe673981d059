"""The networks and images that are timed: EfficientNet-Lite0 with its weights, ResNet-50 with random ones."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torchvision.models import resnet50

from case_saliency.datasets import images, sources
from case_saliency.models import networks, zoo

BATCH = 20


@dataclass(frozen=True)
class Subject:
    """A network, its target layer, and N images with their top two classes (N, 2)."""

    name: str
    module: nn.Module
    layer: str
    images: Tensor
    classes: Tensor

    @property
    def ids(self) -> list[str]:
        """Names of the images."""
        return [str(i) for i in range(len(self.images))]


def lite0() -> Subject:
    """Load EfficientNet-Lite0 and the 20 images."""
    spec = zoo.find("efficientnet_lite0")
    with tempfile.TemporaryDirectory() as folder:
        weights, description = Path(folder) / "weights.safetensors", Path(folder) / "model.json"
        networks.obtain(spec.name, "imagenet-sample", 0, weights, description)
        model = networks.load(weights, description)
        manifest = sources.fetch("imagenet-sample", Path(folder))
        ((_, photos),) = images.batches(Path(folder), manifest, model.transform, BATCH)
    return _subject("efficientnet_lite0", model.module, spec.target_layers[spec.default_layer], photos)


def resnet(photos: Tensor) -> Subject:
    """Make ResNet-50 with seeded random weights, on the first of the same images."""
    torch.manual_seed(0)
    return _subject("resnet50", resnet50().eval(), "layer4.2.conv3", photos[:8])


def _subject(name: str, module: nn.Module, layer: str, photos: Tensor) -> Subject:
    module.requires_grad_(True)  # pytorch-grad-cam cannot do without
    with torch.no_grad():  # a few at a time: the peak of memory shall be the engine's
        logits = torch.cat([module(part) for part in torch.split(photos, 4)])
    return Subject(name, module, layer, photos, logits.topk(2).indices)
