"""Train a network: seeded, by a recipe, the best epoch chosen on the validation split.

On a CPU, the same seed, recipe, images and number of threads give the same bytes, whether or not the training was
interrupted in between.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import SGD, AdamW, Optimizer
from torch.optim.lr_scheduler import CosineAnnealingLR, LRScheduler, OneCycleLR

from case_saliency import storage
from case_saliency.errors import CaseSaliencyError
from case_saliency.models import pixels
from case_saliency.models.pixels import Normalise, Pixels
from case_saliency.models.recipe import Recipe
from case_saliency.models.training_state import TrainingState

_EVALUATED = 250  # images at a time where no gradient is needed
Watch = Callable[[Iterable[int], int], Iterable[int]]


@dataclass(frozen=True)
class Trained:
    """What a training gave.

    Attributes
    ----------
    tensors
        Weights of the best epoch: that of the highest validation accuracy, of several the first.
    history
        One row for each epoch: `epoch`, `train_loss`, `train_accuracy` (both of the augmented images, during the
        epoch), `validation_loss`, `validation_accuracy`, `learning_rate` (of the last step).
    best_epoch
        Number of the best epoch, from 1.
    """

    tensors: dict[str, Tensor]
    history: list[dict[str, float]]
    best_epoch: int

    @property
    def validation_accuracy(self) -> float:
        """Share of the validation images that the best epoch classifies correctly."""
        return self.history[self.best_epoch - 1]["validation_accuracy"]


def train(
    network: nn.Module,
    training: Pixels,
    validation: Pixels,
    normalise: Normalise,
    recipe: Recipe,
    seed: int,
    *,
    checkpoint: Path | None = None,
    fingerprint: str = "",
    every_seconds: float = 20.0,
    watch: Watch = lambda epochs, _total: epochs,
) -> Trained:
    """Train `network`, on the device where it is.

    Parameters
    ----------
    training, validation
        Images to learn from, and to choose the epoch by.
    normalise
        Turns crops into the network's input.
    seed
        Of the order of images and of the augmentation; each epoch draws its own numbers.
    checkpoint
        File in which the state is kept between epochs, at most once in `every_seconds`; one that is there already and
        carries the same `fingerprint` is continued. None keeps none.
    watch
        Called with the epochs to go and their total; yields them and shows progress.

    Raises
    ------
    CaseSaliencyError
        If the loss is not finite.
    """
    network.to(memory_format=torch.channels_last)
    state = _begin(network, recipe, -(-len(training) // recipe.batch_size))
    if checkpoint:
        state.restore(checkpoint, fingerprint)
    saved = time.monotonic()
    for epoch in watch(range(len(state.history) + 1, recipe.epochs + 1), recipe.epochs - len(state.history)):
        generator = torch.Generator().manual_seed(derived(seed, f"images of epoch {epoch}"))
        with seeded(derived(seed, f"network in epoch {epoch}")):
            learnt = _learn(state, training, normalise, recipe, generator)
        loss, accuracy = evaluate(network, validation, normalise)
        row = {"epoch": epoch, **learnt, "validation_loss": loss, "validation_accuracy": accuracy}
        state.finish_epoch(row | {"learning_rate": row.pop("learning_rate")})
        if checkpoint and epoch < recipe.epochs and time.monotonic() - saved >= every_seconds:
            state.save(checkpoint, fingerprint)
            saved = time.monotonic()
    return Trained(state.best, state.history, state.best_epoch)


def evaluate(network: nn.Module, images: Pixels, normalise: Normalise) -> tuple[float, float]:
    """Return mean cross-entropy and accuracy of a network in evaluation mode."""
    network.eval()
    loss, correct = 0.0, 0
    with torch.inference_mode():
        for start in range(0, len(images), _EVALUATED):
            part = slice(start, start + _EVALUATED)
            logits = network(normalise(images.crops[part]))
            labels = images.labels[part].to(logits.device)
            loss += nn.functional.cross_entropy(logits.double(), labels, reduction="sum").item()
            correct += int((logits.argmax(1) == labels).sum())
    return loss / len(images), correct / len(images)


def _begin(network: nn.Module, recipe: Recipe, steps: int) -> TrainingState:
    optimiser: Optimizer
    if recipe.optimiser == "sgd":
        momentum: dict[str, Any] = {"momentum": 0.9, "nesterov": True}
        optimiser = SGD(network.parameters(), recipe.learning_rate, weight_decay=recipe.weight_decay, **momentum)
    else:
        optimiser = AdamW(network.parameters(), recipe.learning_rate, weight_decay=recipe.weight_decay)
    total = recipe.epochs * steps
    schedule: LRScheduler = (
        OneCycleLR(optimiser, recipe.learning_rate, total, pct_start=recipe.warm_up, cycle_momentum=False)
        if recipe.schedule == "one_cycle"
        else CosineAnnealingLR(optimiser, total)
    )
    return TrainingState(network, optimiser, schedule)


def _learn(
    state: TrainingState, images: Pixels, normalise: Normalise, recipe: Recipe, generator: torch.Generator
) -> dict[str, float]:
    """Go through all images once; return loss, accuracy, and the learning rate of the last step."""
    network, rate = state.network.train(), 0.0
    device = next(network.parameters()).device
    loss_sum, correct, seen = 0.0, 0, 0
    for crops, labels in pixels.shuffled(images, recipe.batch_size, generator):
        inputs = normalise(pixels.augment(crops, recipe.crop_padding, recipe.flip, generator))
        truth = labels.to(device)
        state.optimiser.zero_grad()
        logits = network(inputs)
        loss = nn.functional.cross_entropy(logits, truth, label_smoothing=recipe.label_smoothing)
        loss.backward()  # type: ignore[no-untyped-call]
        rate = float(state.optimiser.param_groups[0]["lr"])
        state.optimiser.step()
        state.schedule.step()
        loss_sum += loss.item() * len(truth)
        correct += int((logits.argmax(1) == truth).sum())
        seen += len(truth)
    mean = loss_sum / seen
    if not torch.isfinite(torch.tensor(mean)):
        raise CaseSaliencyError(f"training: the loss became {mean}; lower training.*.learning_rate in params.yaml")
    return {"train_loss": mean, "train_accuracy": correct / seen, "learning_rate": rate}


def derived(seed: int, purpose: str) -> int:
    """Return a seed for one purpose, so that no two purposes share their random numbers."""
    return int(storage.digest([seed, purpose])[:15], 16)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed torch's own random numbers (initial weights, dropout) while the context is open, and restore them."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield
