"""A linear classifier whose gradients are its weights, so that every map can be computed by hand.

A = [[1, 2], [3, 4]], [[0, 1], [0, -1]]; logits 12, -1, 20; spatial means of the gradients (1, 0), (0, 3), (2, 1).
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from case_saliency.attribution.devices import Settings
from case_saliency.attribution.engine import attribute
from case_saliency.attribution.registry import resolve
from case_saliency.attribution.result import Attribution

WEIGHTS = torch.tensor(
    [
        [[[1, 1], [1, 1]], [[2, 0], [0, -2]]],
        [[[1, -1], [0, 0]], [[3, 3], [3, 3]]],
        [[[2, 2], [2, 2]], [[1, 1], [1, 1]]],
    ],
    dtype=torch.float32,
)


@pytest.fixture
def image() -> torch.Tensor:
    return torch.tensor([[[[1.0, 2.0], [3.0, 4.0]], [[0.0, 1.0], [0.0, -1.0]]]])


@pytest.fixture
def linear_net() -> nn.Module:
    net = nn.Sequential(
        OrderedDict(features=nn.Identity(), flatten=nn.Flatten(), head=nn.Linear(8, 3, bias=False))
    ).eval()
    with torch.no_grad():
        net.head.weight.copy_(WEIGHTS.flatten(1))
    return net


@pytest.fixture
def conv_net() -> nn.Module:
    """A small seeded CNN with batch normalisation, an in-place ReLU and dropout."""
    torch.manual_seed(0)
    net = nn.Sequential(
        OrderedDict(
            stem=nn.Conv2d(3, 6, 3, padding=1),
            norm=nn.BatchNorm2d(6),
            relu=nn.ReLU(inplace=True),
            conv=nn.Conv2d(6, 8, 3, padding=1),
            relu2=nn.ReLU(inplace=True),
            pool=nn.AdaptiveAvgPool2d(2),
            flatten=nn.Flatten(),
            drop=nn.Dropout(0.5),
            head=nn.Linear(32, 7),
        )
    )
    return net.eval()


@pytest.fixture
def photos() -> torch.Tensor:
    return torch.rand(4, 3, 8, 8, generator=torch.Generator().manual_seed(1))


def attribute_batch(
    net: nn.Module,
    images: Tensor,
    classes: Sequence[Sequence[int]],
    methods: Sequence[str | Mapping[str, Any]],
    layer: str,
    **keywords: Any,
) -> Attribution:
    ids = [f"image{i}" for i in range(len(images))]
    keywords.setdefault("settings", Settings(batch_size=16))
    explained = dict(zip(ids, classes, strict=True))
    return attribute(net, [(ids, images)], explained, {"layer": layer}, resolve(methods), **keywords)


@pytest.fixture
def run() -> Callable[..., Attribution]:
    """Run methods on one batch at one layer, called "layer"."""
    return attribute_batch


@pytest.fixture
def draw() -> Callable[..., np.ndarray]:
    """Return the maps of one method, given as keyword arguments of a variant."""

    def one(net: nn.Module, images: Tensor, classes: Sequence[Sequence[int]], layer: str, **variant: Any) -> np.ndarray:
        found = attribute_batch(net, images, classes, [{"name": "it", **variant}], layer)
        return next(maps["it"] for maps in found.maps.values() if "it" in maps)

    return one
