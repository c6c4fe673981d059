"""The paper's four networks, and whatever else torchvision knows, by torchvision's names.

References
----------
He et al., CVPR 2016 (ResNet); Simonyan and Zisserman, ICLR 2015 (VGG); Huang et al., CVPR 2017 (DenseNet); Liu et al.,
CVPR 2022 (ConvNeXt).
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn


def build(architecture: str, n_classes: int) -> "nn.Module":
    """Return torchvision's network of that name with random weights."""
    from torchvision.models import get_model

    network: nn.Module = get_model(architecture, weights=None, num_classes=n_classes)
    return network
