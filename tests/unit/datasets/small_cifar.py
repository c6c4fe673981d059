"""CIFAR's archives in their true format, made small: 100 training and 20 test images of noise."""

import io
import tarfile
from typing import Any

import numpy as np

from case_saliency.datasets import cifar, labels

CLASSES, TRAIN, TEST = 10, 10, 2  # classes present, images of each in the two official parts
SPLITS = {"train": 80, "validation": 10, "heldout": 10, "test": 20}


def colours(part: str, count: int) -> np.ndarray[Any, Any]:
    return np.random.default_rng(len(part)).integers(0, 256, (count, 32, 32, 3), dtype=np.uint8)


def records(part: str, count: int, n_labels: int) -> bytes:
    """CIFAR's binary records: labels, then the red, the green and the blue plane."""
    found = b""
    for number, image in enumerate(colours(part, count)):
        superclass = bytes([7]) if n_labels == 2 else b""
        planes = b"".join(image[:, :, channel].tobytes() for channel in range(3))
        found += superclass + bytes([number % CLASSES]) + planes
    return found


def cifar_archive(name: str, **changes: bytes) -> bytes:
    """An archive of 100 training and 20 test images in the layout of the published one."""
    archive = cifar.ARCHIVES[name]
    train = records("train", CLASSES * TRAIN, archive.n_labels)
    parts = archive.parts["train"]
    length = len(train) // len(parts)
    files = {part: train[number * length : (number + 1) * length] for number, part in enumerate(parts)}
    files[archive.parts["test"][0]] = records("test", CLASSES * TEST, archive.n_labels)
    files[archive.names] = "\n".join((*labels.names(name), "")).encode()
    files["readme.html"] = b"<html></html>"
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as packed:
        for file, content in {**files, **changes}.items():
            info = tarfile.TarInfo(f"{archive.folder}/{file}")
            info.size = len(content)
            packed.addfile(info, io.BytesIO(content))
    return buffer.getvalue()
