"""Networks that are trained here, on the training split of a data set. No torch is imported; builders load by name."""

from collections.abc import Mapping
from types import MappingProxyType

from case_saliency.datasets.images import Transform
from case_saliency.models.spec import ModelSpec, Trained


def _spec(name: str, classifier: str, layers: Mapping[str, str]) -> ModelSpec:
    return ModelSpec(
        name=name,
        architecture=name,
        builder="case_saliency.models.small:build",
        weights=Trained(),
        target_layers=MappingProxyType(dict(layers)),
        default_layer="last_conv",
        transform=Transform(32, 32, "bilinear", mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5)),
        licence="BSD-3-Clause (torchvision's classes)",
        classifier=classifier,
    )


SPECS = (
    _spec("resnet_small", "fc", {"last_conv": "layer4.0.conv2"} | {f"block{i}": f"layer{i}" for i in (1, 2, 3, 4)}),
    _spec(
        "vgg_small",
        "classifier.2",
        {"last_conv": "features.11", "block1": "features.0", "block2": "features.4", "block3": "features.8"},
    ),
    _spec(
        "densenet_small",
        "classifier",
        {
            "last_conv": "features.denseblock3.denselayer6.conv2",
            "conv2": "features.denseblock3.denselayer6.conv2",
            "norm5": "features.norm5",
        }
        | {f"block{i}": f"features.denseblock{i}" for i in (1, 2, 3)},
    ),
    _spec(
        "convnext_small",
        "classifier.2",
        {"last_conv": "features.5.0.block.0"} | {f"block{i}": f"features.{2 * i - 1}" for i in (1, 2, 3)},
    ),
)
