"""What is known of a model before it is obtained or trained. Imports no torch."""

from collections.abc import Mapping
from dataclasses import dataclass

from case_saliency.datasets.images import Transform
from case_saliency.datasets.packages import PackagedFile

FORMATS = (".safetensors", ".pt", ".pth")
"""Endings of the user's files of weights; the last two are read with `weights_only=True`."""


@dataclass(frozen=True)
class DownloadedFile:
    """Pretrained weights that torchvision publishes, under the name and the hash that torchvision gives them.

    Attributes
    ----------
    enum
        The pinned entry of torchvision's weight enums, such as `ResNet50_Weights.IMAGENET1K_V1`.
    url
        Where they are published.
    sha256_prefix
        First hexadecimal digits of their SHA-256: the part of the file's name that torchvision checks.
    size_mb
        Size of the file in MB, for a message before the download.
    """

    enum: str
    url: str
    sha256_prefix: str
    size_mb: float

    @property
    def source(self) -> str:
        """Where the file comes from."""
        return self.url


@dataclass(frozen=True)
class LocalFile:
    """Weights in a file of the user's; `path` is relative to the working folder."""

    path: str

    @property
    def source(self) -> str:
        """Where the file lies."""
        return self.path


@dataclass(frozen=True)
class Built:
    """Weights that the user's function brings along; `builder` names it."""

    builder: str

    @property
    def source(self) -> str:
        """What makes the weights."""
        return self.builder


@dataclass(frozen=True)
class Trained:
    """Weights that are made here, by training on the training split of a data set from random numbers."""


Weights = PackagedFile | DownloadedFile | LocalFile | Built | Trained


@dataclass(frozen=True)
class ModelSpec:
    """What is known of a model before it is obtained or trained.

    Attributes
    ----------
    name
        Its name in params.yaml and its folder under `models/<dataset>/`.
    architecture, builder
        `builder` is `module:function`; called with `architecture` and the number of classes it returns the network
        with random weights.
    weights
        Where its weights come from: a published file, a file or a function of the user's, or a training.
    target_layers
        Name of a target layer -> path of the module inside the network. `last_conv` is the paper's layer or, in a small
        network, its analogue; `block1`, `block2`, ... are earlier candidates.
    default_layer
        The target layer used where params name none.
    transform
        How an image becomes its input. A network that is trained from random numbers takes mean and standard deviation
        from its training images instead.
    licence
        Licence of architecture and weights.
    label_space, n_classes
        What the logits of published weights mean (a key of `labels.LABEL_SPACES`, or `labels.USER` for the classes of
        the user's folder), and how many there are; None for weights that are trained: the data set tells.
    classifier
        Path of the last linear layer, which fine-tuning replaces; None where fine-tuning is not provided for.
    """

    name: str
    architecture: str
    builder: str
    weights: Weights
    target_layers: Mapping[str, str]
    default_layer: str
    transform: Transform
    licence: str
    label_space: str | None = None
    n_classes: int | None = None
    classifier: str | None = None
