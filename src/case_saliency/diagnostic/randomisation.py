"""Compare maps of networks whose weights are replaced by random ones, from the classifier down, with the intact ones.

A map that stays what it was when nothing learned is left explains the image, or the architecture, not the network. Each
image has a copy of the network, and random weights, of its own. After each step the methods explain the classes that
the *intact* network found, and their maps are compared with the intact network's.

References
----------
Adebayo, Gilmer, Muelly, Goodfellow, Hardt, Kim, "Sanity Checks for Saliency Maps", NeurIPS 2018 (arXiv:1810.03292).
"""

import copy
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from case_saliency.attribution import devices, engine, seeding
from case_saliency.attribution.capture import unwrap
from case_saliency.attribution.contrast import Confusion
from case_saliency.attribution.registry import Method
from case_saliency.diagnostic.resemblance import MEASURES, among, resemblance
from case_saliency.diagnostic.topk import FloatArray, Ties
from case_saliency.errors import CaseSaliencyError
from case_saliency.models import cascade
from case_saliency.models.cascade import How

COLUMNS = (
    *("experiment", "dataset", "model", "seed", "layer", "method", "image_id", "target", "comparison", "step"),
    *("share", "response", "k_percent", "ties", *MEASURES, "degenerate", "qualified", "reason"),
)
"""Columns of the table of scores; `score` fills those but experiment, dataset, model and seed."""

_Maps = dict[tuple[str, str], FloatArray]  # (layer, method) -> (2, h, w)
_TARGETS = ("top1", "top2")


@dataclass(frozen=True)
class Randomisation:
    """What is explained, and how weights are replaced.

    Attributes
    ----------
    layers, methods
        As `engine.attribute` takes them.
    steps
        Groups of layers after the classifier, see `cascade.groups`.
    how
        "permute" or "reinitialise", see `cascade.randomise`.
    seed
        Seeds the random weights, with the image's id and the path of the module.
    k_percent, ties
        Of the top set, see `score_agreement`.
    settings
        How maps are computed; images are explained one at a time.
    confusion
        As `engine.attribute` takes it, of the intact network: contrast sets from it stay when the weights go.
    """

    layers: Mapping[str, str]
    methods: Sequence[Method]
    steps: int
    how: How
    seed: int
    k_percent: float
    ties: Ties
    settings: devices.Settings = field(default_factory=devices.Settings)
    confusion: Confusion | None = None

    def score(
        self,
        module: nn.Module,
        batches: Iterable[tuple[Sequence[str], Tensor]],
        classes: Mapping[str, Sequence[int]],
        passed_over: Sequence[str] = (),
    ) -> pd.DataFrame:
        """Compare the maps of randomised networks with those of the intact one.

        Parameters
        ----------
        module
            The classifier; left as it was found, copies of it are randomised.
        batches
            Pairs of image ids and images (n, 3, H, W). A score does not depend on what else is in a batch.
        classes
            Image id -> the two classes to explain, those that the intact network ranks first.
        passed_over
            Ids of images that would have come before the last of these, but are misclassified: they get rows without a
            score.

        Returns
        -------
        pandas.DataFrame
            `COLUMNS` from `layer` on. `comparison` says what a map is compared with: "intact", the intact network's map
            of the same image and class (`target`), at every step from 0, the intact network itself; "other_class", at
            every step, the two classes' maps of one network with each other (`target` is "both"); "other_image", the
            mean over the other images' maps by the intact network, for the same target. `share`
            is the share of parameters replaced; `response` the root mean square over classes of the logits' difference
            from those of an image of zeros, as a ratio to the intact network's. Where logits are not finite, maps count
            as "nan".

        Raises
        ------
        CaseSaliencyError
            If there are no images, or the network has no parameters.
        """
        network = copy.deepcopy(unwrap(module)).eval()
        tables: list[pd.DataFrame] = []
        intact: dict[tuple[str, str], list[FloatArray]] = defaultdict(list)
        image_ids: list[str] = []
        plan: _Plan | None = None
        for image_id, image in _one_by_one(batches, network):
            plan = plan or self._plan(network, image)
            rows, maps = self._image(network, plan, image_id, image, classes[image_id])
            tables += rows
            image_ids.append(image_id)
            for where, values in maps.items():
                intact[where].append(values)
        if plan is None:
            raise CaseSaliencyError(
                "randomisation: no image is classified correctly; select other images, or leave the analysis out"
            )
        tables += [self._other_images(plan, image_ids, *where, np.stack(maps)) for where, maps in intact.items()]
        table = pd.concat(tables, ignore_index=True).assign(k_percent=float(self.k_percent), ties=self.ties)
        table = table.assign(qualified=True, reason="")
        return pd.concat([table, *_passed_over(table, passed_over)], ignore_index=True)

    def _plan(self, network: nn.Module, image: Tensor) -> "_Plan":
        parts = cascade.groups(cascade.order(network, torch.zeros_like(image)), self.steps)
        keeps_graph = any(method.family == "pixel" for method in self.methods)
        rows = self.settings.batch_size or devices.fitting_batch(
            network, image, self.settings.memory_mb, keeps_graph=keeps_graph
        )
        share = [0.0, *cascade.shares(network, parts)]
        return _Plan(parts, share, (image.shape[-2], image.shape[-1]), replace(self.settings, batch_size=rows))

    def _image(
        self, network: nn.Module, plan: "_Plan", image_id: str, image: Tensor, classes: Sequence[int]
    ) -> tuple[list[pd.DataFrame], _Maps]:
        """Return the rows of one image at all steps, and its maps by the intact network."""
        randomised = copy.deepcopy(network)
        explain = partial(self._explain, settings=plan.settings, image_id=image_id, image=image, classes=classes)
        intact, whole = explain(network), cascade.response(network, image)
        tables = []
        for step in range(len(plan.parts) + 1):
            if step:
                cascade.randomise(randomised, plan.parts[step - 1], self.how, partial(self._seed, image_id))
            response = cascade.response(randomised, image) if step else whole
            maps = intact if not step else explain(randomised) if np.isfinite(response) else _none_like(intact)
            for (layer, method), found in maps.items():
                before = intact[layer, method]
                # both classes against the intact network, and against each other
                first, second = np.stack([*before, found[0]]), np.stack([*found, found[1]])
                table = self._compare(plan, first, second)
                tables.append(
                    table.assign(
                        layer=layer,
                        method=method,
                        image_id=image_id,
                        target=[*_TARGETS, "both"],
                        comparison=["intact", "intact", "other_class"],
                        step=step,
                        share=plan.share[step],
                        response=response / whole if whole else np.nan,
                    )
                )
        return tables, intact

    def _explain(
        self, network: nn.Module, *, settings: devices.Settings, image_id: str, image: Tensor, classes: Sequence[int]
    ) -> _Maps:
        batches, chosen = [([image_id], image)], {image_id: classes}
        found = engine.attribute(
            network, batches, chosen, self.layers, self.methods, confusion=self.confusion, settings=settings
        )
        return {(layer, method): maps[0] for layer, methods in found.maps.items() for method, maps in methods.items()}

    def _seed(self, image_id: str, path: str) -> int:
        return int(seeding.generator(self.seed, "randomisation", image_id, path).integers(2**63))

    def _compare(self, plan: "_Plan", first: FloatArray, second: FloatArray) -> pd.DataFrame:
        return resemblance(first, second, input_size=plan.input_size, k_percent=self.k_percent, ties=self.ties)

    def _other_images(
        self, plan: "_Plan", image_ids: Sequence[str], layer: str, method: str, maps: FloatArray
    ) -> pd.DataFrame:
        """Return the rows of an image's maps against those of all other images, by the intact network."""
        found = [
            among(maps[:, place], input_size=plan.input_size, k_percent=self.k_percent, ties=self.ties).assign(
                image_id=image_ids, target=target
            )
            for place, target in enumerate(_TARGETS if len(maps) > 1 else ())
        ]
        table = pd.concat(found, ignore_index=True) if found else pd.DataFrame()
        return table.assign(layer=layer, method=method, comparison="other_image", step=0, share=0.0, response=1.0)


@dataclass(frozen=True)
class _Plan:
    """What is the same for all images: groups of units, shares of parameters after each step, size, settings."""

    parts: list[list[str]]
    share: list[float]
    input_size: tuple[int, int]
    settings: devices.Settings


def _one_by_one(batches: Iterable[tuple[Sequence[str], Tensor]], network: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Yield each image by its id, (1, 3, H, W), where the network is."""
    for ids, images in batches:
        yield from zip(ids, torch.split(images.to(_device(network, images)), 1), strict=True)


def _passed_over(table: pd.DataFrame, image_ids: Sequence[str]) -> list[pd.DataFrame]:
    """Return rows without a score for each misclassified image: as many as an image of the table has."""
    empty = table[table["image_id"] == table["image_id"].iloc[0]].assign(
        qualified=False, reason="misclassified", degenerate="", response=np.nan, **dict.fromkeys(MEASURES, np.nan)
    )
    return [empty.assign(image_id=image_id) for image_id in image_ids]


def _none_like(maps: _Maps) -> _Maps:
    return {where: np.full_like(values, np.nan) for where, values in maps.items()}


def _device(network: nn.Module, image: Tensor) -> torch.device:
    return next((parameter.device for parameter in network.parameters()), image.device)
