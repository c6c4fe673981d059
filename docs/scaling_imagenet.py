"""How long ImageNet's 50,000 validation images would take: what spreads over shards, and the jobs that do not."""

import re
from dataclasses import dataclass
from typing import Any

from case_saliency import params as study

IMAGES = 50_000
EXPERIMENT = "imagenet"
CIRCULARITY = 53
"""Passes of an image in the analysis of that name (docs/experiments.md)."""

Figures = dict[str, float]


@dataclass(frozen=True)
class Hours:
    """Hours of one network: of a GPU in all, of these in shards, and of its longest jobs for all images.

    Attributes
    ----------
    label
        The network, and its layers where there are several.
    similarity
        Of a core: `score-similarity`, which needs no GPU.
    circularity
        `score-circularity`, its passes alone: a floor.
    """

    label: str
    gpu: float
    shards: float
    similarity: float
    circularity: float


def hours(counted: str, gpu: Figures, cpu: Figures, params: dict[str, Any]) -> list[Hours]:
    """Return the hours of the networks of the experiment.

    Parameters
    ----------
    counted
        docs/experiments.md, with the hours of 1,000 images.
    gpu, cpu
        Figures of `python -m benchmarks gpu agreement`.
    params
        The content of params.yaml.
    """
    spaces = [method.space for method in study.methods(params, EXPERIMENT)]
    pixels = spaces.count("input") * cpu["similarity_pair_of_pixels_seconds"]
    native = spaces.count("layer") * cpu["similarity_pair_seconds"]
    return [
        Hours(
            label=f"`{name}`{layers.rstrip()}",
            gpu=float(told) * IMAGES / 1000,
            shards=IMAGES * (gpu[f"{name}_maps_seconds"] + gpu[f"{name}_drops_seconds"]) / 3600,
            similarity=IMAGES * (len(study.layers(params, EXPERIMENT, name)) * native + pixels) / 3600,
            circularity=IMAGES * CIRCULARITY * gpu[f"{name}_forward_seconds"] / 3600,
        )
        for name, layers, told in re.findall(r"^\| `(\w+)`([^|]*)\|(?: [\d.,]+ \|){6} ([\d.]+) \|$", counted, re.M)
    ]
