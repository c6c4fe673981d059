"""Maps of every method for the top-1 class against the top-2 class, laid over the photographs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from case_saliency.figures.names import class_label, method_style, model_label, ordered_methods
from case_saliency.figures.style import INK, TWO_COLUMNS, house_style, wrap

TITLE = "Saliency maps for the top-1 and the top-2 class"
COLOUR_MAP = "inferno"
OPACITY = 0.6  # of the colours over the photograph in grey
_TARGETS = ("top-1", "top-2")
# Inches.
_TEXT, _GAP, _HEAD, _FOOT, _SPACE, _SCALE = 0.82, 0.03, 0.3, 0.16, 0.1, 0.22
_SMALLEST_MAP = 0.45
_ROOMY = 0.52  # a map that is wider has room for the longest word of a method's name at the usual size


@dataclass(frozen=True)
class Example:
    """One image, as one model sees it.

    Attributes
    ----------
    image_id, model
        Names of the image and of the model.
    photograph
        (H, W, 3) uint8, the pixels that the network sees.
    maps
        Method -> (2, H, W), the maps for top-1 and top-2 upsampled to the photograph; no scale is assumed.
    class_names, probabilities
        Of top-1 and top-2.
    agreements
        Method -> agreement in percent; NaN where a map is degenerate.
    true_class
        Name of the image's label.
    """

    image_id: str
    model: str
    photograph: npt.NDArray[np.uint8]
    maps: Mapping[str, npt.NDArray[np.floating]]
    class_names: tuple[str, str]
    probabilities: tuple[float, float]
    agreements: Mapping[str, float]
    true_class: str


def map_panels(examples: Sequence[Example], k_percent: float) -> Figure:
    """Draw two rows per image (top-1 above top-2) and one column per method.

    Parameters
    ----------
    examples
        Images to show, all with the same methods.
    k_percent
        Outline this share of a map's pixels, those of the largest values.

    Raises
    ------
    ValueError
        If there is no example, or if the examples do not show the same methods.
    """
    if not examples or any(set(example.maps) != set(examples[0].maps) for example in examples):
        raise ValueError("map_panels: at least one example is needed, and all must show the same methods")
    methods = ordered_methods(examples[0].maps)
    side = max((TWO_COLUMNS - _TEXT - _GAP * (len(methods) + 2)) / (len(methods) + 2), _SMALLEST_MAP)
    width = _TEXT + (side + _GAP) * (len(methods) + 2)
    block = _HEAD + 2 * side + _GAP + _FOOT + _SPACE
    height = block * len(examples) + _SCALE
    with house_style():
        figure = Figure(figsize=(width, height))
        for position, example in enumerate(examples):
            _draw_example(figure, example, methods, side, position * block, k_percent)
        _draw_scale(figure, len({example.image_id for example in examples}))
    return figure


def _axes(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Add axes without ticks at a place in inches from the figure's top left corner."""
    total_width, total_height = figure.get_size_inches()
    place = (left / total_width, 1 - (top + height) / total_height, width / total_width, height / total_height)
    axes = figure.add_axes(place, xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    return axes


def _draw_example(
    figure: Figure, example: Example, methods: list[str], side: float, top: float, k_percent: float
) -> None:
    top += _HEAD
    large = 2 * side + _GAP
    photograph = _axes(figure, 0, top, large, large)
    photograph.imshow(example.photograph)
    photograph.set_title(model_label(example.model), fontsize=6.5, pad=3)
    photograph.set_xlabel(f"label: {class_label(example.true_class, 22)}", fontsize=6, labelpad=2)
    for row in range(2):
        _describe(_axes(figure, large, top + row * (side + _GAP), _TEXT, side), example, row)
    for column, method in enumerate(methods):
        left = large + _TEXT + _GAP + column * (side + _GAP)
        for row in range(2):
            axes = _axes(figure, left, top + row * (side + _GAP), side, side)
            _draw_map(axes, example.photograph, example.maps[method][row], k_percent)
            if row == 0:
                size = 6 if side > _ROOMY else 4.8
                axes.set_title(wrap(method_style(method).label, 11, 2), fontsize=size, fontweight="normal", pad=2)
        agreement = example.agreements[method]
        axes.set_xlabel("–" if np.isnan(agreement) else f"{agreement:.0f}%", fontsize=6, labelpad=2)


def _describe(axes: Axes, example: Example, row: int) -> None:
    name = wrap(class_label(example.class_names[row], 34), 14, 3)
    text = f"{_TARGETS[row]}, p = {example.probabilities[row]:.2f}"
    axes.text(0.5, 0.5, f"{text}\n{name}", ha="center", va="center", fontsize=5.5, linespacing=1.25)
    if row == 1:
        axes.set_xlabel("agreement:", fontsize=6, labelpad=2, loc="right")


def overlay(photograph: npt.NDArray[np.uint8], saliency: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """Lay a map over the photograph in grey: (H, W, 3) with values in [0, 1].

    The map is divided by its own maximum and its negative part is drawn as zero, so 0 is the scale's dark end and 1 the
    map's largest value. A map without a positive value leaves the photograph in grey.
    """
    grey = photograph @ np.array([0.299, 0.587, 0.114]) / 255.0
    base = np.repeat(grey[..., None], 3, axis=2)
    positive = np.clip(saliency, 0.0, None)
    if not positive.max() > 0:
        return base
    colours = mpl.colormaps[COLOUR_MAP](positive / positive.max())[..., :3]
    return np.asarray((1 - OPACITY) * base + OPACITY * colours)


def _draw_map(
    axes: Axes, photograph: npt.NDArray[np.uint8], saliency: npt.NDArray[np.floating], k_percent: float
) -> None:
    axes.imshow(overlay(photograph, saliency))
    word = "not finite" if not np.isfinite(saliency).all() else "" if saliency.max() > 0 else "empty"
    if word:
        box = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
        axes.text(0.5, 0.5, word, transform=axes.transAxes, ha="center", va="center", fontsize=6, bbox=box)
    else:
        level = np.quantile(saliency, 1 - k_percent / 100)
        axes.contour(saliency >= level, levels=[0.5], colors="white", linewidths=0.4)


def _draw_scale(figure: Figure, n: int) -> None:
    width, height = figure.get_size_inches()
    bar = _axes(figure, width / 2 - 0.75, height - 0.15, 1.5, 0.07)
    bar.imshow(np.linspace(0, 1, 256)[None], cmap=COLOUR_MAP, aspect="auto")
    options: dict[str, Any] = {"transform": bar.transAxes, "va": "center", "fontsize": 6, "color": INK}
    bar.text(-0.02, 0.5, "0", ha="right", **options)
    bar.text(1.02, 0.5, "maximum of each map", ha="left", **options)
    examples = "photograph" if n == 1 else "photographs"
    bar.text(-0.15, 0.5, f"n = {n} {examples}, as examples", ha="right", **options)


def caption(model: str, k_percent: float) -> str:
    """Say what the figure shows; `model` is a model's name, `k_percent` the size of the diagnostic's top set."""
    return (
        f"{TITLE}, {model_label(model)}. For each photograph (cropped as the network sees it, with its true label) the "
        "upper row explains the class that the network ranks first and the lower row the one that it ranks second; p "
        "is the softmax probability. Maps are upsampled bilinearly, each is scaled to its own maximum, and negative "
        "values are drawn as zero; 'empty' marks a map without a positive value. The white outline encloses the top "
        f"{k_percent:g}% of a map's pixels; the number under each pair is the agreement, the share of these pixels "
        "that the two maps have in common. A class-sensitive method shows different outlines and a low agreement; '–' "
        "means that a degenerate map leaves it undefined."
    )
