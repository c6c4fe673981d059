"""Published weights: fetched, checked against their pinned hash, and put into a network."""

import hashlib
import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from case_saliency import storage
from case_saliency.datasets import download
from case_saliency.datasets.fetching import Progress, silently
from case_saliency.datasets.packages import PackagedFile
from case_saliency.errors import CaseSaliencyError
from case_saliency.models import building, checkpoints
from case_saliency.models.spec import Built, DownloadedFile, LocalFile, ModelSpec, Trained

if TYPE_CHECKING:
    import torch
    from torch import nn

# torchvision's DenseNet weights are older than its DenseNet: norm.1 was renamed to norm1, conv.2 to conv2, and so on.
_OLD_NAME = re.compile(r"^(.*denselayer\d+\.(?:norm|relu|conv))\.((?:[12])\.(?:weight|bias|running_mean|running_var))$")


@dataclass(frozen=True)
class Published:
    """Weights as they were published, or as the user has them.

    Attributes
    ----------
    tensors
        Under the names of the architecture that is built here.
    label_space, n_classes
        What its logits mean, and how many there are.
    source, sha256
        Where the file comes from, and its hash; None where a function of the user's brings the weights along.
    """

    tensors: "dict[str, torch.Tensor]"
    label_space: str
    n_classes: int
    source: str
    sha256: str | None


def read(spec: ModelSpec, folder: Path, progress: Progress = silently) -> Published:
    """Read the published weights of a model.

    Parameters
    ----------
    spec
        The model.
    folder
        Where a download is kept until it is read; a part of it stays after a failure and is continued.
    progress
        Shows how much has arrived.

    Raises
    ------
    CaseSaliencyError
        If the file is missing, cannot be fetched, is not the pinned one, or holds anything else than plain tensors.
    """
    weights = spec.weights
    if isinstance(weights, Trained) or spec.label_space is None or spec.n_classes is None:
        raise CaseSaliencyError(f"model {spec.name} has no published weights; train it: case-saliency train-model")
    if isinstance(weights, Built):
        brought = building.seeded(spec, spec.n_classes).state_dict()
        return Published(dict(brought), spec.label_space, spec.n_classes, weights.source, None)
    content = _content(weights, folder, progress)
    tensors = checkpoints.tensors(content, weights.source)
    if isinstance(weights, DownloadedFile):
        tensors = {_OLD_NAME.sub(r"\1\2", name): value for name, value in tensors.items()}
    digest = hashlib.sha256(content).hexdigest()
    return Published(tensors, spec.label_space, spec.n_classes, weights.source, digest)


def fill(module: "nn.Module", values: "Mapping[str, torch.Tensor]", origin: str, remedy: str, but: str = "") -> None:
    """Load tensors into a network; all must be there and fit.

    Parameters
    ----------
    origin, remedy
        For the message: where the tensors come from, and what to do.
    but
        Path of a module that keeps its own weights; empty: none.

    Raises
    ------
    CaseSaliencyError
        If a tensor is missing, left over, of another shape, or complex.
    """
    kept = {name: value for name, value in module.state_dict().items() if but and name.startswith(f"{but}.")}
    wanted = {name: value for name, value in values.items() if name not in kept} | kept
    if strange := [name for name, value in wanted.items() if value.is_complex()]:
        raise CaseSaliencyError(f"{origin}: {strange[0]} holds complex numbers, real ones were expected; {remedy}")
    try:
        module.load_state_dict(wanted, strict=True)
    except RuntimeError as error:
        reason = "; ".join(textwrap.shorten(line, 300, placeholder=" ...") for line in str(error).splitlines()[1:3])
        raise CaseSaliencyError(f"{origin}: the weights do not fit the architecture ({reason}); {remedy}") from error


def _content(weights: PackagedFile | DownloadedFile | LocalFile, folder: Path, progress: Progress) -> bytes:
    """Return the bytes of a file of weights."""
    if isinstance(weights, DownloadedFile):
        return _downloaded(weights, folder, progress)
    if isinstance(weights, PackagedFile):
        return weights.read()
    path = Path(weights.path).expanduser()
    try:
        return storage.read_bytes(path)
    except OSError as error:
        raise CaseSaliencyError(
            f"{path}: cannot be read ({error.strerror}); correct `weights` in params.yaml"
        ) from error


def _downloaded(weights: DownloadedFile, folder: Path, progress: Progress) -> bytes:
    """Fetch the file, read it and remove it: what is kept is the safetensors file made of it."""
    path = download.download(download.RemoteFile((weights.url,), 0, weights.sha256_prefix), folder, progress)
    content = path.read_bytes()
    path.unlink()
    return content
