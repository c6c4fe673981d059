"""CIFAR-10 and CIFAR-100 (Krizhevsky 2009), in the authors' binary version.

The version for Python, which torchvision downloads, is made of pickles, which can run code when they are read. The
binary version holds the same images as plain records, in the same order: one byte for each label, then 3 x 32 x 32
bytes, red, green, blue, row by row.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from case_saliency import storage
from case_saliency.datasets import archives, labels, official, tensors
from case_saliency.datasets.download import RemoteFile, download
from case_saliency.datasets.fetching import Fetched, Options
from case_saliency.datasets.sources import DatasetSpec
from case_saliency.errors import CaseSaliencyError

_SIDE = 32
_LIMIT = 2 * 10**8  # bytes; each archive unpacks to 184 million


@dataclass(frozen=True)
class Archive:
    """What an archive holds.

    Attributes
    ----------
    remote
        The published file.
    folder
        Folder inside it.
    parts
        `train` and `test` -> names of the files of records.
    names
        File of the class names, one a line.
    n_labels
        Labels before each image; the last is the class (CIFAR-100 has a superclass before it).
    """

    remote: RemoteFile
    folder: str
    parts: dict[str, tuple[str, ...]]
    names: str
    n_labels: int


ARCHIVES = {
    "cifar10": Archive(
        RemoteFile(
            ("https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",),
            170052171,
            "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
        ),
        "cifar-10-batches-bin",
        {"train": tuple(f"data_batch_{number}.bin" for number in range(1, 6)), "test": ("test_batch.bin",)},
        names="batches.meta.txt",
        n_labels=1,
    ),
    "cifar100": Archive(
        RemoteFile(
            ("https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",),
            168513733,
            "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
        ),
        "cifar-100-binary",
        {"train": ("train.bin",), "test": ("test.bin",)},
        names="fine_label_names.txt",
        n_labels=2,
    ),
}


def fetch(spec: DatasetSpec, destination: Path, options: Options) -> Fetched:
    """Read the archive (see `sources.obtain`): the one in the user's folder if one is named, else it is downloaded."""
    archive = ARCHIVES[spec.name]
    path = _archive(archive.remote, spec, destination, options)
    wanted = [name for files in archive.parts.values() for name in files]
    content = archives.read_tar(path, [f"{archive.folder}/{name}" for name in (*wanted, archive.names)], _LIMIT)
    names = tuple(content[f"{archive.folder}/{archive.names}"].decode("utf-8").split())
    if names != labels.names(spec.label_space):
        raise CaseSaliencyError(f"{path}: its class names {names[:3]} ... are not those of {spec.label_space}")
    parts: dict[str, tuple[tensors.Pixels, list[int], str]] = {}
    for part, files in archive.parts.items():
        joined = b"".join(content[f"{archive.folder}/{name}"] for name in files)
        pixels, classes = parse_records(joined, archive.n_labels, path)
        parts[part] = (pixels, classes, f"{archive.remote.urls[0]}#{archive.folder}/{files[0]}")
    return official.divide(spec, destination, parts)


def _archive(remote: RemoteFile, spec: DatasetSpec, destination: Path, options: Options) -> Path:
    folder = options.folder(spec.name)
    if folder is None:
        return download(remote, destination / "downloads", options.progress)
    path = folder / remote.name
    if not path.exists():
        raise CaseSaliencyError(
            f"{path}: missing; put {remote.urls[0]} there, or set datasets.{spec.name}.path to null"
        )
    found = storage.sha256(path)
    if found != remote.sha256:
        raise CaseSaliencyError(f"{path}: sha256 {found} found, {remote.sha256} expected; replace it")
    return path


def parse_records(content: bytes, n_labels: int, path: Path) -> tuple[tensors.Pixels, list[int]]:
    """Split records into images, shape (N, 32, 32, 3), and class indices.

    Raises
    ------
    CaseSaliencyError
        If the content is not a whole number of records.
    """
    length = n_labels + 3 * _SIDE * _SIDE
    if not content or len(content) % length:
        raise CaseSaliencyError(f"{path}: {len(content)} bytes of records found, not a multiple of {length}")
    records = np.frombuffer(content, dtype=np.uint8).reshape(-1, length)
    pixels = records[:, n_labels:].reshape(-1, 3, _SIDE, _SIDE).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(pixels), records[:, n_labels - 1].tolist()
