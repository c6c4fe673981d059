"""The gallery: photographs with every map of both classes, small enough for the page, for a reader to choose from."""

import base64
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from case_saliency.figures.names import method_style, model_label, ordered_methods
from case_saliency.report import choosing
from case_saliency.report.packing import packed

_CELLS = 28  # rows and columns of a map that is kept as it is; larger ones are averaged

FloatArray = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Shown:
    """A method's maps of one image: (2, h, w) for the two likeliest classes, and what was measured of them.

    `agreement` in percent, `drop` a share of the confidence; NaN where there is none. `defect` names a degenerate map.
    """

    maps: FloatArray
    agreement: float
    drop: float
    defect: str


@dataclass(frozen=True)
class Sight:
    """An image as a network sees it, what the network says of it, and its maps by method."""

    jpeg: bytes
    predictions: tuple[tuple[str, float], tuple[str, float]]
    correct: bool
    maps: Mapping[str, Shown]


@dataclass(frozen=True)
class Gallery:
    """Images of an experiment and how each network sees them; `sights` is model -> image -> sight.

    `labels` are the true classes, `drop` says what the drop is measured by. The experiment has `total` images; `wrong`
    and `empty` are those of them that some network classifies wrongly, or has a map of that does not count.
    """

    images: Sequence[str]
    labels: Sequence[str]
    sights: Mapping[str, Mapping[str, Sight]]
    drop: str
    total: int
    wrong: Collection[str] = ()
    empty: Collection[str] = ()

    @property
    def told(self) -> str:
        """How many of the images are here, and whether all failures are."""
        return choosing.told(self.images, self.total, self.wrong, self.empty)

    @property
    def methods(self) -> list[str]:
        """The methods of all networks, in the house order."""
        return ordered_methods({name for of in self.sights.values() for sight in of.values() for name in sight.maps})

    def packed(self) -> str:
        """Return everything as compressed JSON in base64, as the page's script unpacks it."""
        methods = self.methods
        return packed(
            {
                "methods": [method_style(name).label for name in methods],
                "images": list(self.images),
                "labels": list(self.labels),
                "drop": self.drop,
                "none": {
                    kind: choosing.missing(self.images, self.total, failures)
                    for kind, failures in (("wrong", self.wrong), ("empty", self.empty), ("right", None), ("all", None))
                },
                "models": [
                    {"label": model_label(model), "sights": [_sight(of[image], methods) for image in self.images]}
                    for model, of in self.sights.items()
                ],
            }
        )


def _sight(sight: Sight, methods: Sequence[str]) -> dict[str, Any]:
    return {
        "photo": _text(sight.jpeg),
        "said": [[name, round(probability, 4)] for name, probability in sight.predictions],
        "correct": sight.correct,
        "maps": [_shown(sight.maps[name]) if name in sight.maps else None for name in methods],
    }


def _shown(shown: Shown) -> dict[str, Any]:
    values = quantised(shown.maps)
    return {
        "size": list(values.shape[1:]),
        "values": _text(values.tobytes()),
        "agreement": _number(shown.agreement, 1),
        "drop": _number(shown.drop, 3),
        "defect": shown.defect,
    }


def quantised(maps: FloatArray) -> npt.NDArray[np.uint8]:
    """Return the positive part of maps in 256 steps, each on its own scale; large maps are averaged to 28 rows.

    Parameters
    ----------
    maps
        (N, h, w).

    Examples
    --------
    >>> quantised(np.array([[[-1.0, 0.5], [1.0, 2.0]]])).tolist()
    [[[0, 64], [128, 255]]]
    """
    small = np.stack([_averaged(np.nan_to_num(np.asarray(one, dtype=float)).clip(min=0)) for one in maps])
    largest = small.max(axis=(1, 2), keepdims=True)
    shares = np.divide(small, largest, out=np.zeros_like(small), where=largest > 0)
    steps: npt.NDArray[np.uint8] = np.round(255 * shares).astype(np.uint8)
    return steps


def _averaged(values: FloatArray) -> FloatArray:
    """Average a map over blocks, until it has at most `_CELLS` rows and columns; what does not fill a block is cut."""
    step = -(-max(values.shape) // _CELLS)
    if step == 1:
        return values
    height, width = (side // step for side in values.shape)
    blocks = values[: height * step, : width * step].reshape(height, step, width, step)
    return np.asarray(blocks.mean(axis=(1, 3)))


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def _number(value: float, digits: int) -> float | None:
    return None if np.isnan(value) else round(float(value), digits)
