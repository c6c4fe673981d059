"""Where a training stands: all that the next epoch depends on, in one file without pickle.

Random numbers are not part of it: each epoch draws from a generator of its own, seeded by seed and epoch.
"""

import hashlib
import json
import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from case_saliency import storage
from case_saliency.errors import CaseSaliencyError

log = logging.getLogger(__name__)
Tensors = dict[str, Tensor]


@dataclass
class TrainingState:
    """Where a training stands.

    Attributes
    ----------
    network, optimiser, schedule
        What changes with each step.
    history
        One row for each finished epoch.
    best
        The weights of the best epoch so far: a copy, which later steps do not change.
    best_epoch
        Its number, from 1; 0: none yet.
    """

    network: nn.Module
    optimiser: Optimizer
    schedule: LRScheduler
    history: list[dict[str, float]] = field(default_factory=list)
    best: Tensors = field(default_factory=dict)
    best_epoch: int = 0

    def finish_epoch(self, row: dict[str, float]) -> None:
        """Add an epoch's row, and keep its weights if its validation accuracy is above that of all before."""
        self.history.append(row)
        before = self.history[self.best_epoch - 1]["validation_accuracy"] if self.best_epoch else -1.0
        if row["validation_accuracy"] > before:
            self.best = {name: value.detach().cpu().clone() for name, value in self.network.state_dict().items()}
            self.best_epoch = len(self.history)

    def save(self, path: Path, fingerprint: str) -> None:
        """Write the state. `fingerprint` stands for the recipe, the data and whatever else must not change."""
        tensors = {f"network.{name}": value for name, value in self.network.state_dict().items()}
        tensors |= {f"best.{name}": value for name, value in self.best.items()}
        described = self.optimiser.state_dict()
        numbers: dict[str, dict[str, Any]] = {}
        for position, values in described["state"].items():
            for name, value in values.items():
                if isinstance(value, Tensor):
                    tensors[f"optimiser.{position}.{name}"] = value
                else:
                    numbers.setdefault(str(position), {})[name] = value
        about = {
            "fingerprint": fingerprint,
            "history": self.history,
            "best_epoch": self.best_epoch,
            "groups": described["param_groups"],
            "numbers": numbers,
            "schedule": self.schedule.state_dict(),
        }
        told = json.dumps(about)
        storage.write_tensors(tensors, path, {"training": told, "sha256": _digest(tensors, told)})

    def restore(self, path: Path, fingerprint: str) -> bool:
        """Continue from what `save` wrote; return False, and change nothing, if that is not there or of another run."""
        if not path.exists():
            return False
        try:
            tensors, metadata = storage.read_tensors(path), storage.read_metadata(path)
            told, expected = metadata["training"], metadata["sha256"]
        except (CaseSaliencyError, KeyError) as error:
            log.warning("%s: not usable (%s); training begins anew", path, error)
            return False
        if _digest(tensors, told) != expected:
            log.warning("%s: damaged since it was written; training begins anew", path)
            return False
        about = json.loads(told)
        if about["fingerprint"] != fingerprint:
            log.warning("%s: from another recipe, data or version; training begins anew", path)
            return False
        self.network.load_state_dict(_under("network.", tensors))
        state: dict[int, dict[str, Any]] = {int(position): dict(found) for position, found in about["numbers"].items()}
        parameters = [parameter for group in self.optimiser.param_groups for parameter in group["params"]]
        for name, value in _under("optimiser.", tensors).items():
            position, _, what = name.partition(".")
            state.setdefault(int(position), {})[what] = _laid_out_like(parameters[int(position)], value)
        self.optimiser.load_state_dict({"state": state, "param_groups": about["groups"]})
        self.schedule.load_state_dict(about["schedule"])
        self.history, self.best_epoch = about["history"], about["best_epoch"]
        self.best = _under("best.", tensors)
        return True


def _digest(tensors: Tensors, told: str) -> str:
    """Return a hash of names, kinds, shapes and values of tensors, and of what is told beside them."""
    found = hashlib.sha256(told.encode())
    for name in sorted(tensors):
        value = tensors[name].detach().cpu().contiguous()
        found.update(f"\n{name} {value.dtype} {tuple(value.shape)}\n".encode())
        found.update(value.reshape(-1).view(torch.uint8).numpy().data)
    return found.hexdigest()


def _laid_out_like(parameter: Tensor, value: Tensor) -> Tensor:
    """Return `value` in the memory layout of `parameter`, as it was: the last bits of a sum depend on it."""
    return torch.empty_like(parameter).copy_(value) if value.shape == parameter.shape else value


def _under(prefix: str, tensors: Tensors) -> Tensors:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
