"""What a method sees of a batch: activations, gradients, contrast classes, and the model, at one target layer.

Notation in all methods: N images, T compared classes, C channels of h x w cells, K logits; A the activations, y the
logits, g_c = dy_c/dA.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from case_saliency.attribution import contrast, seeding
from case_saliency.attribution.capture import CapturedLayer
from case_saliency.attribution.tail import Tail, Tails
from case_saliency.errors import CaseSaliencyError

Value = TypeVar("Value")


@dataclass(frozen=True)
class View:
    """A batch at one target layer.

    `layer` is None for methods that explain in the input's space; `rows` is how many images may pass through the model
    at once.

    Everything is computed on first use and kept for the methods that follow, so that ten methods which ask for the
    same gradient pay for one.
    """

    module: nn.Module
    images: Tensor
    image_ids: Sequence[str]
    classes: Tensor
    logits: Tensor
    rows: int
    tails: Tails
    autocast: torch.dtype | None = None
    layer: CapturedLayer | None = None
    confusion: contrast.Confusion | None = None
    notes: dict[str, Tensor] = field(default_factory=dict)
    _cache: dict[Hashable, Any] = field(default_factory=dict, repr=False)

    @property
    def activations(self) -> Tensor:
        """A, shape (N, C, h, w)."""
        return self.cached("activations", lambda: self.at_layer.activations)

    def gradient(self, classes: Tensor) -> Tensor:
        """Return g_c for one class of each image, `classes` (N,): shape (N, C, h, w)."""

        def compute() -> Tensor:
            rows = nn.functional.one_hot(classes, self.logits.shape[1])
            return self.pullback(rows[:, None])[:, 0]

        return self.cached(("gradient", key(classes)), compute)

    def gradients(self, classes: Tensor) -> Tensor:
        """Return g_c for each of `classes` (N, J): shape (N, J, C, h, w)."""
        columns = classes.unbind(1)
        return self.cached(
            ("gradients", key(classes)), lambda: torch.stack([self.gradient(column) for column in columns], 1)
        )

    def weights(self, classes: Tensor) -> Tensor:
        """Return the mean of g_c over space, Grad-CAM's channel weights, for `classes` (N, J): shape (N, J, C)."""

        def one(column: Tensor) -> Tensor:
            return self.gradient(column).mean((-2, -1))

        return torch.stack([self.cached(("weights", key(c)), partial(one, c)) for c in classes.unbind(1)], 1)

    def pullback(self, cotangents: Tensor) -> Tensor:
        """Return sum_c q_c g_c for rows q of `cotangents` (N, J, K): shape (N, J, C, h, w)."""
        return self.at_layer.pullback(cotangents)

    def combine(self, weights: Tensor) -> Tensor:
        """Return sum_k w_k A_k for channel weights (N, J, C): shape (N, J, h, w)."""
        return torch.einsum("njc,nchw->njhw", weights, self.activations)

    def contrast_classes(
        self, source: contrast.Source, k: int, *, compared: Literal["any", "in", "out"] = "any"
    ) -> Tensor:
        """Return the contrast set of each compared class: shape (N, T, k), see `contrast.nearest`.

        A class is never in its own set. `compared` says what becomes of the other compared classes: "in" forces them
        into every set, "out" keeps them out of all.
        """

        def find() -> Tensor:
            similarity = contrast.similarity(source, self.classes, self.logits, self.confusion, self.module)
            n_compared = self.classes.shape[1]
            own = self.classes[:, :, None]
            others = torch.cat([self.classes.roll(-step, 1)[:, :, None] for step in range(1, n_compared)] or [own], -1)
            excluded = torch.cat([own, others], -1) if compared == "out" else own
            forced = others if compared == "in" and n_compared > 1 else None
            return contrast.nearest(similarity, self.logits, excluded, k, forced)

        found = self.cached(("contrast", source, k, compared), find)
        self.note_contrast(found, source)
        return found

    def note_contrast(self, members: Tensor, source: contrast.Source) -> None:
        """Keep contrast sets (N, T, k) beside the map of the method that is running, and what of them fills rows."""
        self.note("contrast_classes", members)
        if source == "confusion" and self.confusion is not None:
            self.note("contrast_filled", contrast.filled(members, self.classes, self.confusion))

    def noise(self, seed: int, label: str, shape: Sequence[int], distribution: Literal["uniform", "normal"]) -> Tensor:
        """Return random numbers for each image and class, shape (N, T, *shape).

        They depend on seed, label, image id, class and shape, not on the batch or on the order of the classes.
        """

        def draw(image_id: str, index: int) -> Tensor:
            random = seeding.generator(seed, label, image_id, index)
            values = random.random(shape) if distribution == "uniform" else random.standard_normal(shape)
            return torch.from_numpy(values.astype(np.float32))

        rows = [
            torch.stack([draw(image_id, index) for index in row])
            for image_id, row in zip(self.image_ids, self.classes.tolist(), strict=True)
        ]
        return torch.stack(rows).to(self.images.device)

    def note(self, name: str, values: Tensor) -> None:
        """Keep `values`, shape (N, T, ...), beside the map of the method that is running."""
        self.notes[name] = values

    def predict(self, images: Tensor) -> Tensor:
        """Return the logits of other images (R, 3, H, W), at most `rows` at a time: shape (R, K), float32."""
        with self._precision():
            logits: Tensor = self.module(images)
        return logits.float()

    def resume(self, outputs: Tensor, index: int) -> Tensor:
        """Return the logits of image `index` with its output at the layer replaced by each of `outputs` (R, ...)."""
        with self._precision():
            tail: Tail = self.cached("tail", lambda: self.tails.resume(self.at_layer.path, self.images))
            return tail(outputs, index).float()

    def _precision(self) -> torch.autocast:
        return torch.autocast(self.images.device.type, dtype=self.autocast, enabled=self.autocast is not None)

    def cached(self, name: Hashable, compute: Callable[[], Value]) -> Value:
        """Return `compute()`, computed once for this batch and layer."""
        if name not in self._cache:
            self._cache[name] = compute()
        value: Value = self._cache[name]
        return value

    @property
    def at_layer(self) -> CapturedLayer:
        """The target layer as captured; an error for methods in the input's space, which have none."""
        if self.layer is None:
            raise CaseSaliencyError("a method of family pixel asked for a layer's activations; register it as gradient")
        return self.layer


def key(classes: Tensor) -> Hashable:
    """Return a key that two class tensors share if and only if they are equal."""
    return tuple(classes.shape), classes.cpu().numpy().tobytes()
