"""CIFAR and Fashion-MNIST in the true formats of their files, made small, from folders and from a server."""

import dataclasses
import gzip
import hashlib
import re
import struct
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from server import Site
from small_cifar import CLASSES, SPLITS, TEST, TRAIN, cifar_archive, colours, records
from torchvision.datasets.mnist import read_sn3_pascalvincent_tensor

from case_saliency.datasets import cifar, download, fashion_mnist, images, labels, sources
from case_saliency.datasets.fetching import Options
from case_saliency.errors import CaseSaliencyError


def publish_cifar(monkeypatch: pytest.MonkeyPatch, name: str, content: bytes, url: str = "http://x") -> None:
    """Pin a small archive in place of the published one."""
    archive = cifar.ARCHIVES[name]
    place = f"{url}/{archive.remote.name}"
    remote = download.RemoteFile((place,), len(content), hashlib.sha256(content).hexdigest())
    monkeypatch.setitem(cifar.ARCHIVES, name, dataclasses.replace(archive, remote=remote))
    monkeypatch.setitem(sources.DATASETS, name, dataclasses.replace(sources.DATASETS[name], splits=SPLITS))


def check(manifest: pd.DataFrame, folder: Path, expected: dict[str, np.ndarray[Any, Any]]) -> None:
    """Compare the manifest, the images one by one and all at once with what went in."""
    assert tuple(manifest.columns) == sources.MANIFEST_COLUMNS
    assert manifest["image_id"].is_unique
    assert Counter(manifest["split"]) == SPLITS
    official = manifest["image_id"].str.partition("-")[0]
    assert (official[manifest["split"] == "test"] == "test").all()
    assert (official[manifest["split"] != "test"] == "train").all()
    per_class = Counter(zip(manifest["split"], manifest["label"], strict=True))
    assert [per_class["heldout", label] for label in range(CLASSES)] == [1] * CLASSES
    assert [per_class["train", label] for label in range(CLASSES)] == [8] * CLASSES
    everything = np.concatenate([expected["train"], expected["test"]])
    assert manifest["label"].tolist() == [number % CLASSES for part in expected.values() for number in range(len(part))]
    np.testing.assert_array_equal(images.arrays(folder, manifest), everything)
    backwards = manifest.iloc[::-7]
    np.testing.assert_array_equal(images.arrays(folder, backwards), everything[backwards["index"]])
    for row in manifest.iloc[[0, 55, 119]].to_dict("records"):
        image = np.asarray(images.read(folder, row))
        wanted = everything[row["index"]]
        np.testing.assert_array_equal(image, wanted if wanted.ndim == 3 else np.stack([wanted] * 3, axis=2))


@pytest.mark.parametrize("name", ["cifar10", "cifar100"])
def test_cifar_from_a_server(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    content = cifar_archive(name)
    publish_cifar(monkeypatch, name, content, site.url)
    file = cifar.ARCHIVES[name].remote.name
    site.files[f"/{file}"] = content
    site.broken = [len(content) // 2]
    manifest = sources.fetch(name, tmp_path)
    check(manifest, tmp_path, {"train": colours("train", 100), "test": colours("test", 20)})
    assert manifest["label_name"].tolist()[:2] == list(labels.names(name)[:2])
    assert site.requests[1][1] == f"bytes={len(content) // 2}-"
    assert (tmp_path / "downloads" / file).exists()
    sources.fetch(name, tmp_path)
    assert len(site.requests) == 2


def corrupted(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 255]) + content[middle + 1 :]


@pytest.mark.parametrize(
    ("served", "message"),
    [
        (lambda content: content[: len(content) // 2], "bytes offered, .* expected: another file"),
        (corrupted, "sha256 .* found, .* expected; what was sent has been deleted"),
        (None, "status 404"),
    ],
    ids=["truncated", "corrupted", "missing"],
)
def test_a_bad_cifar_archive_leaves_no_dataset(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, served: Any, message: str
) -> None:
    content = cifar_archive("cifar100")
    publish_cifar(monkeypatch, "cifar100", content, site.url)
    if served:
        site.files["/cifar-100-binary.tar.gz"] = served(content)
    with pytest.raises(CaseSaliencyError, match=message):
        sources.fetch("cifar100", tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_cifar_from_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = cifar_archive("cifar100")
    publish_cifar(monkeypatch, "cifar100", content)
    mine = tmp_path / "mine"
    mine.mkdir()
    options = Options(path=str(mine))
    with pytest.raises(CaseSaliencyError, match=r"mine/cifar-100-binary\.tar\.gz: missing; put http"):
        sources.fetch("cifar100", tmp_path / "data", options)
    (mine / "cifar-100-binary.tar.gz").write_bytes(corrupted(content))
    with pytest.raises(CaseSaliencyError, match=r"cifar-100-binary\.tar\.gz: sha256 .* expected; replace it"):
        sources.fetch("cifar100", tmp_path / "data", options)
    (mine / "cifar-100-binary.tar.gz").write_bytes(content)
    manifest = sources.fetch("cifar100", tmp_path / "data", options)
    check(manifest, tmp_path / "data", {"train": colours("train", 100), "test": colours("test", 20)})
    with pytest.raises(CaseSaliencyError, match=r"datasets\.cifar100\.path: nowhere is not a folder"):
        sources.fetch("cifar100", tmp_path / "data", Options(path="nowhere"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"train.bin": records("train", 100, 2)[:-1]}, "307399 bytes of records found, not a multiple of 3074"),
        ({"train.bin": b""}, "0 bytes of records found"),
        ({"train.bin": b"\0\xc8" + bytes(3072)}, "image train-00000 has label 200, expected 0 to 99; 1 such labels"),
        ({"fine_label_names.txt": b"cat\ndog\n"}, r"class names \('cat', 'dog'\) ... are not those of cifar100"),
    ],
)
def test_a_wrong_content_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, bytes], message: str
) -> None:
    content = cifar_archive("cifar100", **changes)
    publish_cifar(monkeypatch, "cifar100", content)
    (tmp_path / "cifar-100-binary.tar.gz").write_bytes(content)
    with pytest.raises(CaseSaliencyError, match=message):
        sources.fetch("cifar100", tmp_path / "data", Options(path=str(tmp_path)))


def greys(part: str) -> np.ndarray[Any, Any]:
    count = CLASSES * (TRAIN if part == "train" else TEST)
    return np.random.default_rng(len(part)).integers(0, 256, (count, 28, 28), dtype=np.uint8)


def idx(values: np.ndarray[Any, Any]) -> bytes:
    """An IDX file as LeCun describes it."""
    return struct.pack(f">BBBB{values.ndim}I", 0, 0, 8, values.ndim, *values.shape) + values.tobytes()


@pytest.fixture
def fashion(monkeypatch: pytest.MonkeyPatch, site: Site, tmp_path: Path) -> dict[str, bytes]:
    """Small files in place of the published ones, at the site; Debian's package is not installed."""
    files = {}
    for part, prefix in (("train", "train"), ("test", "t10k")):
        pixels = greys(part)
        files[f"{prefix}-images-idx3-ubyte"] = idx(pixels)
        files[f"{prefix}-labels-idx1-ubyte"] = idx((np.arange(len(pixels)) % CLASSES).astype(np.uint8))
    for name, content in files.items():
        packed = gzip.compress(content, mtime=0)
        remote = download.RemoteFile((f"{site.url}/{name}.gz",), len(packed), hashlib.sha256(packed).hexdigest())
        monkeypatch.setitem(fashion_mnist.FILES, name, remote)
        monkeypatch.setitem(fashion_mnist.CONTENT, name, (len(content), hashlib.sha256(content).hexdigest()))
        site.files[f"/{name}.gz"] = packed
    monkeypatch.setattr(fashion_mnist, "DEBIAN", tmp_path / "debian")
    spec = dataclasses.replace(sources.DATASETS["fashion-mnist"], splits=SPLITS)
    monkeypatch.setitem(sources.DATASETS, "fashion-mnist", spec)
    return files


def expected() -> dict[str, np.ndarray[Any, Any]]:
    return {"train": greys("train"), "test": greys("test")}


def test_fashion_mnist_from_a_server(site: Site, tmp_path: Path, fashion: dict[str, bytes]) -> None:
    check(sources.fetch("fashion-mnist", tmp_path / "data"), tmp_path / "data", expected())
    assert len(site.requests) == 4


@pytest.mark.parametrize("packed", [True, False])
def test_fashion_mnist_from_a_folder_or_from_debian(
    site: Site, tmp_path: Path, fashion: dict[str, bytes], packed: bool
) -> None:
    for name in ("debian", "mine"):
        (tmp_path / name).mkdir()
        for file, content in fashion.items():
            # Debian compresses the same content differently: with another date in the header.
            path = tmp_path / name / (f"{file}.gz" if packed else file)
            path.write_bytes(gzip.compress(content, mtime=1591347949) if packed else content)
    found = [sources.fetch("fashion-mnist", tmp_path / "one")]
    found.append(sources.fetch("fashion-mnist", tmp_path / "two", Options(path=str(tmp_path / "mine"))))
    for manifest, folder in zip(found, ("one", "two"), strict=True):
        check(manifest, tmp_path / folder, expected())
    pd.testing.assert_frame_equal(*found)
    assert site.requests == []
    name = "t10k-labels-idx1-ubyte"
    (tmp_path / "mine" / (f"{name}.gz" if packed else name)).unlink()
    with pytest.raises(CaseSaliencyError, match=rf"mine/{name}\.gz: missing; put the four files"):
        sources.fetch("fashion-mnist", tmp_path / "two", Options(path=str(tmp_path / "mine")))


def test_another_content_is_refused(site: Site, tmp_path: Path, fashion: dict[str, bytes]) -> None:
    (tmp_path / "debian").mkdir()
    for file, content in fashion.items():
        (tmp_path / "debian" / file).write_bytes(corrupted(content))
    with pytest.raises(CaseSaliencyError, match="train-images-idx3-ubyte: content has sha256"):
        sources.fetch("fashion-mnist", tmp_path / "data")


def test_idx_files_are_read_as_torchvision_reads_them(tmp_path: Path) -> None:
    for values in (greys("test"), np.arange(9, dtype=np.uint8)):
        path = tmp_path / "file"
        path.write_bytes(idx(values))
        theirs = read_sn3_pascalvincent_tensor(str(path))
        np.testing.assert_array_equal(fashion_mnist.parse_idx(path.read_bytes(), path), theirs.numpy())


@pytest.mark.parametrize(
    "content", [b"", b"\0\0\x08", b"\0\0\x0d\x01\0\0\0\0", b"\0\0\x08\0", b"\0\0\x08\x03\0\0\0\x01"]
)
def test_what_is_no_idx_file_is_named(content: bytes) -> None:
    with pytest.raises(CaseSaliencyError, match="here: no IDX file of bytes"):
        fashion_mnist.parse_idx(content, Path("here"))
    with pytest.raises(CaseSaliencyError, match="here: 1 values found, 2 expected"):
        fashion_mnist.parse_idx(b"\0\0\x08\x01\0\0\0\x02a", Path("here"))


def test_what_is_published_is_asked_for_by_a_safe_address_and_pinned() -> None:
    assert {name: file.name for name, file in fashion_mnist.FILES.items()} == {
        name: f"{name}.gz" for name in fashion_mnist.CONTENT
    }
    for file in (*fashion_mnist.FILES.values(), *(archive.remote for archive in cifar.ARCHIVES.values())):
        assert all(url.startswith("https://") for url in file.urls)
        assert re.fullmatch("[0-9a-f]{64}", file.sha256)
