"""Run saliency methods on batches of images: the entry point of the package."""

import importlib
import logging
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from case_saliency.attribution import batching, devices, result
from case_saliency.attribution.capture import Grid, capture, evaluating, unwrap
from case_saliency.attribution.contrast import Confusion
from case_saliency.attribution.registry import Method
from case_saliency.attribution.result import Attribution, Extras, Maps
from case_saliency.attribution.tail import Tails
from case_saliency.attribution.view import View
from case_saliency.errors import CaseSaliencyError

INPUT_LAYER = "input"
"""Where the maps of methods that explain in the input's space are filed, beside the target layers."""

log = logging.getLogger(__name__)


def attribute(
    module: nn.Module,
    batches: Iterable[tuple[Sequence[str], Tensor]],
    classes: Mapping[str, Sequence[int]],
    layers: Mapping[str, str],
    methods: Sequence[Method],
    *,
    confusion: Confusion | None = None,
    grid: Grid | None = None,
    settings: devices.Settings | None = None,
) -> Attribution:
    """Explain classes of images by every method, at every target layer, with one forward pass of each image.

    Parameters
    ----------
    module
        The classifier, on the device where it is to run; left as it was found.
    batches
        Pairs of image ids and images (n, 3, H, W), of any n: they are read one at a time and split as memory allows.
    classes
        Image id -> the T classes to explain, such as its top two predictions.
    layers
        Name -> dotted path of a submodule, such as ``{"last_conv": "_conv_head"}``.
    methods
        As returned by `registry.resolve`.
    confusion
        What the model took held-out images for; for methods that require it.
    grid
        Turns a layer's output into a map, see `capture.capture`; the default serves CNNs and ViTs.
    settings
        How to compute; None: the defaults.

    Raises
    ------
    CaseSaliencyError
        If a layer is missing or has no map, a class is out of range, logits are not finite (names the image), a method
        returns something else than maps, or not even one image fits into memory.

    Examples
    --------
    >>> from case_saliency.attribution.registry import resolve
    >>> net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 5))
    >>> batch = (["a", "b"], torch.rand(2, 3, 8, 8))
    >>> found = attribute(net, [batch], {"a": [0, 1], "b": [4, 2]}, {"conv": "0"}, resolve(["gradcam", "sobel"]))
    >>> found.maps["conv"]["gradcam"].shape, found.maps["input"]["sobel"].shape
    ((2, 2, 6, 6), (2, 2, 8, 8))
    """
    parts = attribute_parts(
        module, batches, classes, layers, methods, confusion=confusion, grid=grid, settings=settings
    )
    return result.join(parts)


def attribute_parts(
    module: nn.Module,
    batches: Iterable[tuple[Sequence[str], Tensor]],
    classes: Mapping[str, Sequence[int]],
    layers: Mapping[str, str],
    methods: Sequence[Method],
    *,
    confusion: Confusion | None = None,
    grid: Grid | None = None,
    settings: devices.Settings | None = None,
) -> Generator[Attribution, None, None]:
    """Yield what `attribute` returns of all images part by part: as many images as are explained at a time.

    Maps, flags and extras are of the part; facts and messages of all images up to its last. Parameters and errors are
    those of `attribute`. Until the last part is drawn, or the generator closed, the module is in evaluation mode.

    Examples
    --------
    >>> from case_saliency.attribution.registry import resolve
    >>> net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 5))
    >>> batches = [(["a", "b"], torch.rand(2, 3, 8, 8)), (["c"], torch.rand(1, 3, 8, 8))]
    >>> classes = {"a": [0, 1], "b": [4, 2], "c": [3, 0]}
    >>> for part in attribute_parts(net, batches, classes, {"conv": "0"}, resolve(["gradcam"])):
    ...     part.image_ids, part.maps["conv"]["gradcam"].shape
    (('a', 'b'), (2, 2, 6, 6))
    (('c',), (1, 2, 6, 6))
    """
    if INPUT_LAYER in layers:
        raise CaseSaliencyError(f"layer {INPUT_LAYER}: that name is for maps in the input's space; rename the layer")
    job = _Job(unwrap(module), classes, dict(layers), tuple(methods), confusion, grid, settings or devices.Settings())
    tally = result.Tally(job.methods, job.layers, job.settings)
    none = True
    with devices.exactly(job.settings.deterministic), evaluating(job.module):
        for ids, (maps, extras) in batching.in_parts(batches, job.explain, job.fitting_batch, job.report):
            explained = np.array([classes[image_id] for image_id in ids], dtype=np.int64)
            yield result.gather(ids, explained, maps, extras, tally, job.messages)
            none = False
    if none:
        raise CaseSaliencyError("attribution: no images were given; check the selection")


@dataclass(frozen=True)
class _Job:
    """What stays the same from batch to batch."""

    module: nn.Module
    classes: Mapping[str, Sequence[int]]
    layers: dict[str, str]
    methods: tuple[Method, ...]
    confusion: Confusion | None
    grid: Grid | None
    settings: devices.Settings
    messages: list[str] = field(default_factory=list)

    @cached_property
    def tails(self) -> Tails:
        """The model behind each layer, cut out once for all batches."""
        return Tails(self.module, self.report)

    def explain(self, image_ids: Sequence[str], images: Tensor, rows: int) -> tuple[Maps, Extras]:
        """Explain one batch: one forward pass, then every method at every layer."""
        images = images.to(self.device(images))
        autocast = devices.AUTOCAST[self.settings.precision]
        captured = capture(self.module, images, self.layers, grid=self.grid, autocast=autocast)
        classes = _checked_classes(self.classes, image_ids, captured.logits)
        maps: Maps = {}
        extras: Extras = {}
        for name in (*self.layers, INPUT_LAYER):
            layer = captured.layers.get(name)
            view = View(
                *(self.module, images, image_ids, classes, captured.logits, rows, self.tails, autocast, layer),
                confusion=self.confusion,
            )
            for method in self.methods:
                if (method.space == "input") == (layer is None):
                    view.notes.clear()
                    maps[name, method.name] = _draw(method, view)
                    extras |= {(name, method.name, what): values.cpu().numpy() for what, values in view.notes.items()}
        return maps, extras

    def fitting_batch(self, image: Tensor) -> int:
        """Return how many images to explain at a time."""
        keeps_graph = any(method.family == "pixel" for method in self.methods)
        return self.settings.batch_size or devices.fitting_batch(
            self.module, image.to(self.device(image)), self.settings.memory_mb, keeps_graph=keeps_graph
        )

    def device(self, images: Tensor) -> torch.device:
        """Return where the model is."""
        parameter = next(self.module.parameters(), None)
        return images.device if parameter is None else parameter.device

    def report(self, message: str) -> None:
        """Tell the user, once."""
        if message not in self.messages:
            self.messages.append(message)
            log.warning(message)


def _draw(method: Method, view: View) -> NDArray[np.float32]:
    drawn = _function(method)(view, **method.parameters)
    if not isinstance(drawn, Tensor) or drawn.ndim != 4 or drawn.shape[:2] != view.classes.shape:
        found = tuple(drawn.shape) if isinstance(drawn, Tensor) else type(drawn).__name__
        raise CaseSaliencyError(
            f"method {method.name}: it returned {found}, a tensor of shape ({len(view.images)}, classes, h, w) expected"
        )
    return np.ascontiguousarray(drawn.detach().float().cpu().numpy())


def _function(method: Method) -> Callable[..., Any]:
    module, _, name = method.target.partition(":")
    function: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return function


def _checked_classes(classes: Mapping[str, Sequence[int]], image_ids: Sequence[str], logits: Tensor) -> Tensor:
    """Return the images' classes (N, T), after refusing unusable logits and classes."""
    finite = logits.isfinite().all(1).tolist()
    n_classes = logits.shape[1]
    for image_id, usable in zip(image_ids, finite, strict=True):
        if not usable:
            raise CaseSaliencyError(f"image {image_id}: its logits are not finite; check the image and the weights")
        for index in classes[image_id]:
            if not 0 <= index < n_classes:
                raise CaseSaliencyError(
                    f"image {image_id}: class {index} is out of range, the model has {n_classes} classes; predict again"
                )
    return torch.tensor([list(classes[image_id]) for image_id in image_ids], device=logits.device)
