"""EfficientNet-Lite: architecture of the package efficientnet-lite-pytorch, for inputs of the published size.

References
----------
M. Tan, Q. V. Le, EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks, ICML 2019; the Lite variants
(ReLU6, no squeeze-and-excitation, stem and head not scaled) are those of the TensorFlow TPU models repository.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn


def build(architecture: str, n_classes: int) -> "nn.Module":
    """Return the network with random weights.

    Parameters
    ----------
    architecture
        `efficientnet-lite0` to `efficientnet-lite4`.
    n_classes
        Number of logits.
    """
    from efficientnet_lite_pytorch import EfficientNet

    network: nn.Module = EfficientNet.from_name(architecture, num_classes=n_classes)
    return network
