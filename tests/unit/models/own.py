"""A network of a user's, and its entry in params.yaml."""

from pathlib import Path
from typing import Any

import torch

MODULE = '''
import torch
from torch import nn


def small(name, n_classes):
    """Two convolutions and a linear layer."""
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, n_classes))


def nine(name, n_classes):
    return small(name, 9)


def number(name, n_classes):
    return n_classes


def narrow(name, n_classes):
    return nn.Sequential(nn.Flatten(), nn.Linear(12, n_classes))
'''


def entry(**changes: Any) -> dict[str, Any]:
    """The entry of a network of 10 classes with weights in a file; `changes` replace keys."""
    return {
        "builder": "my_networks:small",
        "weights": "mine.safetensors",
        "label_space": "digits",
        "n_classes": None,
        "layers": {"early": "0", "late": "1"},
        "input_size": 16,
        "resize": 18,
        "interpolation": "bilinear",
        "mean": [0.5, 0.5, 0.5],
        "std": [0.25, 0.25, 0.25],
        **changes,
    }


def tensors() -> dict[str, torch.Tensor]:
    """Weights for `small` with 10 classes."""
    generator = torch.Generator().manual_seed(3)
    shapes = {"0.weight": (4, 3, 3, 3), "0.bias": (4,), "4.weight": (10, 4), "4.bias": (10,)}
    return {name: torch.randn(shape, generator=generator) for name, shape in shapes.items()}


def write_module(folder: Path) -> None:
    """Write `my_networks.py`."""
    (folder / "my_networks.py").write_text(MODULE)
