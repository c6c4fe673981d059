"""Networks of the user's own: what params.yaml says of them is checked, and no file can name code to run."""

import copy
import hashlib
import io
import json
import os
import resource
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
import yaml
from own import entry, tensors, write_module

from case_saliency import storage, validation
from case_saliency.datasets.labels import USER
from case_saliency.errors import CaseSaliencyError
from case_saliency.models import checking, networks, training, zoo
from case_saliency.models.recipe import Recipe

ROOT = Path(__file__).resolve().parents[3]
SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/params.schema.yaml").read_text())


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working folder with the user's module and weights."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    write_module(tmp_path)
    safetensors.torch.save_file(tensors(), "mine.safetensors")
    yield tmp_path
    sys.modules.pop("my_networks", None)  # another test may bring another module of this name


def obtain(own: dict[str, Any], dataset: str = "digits") -> networks.LoadedModel:
    files = Path("made/weights.safetensors"), Path("made/model.json")
    networks.obtain("mine", dataset, 0, *files, own=own)
    return networks.load(*files, own=own)


class TestObtained:
    @pytest.mark.parametrize("file", ["mine.safetensors", "mine.pth"])
    def test_the_users_weights_are_used_and_described(self, place: Path, file: str) -> None:
        torch.save(tensors(), "mine.pth")
        loaded = obtain({"mine": entry(weights=file)})
        assert all(torch.equal(value, tensors()[name]) for name, value in loaded.module.state_dict().items())
        assert loaded.target_layers == {"early": "0", "late": "1"}
        assert (loaded.transform.input_size, loaded.transform.std) == (16, (0.25, 0.25, 0.25))
        described = loaded.description
        assert described["weights"]["source_sha256"] == hashlib.sha256(Path(file).read_bytes()).hexdigest()
        assert (described["builder"], described["default_layer"]) == ("my_networks:small", "early")
        assert described["classes"] == list("0123456789")

    def test_weights_that_the_builder_brings_are_the_same_each_time(self, place: Path) -> None:
        own = {"mine": entry(weights=None)}
        first = obtain(own).module.state_dict()
        torch.rand(3)  # torch's own random numbers go on
        second = obtain(own)
        assert all(torch.equal(value, first[name]) for name, value in second.module.state_dict().items())
        assert second.description["weights"]["source"] == "my_networks:small"
        assert second.description["weights"]["source_sha256"] is None

    def test_classes_of_the_users_folder_are_numbered(self, place: Path) -> None:
        loaded = obtain({"mine": entry(label_space=None, n_classes=10)}, "folder")
        assert loaded.description["classes"][9] == "class 9"
        assert zoo.find("mine", {"mine": entry(label_space=None, n_classes=10)}).label_space == USER

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            (
                {"builder": "my_networks:nine", "weights": None},
                r"logits of shape \(1, 9\) found for one image, \(1, 10\)",
            ),
            ({"builder": "my_networks:number", "weights": None}, "my_networks:number gave int, a torch.nn.Module exp"),
            ({"builder": "my_networks:narrow", "weights": None, "layers": {"a": "1"}}, "3 x 16 x 16 does not pass"),
            (
                {"layers": {"late": "features.9"}},
                "target layer 'late' is 'features.9', and the network has no such mod",
            ),
            ({"weights": "absent.safetensors"}, "absent.safetensors: cannot be read"),
        ],
    )
    def test_a_network_that_cannot_be_used_is_refused(self, place: Path, changes: dict[str, Any], message: str) -> None:
        with pytest.raises(CaseSaliencyError, match=message):
            obtain({"mine": entry(**changes)})
        assert not Path("made").exists()

    @pytest.mark.parametrize("change", [lambda value: value.to(torch.complex64), lambda value: value[..., None]])
    def test_weights_that_do_not_fit_are_for_the_user_to_correct(self, place: Path, change: Any) -> None:
        torch.save({name: change(value) for name, value in tensors().items()}, "mine.pth")
        with pytest.raises(CaseSaliencyError, match=r"mine\.pth: .*; correct `weights` or `builder` of models\.mine"):
            obtain({"mine": entry(weights="mine.pth")})

    @pytest.mark.parametrize("file", ["bomb.pth", "bomb.safetensors"])
    def test_pickled_code_is_not_run(self, place: Path, file: str) -> None:
        class Bomb:
            def __reduce__(self) -> tuple[Any, ...]:
                return (Path.touch, (place / "exploded",))

        buffer = io.BytesIO()
        torch.save({"weight": Bomb()}, buffer)
        Path(file).write_bytes(buffer.getvalue())
        with pytest.raises(
            CaseSaliencyError, match=rf"{file}: refused, a file of plain tensors was expected"
        ) as caught:
            obtain({"mine": entry(weights=file)})
        assert "weights_only" not in str(caught.value), "no advice to read it all the same"
        assert not (place / "exploded").exists()

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (
                lambda: {"epoch": 5, "state_dict": tensors()},
                r"tensors by name were expected, 'epoch' \(int\), 'state_dict' \(dict\) found; save 'state_dict' alone",
            ),
            (
                lambda: {**tensors(), "loss": 0.5},
                r".* expected, 'loss' \(float\) found; save the network's state_dict\(\) alone",
            ),
            (lambda: list(tensors().values()), r".* expected, list found; save the network's state_dict"),
            (lambda: {3, 4}, ".* expected, set found"),
            (lambda: {0: torch.ones(1)}, r".* a name that is int \(Tensor\) found"),
            (lambda: {"x" * 10**6: 1}, r".*'x{100}\.\.\.' \(int\) found"),
            (lambda: {str(number): number for number in range(1000)}, r".*'4' \(int\), \.\.\. found"),
            (lambda: {"w": torch.eye(3).to_sparse()}, "'w' is sparse, quantised or without values"),
            (lambda: {"w": torch.ones(3, device="meta")}, "'w' is sparse, quantised or without values"),
            (lambda: {"w": torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.quint8)}, "'w' is sparse, quanti"),
        ],
    )
    @pytest.mark.parametrize("of_today", [True, False])
    @pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
    def test_a_checkpoint_that_holds_more_than_tensors_is_told(
        self, place: Path, content: Any, message: str, of_today: bool
    ) -> None:
        torch.save(content(), "mine.pth", _use_new_zipfile_serialization=of_today)
        with pytest.raises(CaseSaliencyError, match=rf"^mine\.pth: refused, {message}"):
            obtain({"mine": entry(weights="mine.pth")})

    @pytest.mark.parametrize("padded", ["data.pkl", "version", "data/0"])
    def test_a_compressed_file_is_not_unpacked(self, place: Path, padded: str) -> None:
        torch.save(tensors(), "stored.pth")
        with zipfile.ZipFile("stored.pth") as stored, zipfile.ZipFile("mine.pth", "w", zipfile.ZIP_DEFLATED) as small:
            for name in stored.namelist():
                small.writestr(name, stored.read(name) + bytes(2 * 10**8 if name.endswith(f"/{padded}") else 0))
        assert Path("mine.pth").stat().st_size < 10**6
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with pytest.raises(
            CaseSaliencyError, match=r"mine\.pth: refused, .* \(it is compressed, as torch\.save leaves"
        ):
            obtain({"mine": entry(weights="mine.pth")})
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 10**5  # kB

    def test_a_pipe_is_not_waited_for(self, place: Path) -> None:
        os.mkfifo("mine.pth")
        with pytest.raises(CaseSaliencyError, match=r"mine\.pth: cannot be read \(it is no regular file\)"):
            obtain({"mine": entry(weights="mine.pth")})


class TestBuilder:
    def test_a_description_cannot_name_code_to_run(self, place: Path) -> None:
        own = {"mine": entry()}
        obtain(own)
        described = json.loads(Path("made/model.json").read_text())
        Path("made/model.json").write_text(json.dumps(described | {"builder": "os:abort"}))
        with pytest.raises(CaseSaliencyError, match=r"builder 'os:abort' found, mine is built by 'my_networks:small'"):
            networks.load(Path("made/weights.safetensors"), Path("made/model.json"), own=own)

    def test_a_network_that_params_yaml_does_not_know_is_not_loaded(self, place: Path) -> None:
        obtain({"mine": entry()})
        with pytest.raises(CaseSaliencyError, match="model 'mine' is unknown"):
            networks.load(Path("made/weights.safetensors"), Path("made/model.json"))

    def test_a_name_of_the_zoo_stays_the_zoos(self) -> None:
        assert zoo.find("resnet50", {"resnet50": entry()}) is zoo.MODELS["resnet50"]


class TestTrained:
    def test_it_is_trained_where_nothing_is_known_of_its_classes(self, place: Path, digits: Path) -> None:
        own = {"mine": entry(weights=None, label_space=None)}
        assert zoo.is_trained("mine", "digits", own)
        assert not zoo.is_trained("mine", "digits", {"mine": entry()})
        assert zoo.is_trained("mine", "fashion-mnist", {"mine": entry()})
        recipe = Recipe(1, 32, "adamw", 0.01, "one_cycle", 0.25, 0.0, 0.0, 0, False)
        files = Path("weights.safetensors"), Path("model.json")
        training.produce(training.Task("mine", "digits", 0, recipe, digits, own), *files, Path("training.csv"))
        loaded = networks.load(*files, own=own)
        assert loaded.description["weights"]["initial"] == "random"
        assert loaded.transform.mean != (0.5, 0.5, 0.5)  # that of the training images

    def test_it_is_fine_tuned_where_it_knows_other_classes(self, place: Path, digits: Path) -> None:
        own = {"mine": entry(label_space="cifar10", classifier="4")}
        recipe = Recipe(1, 32, "sgd", 1e-9, "cosine", 0.25, 0.0, 0.0, 0, False)
        files = Path("weights.safetensors"), Path("model.json")
        training.produce(training.Task("mine", "digits", 0, recipe, digits, own), *files, Path("training.csv"))
        found = storage.read_tensors(files[0])
        torch.testing.assert_close(found["0.weight"], tensors()["0.weight"], atol=1e-6, rtol=0)
        assert (found["4.weight"] - tensors()["4.weight"]).abs().max() > 0.1  # drawn anew


def asked(**models: Any) -> dict[str, Any]:
    params = copy.deepcopy(yaml.safe_load((ROOT / "params.yaml").read_text()))
    params["run"], params["models"] = ["digits"], models
    params["experiments"]["digits"] |= {"models": list(models), "seeds": [0], "layers": ["late"], "analyses": []}
    return params


class TestChecks:
    def test_a_network_of_the_users_can_be_listed(self, place: Path) -> None:
        validation.validate(asked(mine=entry()), SCHEMA)
        validation.validate(asked(mine=entry(weights=None, label_space=None)), SCHEMA)

    @pytest.mark.parametrize(
        ("name", "changes", "message"),
        [
            ("mine", {"weight": 1}, "models.mine.weight: unknown key; did you mean 'weights'?"),
            ("mine", {"builder": "my_networks.small"}, "models.mine.builder: 'my_networks.small' is not allowed"),
            ("mine", {"builder": "my_network:small"}, "models.mine.builder: module 'my_network' cannot be found"),
            ("mine", {"builder": "my_networks:smal"}, "models.mine.builder: my_networks defines no 'smal'; check"),
            ("mine", {"weights": "mine.pkl"}, "models.mine.weights: 'mine.pkl' found; a file .safetensors, .pt, .pth"),
            (
                "mine",
                {"weights": "models/digits/vgg_small/seed0/weights.safetensors"},
                "lies in a folder that the work",
            ),
            ("mine", {"weights": "a/../results/w.pt"}, "a/../results/w.pt lies in a folder that the workflow writes"),
            ("mine", {"weights": "absent.pt"}, "models.mine.weights: no file absent.pt, seen from "),
            (
                "mine",
                {"label_space": "digit"},
                "models.mine.label_space: 'digit' is not a label space; choose one of c",
            ),
            ("mine", {"n_classes": 10}, "models.mine.n_classes: 10 found beside label_space 'digits', which tells it"),
            ("mine", {"label_space": None}, "models.mine.label_space: null found, but the weights tell classes apart"),
            ("mine", {"input_size": 20}, "models.mine: transform: input_size 20, resize 18 found"),
            (
                "mine",
                {"std": [0.5, 0.5, 0]},
                "models.mine: transform: mean (0.5, 0.5, 0.5) and std (0.5, 0.5, 0) found",
            ),
            ("mine", {"std": [0.5]}, "models.mine.std: [0.5] is not allowed; it must have at least 3"),
            ("mine", {"layers": {}}, "models.mine.layers: {} is not allowed; it must have at least 1 entry"),
            ("mine", {"layers": {"last": "1"}}, "experiments.digits.layers[0]: 'late' is not a target layer of mine"),
            ("ResNet50", {}, "models.ResNet50: the name is that of 'resnet50'; choose another"),
            ("default", {}, "models.default: the name is that of 'default'; choose another"),
            ("../resnet50", {}, "models: '../resnet50' is not allowed; it must match"),
        ],
    )
    def test_what_cannot_be_is_refused(self, place: Path, name: str, changes: dict[str, Any], message: str) -> None:
        with pytest.raises(CaseSaliencyError) as error:
            validation.validate(asked(**{name: entry(**changes)}), SCHEMA)
        assert message in str(error.value)

    def test_only_a_network_that_is_trained_has_seeds(self, place: Path) -> None:
        params = asked(mine=entry(label_space="cifar10"))
        params["experiments"]["digits"]["seeds"] = [0, 1]
        validation.validate(params, SCHEMA)
        params["models"]["mine"]["label_space"] = "digits"
        with pytest.raises(CaseSaliencyError, match=r"seeds: \[0, 1\] found, but mine is pretrained"):
            validation.validate(params, SCHEMA)

    def test_two_names_do_not_share_a_folder_on_a_system_without_capitals(self, place: Path) -> None:
        assert list(checking.problems({"mine": entry(), "Mine": entry()}, {})) == [
            "models.Mine: the name is that of 'mine'; choose another"
        ]

    def test_own_classes_are_those_of_a_folder(self, place: Path) -> None:
        params = asked(mine=entry(label_space=None, n_classes=10))
        params["experiments"]["digits"] |= {"dataset": "folder", "parameters": {}}
        params["datasets"]["folder"]["path"] = "photographs"
        validation.validate(params, SCHEMA)
        params["datasets"]["folder"]["label_space"] = "imagenet-1k"
        with pytest.raises(CaseSaliencyError, match=r"mine tells your own classes apart, and .* set it to null"):
            validation.validate(params, SCHEMA)
