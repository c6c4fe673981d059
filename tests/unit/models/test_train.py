"""Training: the best epoch is kept as a copy, and an interruption changes nothing."""

import dataclasses
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from interrupted import RECIPE, KilledError, killed_before
from torch import nn

from case_saliency import storage
from case_saliency.errors import CaseSaliencyError
from case_saliency.models import building, networks, train, training, training_state, zoo
from case_saliency.models.pixels import Normalise, Pixels
from case_saliency.models.recipe import Recipe

FILES = ("weights.safetensors", "model.json", "training.csv")
SMALL = ("resnet_small", "vgg_small", "densenet_small", "convnext_small")


def noting(seen: list[int]) -> train.Watch:
    def watch(epochs: Iterable[int], _total: int) -> Iterator[int]:
        for number in epochs:
            seen.append(number)
            yield number

    return watch


def produce(
    digits: Path, folder: Path, model: str = "vgg_small", seed: int = 0, recipe: Recipe = RECIPE, **how: object
) -> train.Trained:
    task = training.Task(model, "digits", seed, recipe, digits)
    return training.produce(task, *(folder / name for name in FILES), every_seconds=0, **how)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


class TestState:
    def state(self) -> training_state.TrainingState:
        network = nn.Linear(2, 2)
        optimiser = torch.optim.SGD(network.parameters(), 0.1)
        return training_state.TrainingState(
            network, optimiser, torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, 9)
        )

    def test_the_best_epoch_is_a_copy(self) -> None:
        state = self.state()
        state.finish_epoch({"validation_accuracy": 0.5})
        before = state.network.weight.detach().clone()
        with torch.no_grad():
            state.network.weight.add_(1)
        assert torch.equal(state.best["weight"], before)
        assert not torch.equal(state.best["weight"], state.network.weight)

    def test_of_equal_epochs_the_first_is_kept(self) -> None:
        state, kept = self.state(), []
        for accuracy in (0.5, 0.75, 0.75, 0.25, 0.75):
            state.finish_epoch({"validation_accuracy": accuracy})
            kept.append(state.best_epoch)
            with torch.no_grad():
                state.network.weight.fill_(len(kept))
        assert kept == [1, 2, 2, 2, 2]
        assert state.best["weight"].unique().tolist() == [1]  # what the first epoch left

    def test_an_accuracy_of_zero_is_better_than_none(self) -> None:
        state = self.state()
        state.finish_epoch({"validation_accuracy": 0.0})
        assert state.best_epoch == 1

    def test_another_run_is_not_continued(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        state = self.state()
        state.finish_epoch({"validation_accuracy": 0.5})
        state.save(tmp_path / "c.safetensors", "one")
        other = self.state()
        before = other.network.weight.detach().clone()
        assert not other.restore(tmp_path / "c.safetensors", "two")
        assert torch.equal(other.network.weight, before)
        assert "training begins anew" in caplog.text
        assert other.restore(tmp_path / "c.safetensors", "one")
        assert torch.equal(other.network.weight, state.network.weight)
        assert other.history == state.history

    @pytest.mark.parametrize("content", [b"", b"half a checkpoint"])
    def test_a_damaged_checkpoint_is_not_used(
        self, tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
    ) -> None:
        (tmp_path / "c.safetensors").write_bytes(content)
        assert not self.state().restore(tmp_path / "c.safetensors", "one")
        assert "not usable" in caplog.text


class TestProduce:
    @pytest.mark.parametrize(("model", "optimiser"), [*((model, "adamw") for model in SMALL), ("resnet_small", "sgd")])
    def test_a_killed_training_continues_to_the_same_bytes(
        self, digits: Path, tmp_path: Path, model: str, optimiser: str
    ) -> None:
        recipe = dataclasses.replace(
            RECIPE, optimiser=optimiser, schedule="cosine" if optimiser == "sgd" else "one_cycle"
        )
        produce(digits, tmp_path / "whole", model, recipe=recipe)
        interrupted = tmp_path / "interrupted"
        with pytest.raises(KilledError):
            produce(digits, interrupted, model, recipe=recipe, watch=killed_before(3))
        assert list(contents(interrupted)) == ["checkpoint.safetensors"]
        seen: list[int] = []
        produce(
            digits,
            interrupted,
            model,
            recipe=recipe,
            watch=noting(seen),
        )
        assert seen == [3]
        assert contents(interrupted) == contents(tmp_path / "whole")
        assert list(contents(interrupted)) == ["model.json", "training.csv", "weights.safetensors"]

    def test_a_process_that_is_killed_outright_leaves_a_checkpoint_to_continue(
        self, digits: Path, tmp_path: Path
    ) -> None:
        produce(digits, tmp_path / "whole")
        torn = tmp_path / "torn"
        script = f"""
import os, signal, torch
from pathlib import Path
from case_saliency.models import training
from case_saliency.models.recipe import Recipe
torch.set_num_threads({torch.get_num_threads()})

def watch(epochs, total):
    for epoch in epochs:
        if epoch == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        yield epoch

task = training.Task("vgg_small", "digits", 0, Recipe.from_dict({RECIPE.to_dict()!r}), Path({str(digits)!r}))
files = [Path({str(torn)!r}) / name for name in {FILES!r}]
training.produce(task, *files, every_seconds=0, watch=watch)
"""
        done = subprocess.run([sys.executable, "-c", script], check=False)
        assert done.returncode == -signal.SIGKILL
        assert list(contents(torn)) == ["checkpoint.safetensors"]
        seen: list[int] = []
        produce(digits, torn, watch=noting(seen))
        assert seen == [3]
        assert contents(torn) == contents(tmp_path / "whole")

    @pytest.mark.parametrize(
        "change", [{"seed": 1}, {"recipe": dataclasses.replace(RECIPE, learning_rate=0.004)}, {"fingerprint": "x"}]
    )
    def test_a_checkpoint_of_another_run_is_not_continued(
        self, digits: Path, tmp_path: Path, change: dict[str, Any]
    ) -> None:
        with pytest.raises(KilledError):
            produce(digits, tmp_path, watch=killed_before(2))
        seen: list[int] = []
        produce(digits, tmp_path, watch=noting(seen), **change)
        assert seen == [1, 2, 3]

    def test_seeds_differ_and_torchs_own_numbers_are_left_alone(self, digits: Path, tmp_path: Path) -> None:
        before = torch.get_rng_state()
        one, two = (produce(digits, tmp_path / str(seed), seed=seed) for seed in (0, 1))
        assert torch.equal(torch.get_rng_state(), before)
        assert any(not torch.equal(one.tensors[name], two.tensors[name]) for name in one.tensors)

    def test_what_is_loaded_is_the_best_epoch(self, digits: Path, tmp_path: Path) -> None:
        found = produce(digits, tmp_path, recipe=dataclasses.replace(RECIPE, epochs=5))
        accuracies = [row["validation_accuracy"] for row in found.history]
        assert found.best_epoch == accuracies.index(max(accuracies)) + 1
        loaded = networks.load(tmp_path / FILES[0], tmp_path / FILES[1])
        told = loaded.description
        table = storage.read_csv(digits)
        validation = training.pixels.read(digits.parent, table, "validation", loaded.transform)
        normalise = Normalise(loaded.transform.mean, loaded.transform.std, torch.device("cpu"))
        _, accuracy = train.evaluate(loaded.module, validation, normalise)
        assert accuracy == max(accuracies) == told["weights"]["validation_accuracy"]
        assert accuracy > 0.8
        assert told["weights"]["best_epoch"] == found.best_epoch
        assert (told["label_space"], told["n_classes"], told["classes"][3]) == ("digits", 10, "3")
        mean, std = training.pixels.read(digits.parent, table, "train", loaded.transform).moments()
        assert (loaded.transform.mean, loaded.transform.std) == (mean, std)

    def test_the_history_tells_each_epoch(self, digits: Path, tmp_path: Path) -> None:
        produce(digits, tmp_path)
        table = storage.read_csv(tmp_path / "training.csv")
        assert list(table.columns) == [
            "epoch",
            "train_loss",
            "train_accuracy",
            "validation_loss",
            "validation_accuracy",
            "learning_rate",
        ]
        assert table["epoch"].tolist() == [1, 2, 3]
        assert table["train_loss"].is_monotonic_decreasing

    def test_published_weights_that_fit_are_not_trained(self, digits: Path, tmp_path: Path) -> None:
        task = training.Task("efficientnet_lite0", "imagenet-sample", 0, RECIPE, digits)
        with pytest.raises(CaseSaliencyError, match="has published weights for the classes of imagenet-sample"):
            training.produce(task, *(tmp_path / name for name in FILES))

    def test_a_loss_that_is_not_finite_ends_it(self, digits: Path, tmp_path: Path) -> None:
        wild = dataclasses.replace(RECIPE, optimiser="sgd", learning_rate=1e30)
        with pytest.raises(CaseSaliencyError, match=r"the loss became (nan|inf); lower training"):
            produce(digits, tmp_path, recipe=wild)
        assert not (tmp_path / "weights.safetensors").exists()


def test_fine_tuning_begins_with_the_published_weights_and_a_new_last_layer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = dataclasses.replace(
        zoo.MODELS["vgg_small"],
        weights=zoo.DownloadedFile("Net_Weights.V1", "https://host.example/net-0.pth", "0", 1.0),
        label_space="imagenet-1k",
        n_classes=1000,
    )
    with train.seeded(1):
        published = building.build(spec, 1000).state_dict()
    given = training.pretrained.Published(dict(published), "imagenet-1k", 1000, "source", "hash")
    monkeypatch.setattr(training.pretrained, "read", lambda *_: given)
    network = training._initial(spec, 10, 0, tmp_path)
    found = network.state_dict()
    new = {"classifier.2.weight", "classifier.2.bias"}
    assert all(torch.equal(found[name], published[name]) for name in published if name not in new)
    assert found["classifier.2.weight"].shape == (10, 128)
    again = training._initial(spec, 10, 0, tmp_path).state_dict()
    assert torch.equal(again["classifier.2.weight"], found["classifier.2.weight"])


def test_evaluation_is_the_mean_over_images() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(12, 2, bias=False))
    with torch.no_grad():
        network[1].weight.zero_()
        network[1].weight[0, 0] = 1.0
    crops = torch.zeros(3, 2, 2, 3, dtype=torch.uint8)
    crops[0, 0, 0, 0] = 255  # logits (1, 0); the others (0, 0), which counts as class 0
    loss, accuracy = train.evaluate(
        network, Pixels(crops, torch.tensor([0, 0, 1])), Normalise((0.0,) * 3, (1.0,) * 3, torch.device("cpu"))
    )
    expected = (torch.log1p(torch.exp(torch.tensor(-1.0, dtype=torch.float64))) + 2 * torch.log(torch.tensor(2.0))) / 3
    assert loss == pytest.approx(float(expected), rel=1e-6)
    assert accuracy == pytest.approx(2 / 3)
