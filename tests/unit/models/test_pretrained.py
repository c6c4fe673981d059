"""Published weights over HTTP: from a server on the loopback interface, in torchvision's format."""

import dataclasses
import hashlib
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from server import Site, serving

from case_saliency import storage
from case_saliency.datasets import download
from case_saliency.errors import CaseSaliencyError
from case_saliency.models import networks, torchvision_networks, zoo
from case_saliency.models.train import seeded

Tensors = dict[str, torch.Tensor]


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv(download.MIRROR, raising=False)
    monkeypatch.setattr(download, "PAUSE", 0.01)
    monkeypatch.setattr(download, "TIMEOUT", (2.0, 0.5))
    with serving() as found:
        yield found


@pytest.fixture(scope="module")
def tensors() -> Tensors:
    """Weights of a network that is small enough to be sent around, with torchvision's old DenseNet names."""
    with seeded(0):
        network = torchvision_networks.build("densenet121", 5)
    kept = {name: value for name, value in network.state_dict().items() if "num_batches" not in name}  # as in 2017
    return {re.sub(r"(denselayer\d+\.[a-z]+)([12]\.)", r"\1.\2", name): value for name, value in kept.items()}


def publish(site: Site, tensors: Tensors, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """Let densenet201 be a network whose weights the server publishes."""
    buffer = io.BytesIO()
    torch.save(tensors, buffer)
    content = buffer.getvalue()
    prefix = hashlib.sha256(content).hexdigest()[:8]
    site.files[f"/net-{prefix}.pth"] = content
    weights = zoo.DownloadedFile("Net_Weights.V1", f"{site.url}/net-{prefix}.pth", prefix, len(content) / 2**20)
    layers = {"last_conv": "features.denseblock4.denselayer16.conv2"}
    spec = dataclasses.replace(
        zoo.MODELS["densenet201"], architecture="densenet121", weights=weights, target_layers=layers, n_classes=5
    )
    monkeypatch.setitem(zoo.MODELS, "densenet201", spec)
    return content


def obtain(folder: Path) -> None:
    networks.obtain("densenet201", "imagenet-sample", 0, folder / "weights.safetensors", folder / "model.json")


@pytest.mark.fault("a download is cut off, once at its end and once in its middle", "nothing: it is continued")
def test_whole_and_interrupted_downloads_give_the_published_tensors(
    site: Site, tensors: Tensors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = publish(site, tensors, monkeypatch)
    site.broken = [len(content), len(content) // 2]  # the first answer only tells the size
    obtain(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.json", "weights.safetensors"]
    assert [asked for _, asked in site.requests][:2] == ["", ""]
    assert site.requests[2][1].startswith("bytes=")
    found = storage.read_tensors(tmp_path / "weights.safetensors")
    assert all(
        torch.equal(value, found[re.sub(r"(norm|conv)\.([12]\.)", r"\1\2", name)]) for name, value in tensors.items()
    )
    assert len(found) == len(tensors)
    told = storage.read_json(tmp_path / "model.json")["weights"]
    assert told["source_sha256"] == hashlib.sha256(content).hexdigest()
    network = networks.load(tmp_path / "weights.safetensors", tmp_path / "model.json").module
    path = "features.denseblock1.denselayer1.conv2"
    assert torch.equal(network.get_submodule(path).weight, tensors["features.denseblock1.denselayer1.conv.2.weight"])


def test_altered_weights_are_refused(
    site: Site, tensors: Tensors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = publish(site, tensors, monkeypatch)
    (path,) = site.files
    site.files[path] = content[:-1] + bytes([content[-1] ^ 1])
    with pytest.raises(CaseSaliencyError, match=r"sha256 \w{64} found, \w{8} expected"):
        obtain(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_weights_that_are_not_there_are_named(
    site: Site, tensors: Tensors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(site, tensors, monkeypatch)
    site.files.clear()
    with pytest.raises(CaseSaliencyError, match=r"net-\w{8}\.pth: could not be downloaded .*status 404"):
        obtain(tmp_path)


def test_a_mirror_is_asked_instead(
    site: Site, tensors: Tensors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(site, tensors, monkeypatch)
    (path,) = site.files
    site.files[f"/copies{path}"] = site.files.pop(path)
    monkeypatch.setenv(download.MIRROR, f"{site.url}/copies")
    obtain(tmp_path)
    assert {asked for asked, _ in site.requests} == {f"/copies{path}"}


def test_a_network_that_is_trained_has_none(tmp_path: Path) -> None:
    with pytest.raises(CaseSaliencyError, match="or train it: case-saliency train-model"):
        networks.obtain("resnet_small", "digits", 0, tmp_path / "w.safetensors", tmp_path / "m.json")
