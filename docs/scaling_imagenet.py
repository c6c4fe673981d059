"""How long ImageNet's 50,000 validation images would take: what spreads over shards, and the jobs that do not."""

import re
from dataclasses import dataclass
from typing import Any

from case_saliency import params as study

IMAGES = 50_000
EXPERIMENT = "imagenet"
CIRCULARITY, OTHERS = 53, 54
"""Passes of an image in the analysis of circularity, and in the other analyses of all images (docs/experiments.md)."""
SIZE = 224
"""Pixels in width and height that the networks see."""

Figures = dict[str, float]


@dataclass(frozen=True)
class Hours:
    """Hours of one network: of a GPU in all, of these in shards and in maps, and of its longest jobs for all images.

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
    maps: float
    similarity: float
    circularity: float


def hours(counted: str, gpu: dict[str, Any], cpu: Figures, params: dict[str, Any]) -> list[Hours]:
    """Return the hours of the networks of the experiment.

    Parameters
    ----------
    counted
        docs/experiments.md, with the networks' channels.
    gpu, cpu
        What `python -m benchmarks gpu` measured, and the figures of `agreement`.
    params
        The content of params.yaml.

    Notes
    -----
    Some analyses look at as many images however many there are: mosaics, pairs, randomisation and curves, and the
    25,000 images that the experiment as shipped holds out, which are those of 1,000 images in docs/experiments.md.
    """
    spaces = [method.space for method in study.methods(params, EXPERIMENT)]
    pixels = spaces.count("input") * cpu["similarity_pair_of_pixels_seconds"]
    native = spaces.count("layer") * cpu["similarity_pair_seconds"]
    found = []
    for name, layers, channels in re.findall(r"^\| `(\w+)`([^|]*)\| [\d.]+ \| ([\d,]+) \|", counted, re.M):
        maps, drops = (IMAGES * gpu["figures"][f"{name}_{what}_seconds"] / 3600 for what in ("maps", "drops"))
        n_layers = len(study.layers(params, EXPERIMENT, name))
        one = _pass(gpu["rows"], name, params["compute"]["batch_size"]) / 3600
        fixed = 1000 * (0.1 * int(channels.replace(",", "")) + 16 * n_layers) + 25_000
        found.append(
            Hours(
                label=f"`{name}`{layers.rstrip()}",
                gpu=maps + drops + one * (IMAGES * (CIRCULARITY + OTHERS) + fixed),
                shards=maps + drops,
                maps=maps,
                similarity=IMAGES * (n_layers * native + pixels) / 3600,
                circularity=IMAGES * CIRCULARITY * one,
            )
        )
    return found


def _pass(rows: list[dict[str, Any]], network: str, batch: int) -> float:
    """Return the seconds of an image in a bare pass of a batch."""
    told = next(row["remark"] for row in rows if (row["network"], row["what"]) == (network, "bare forward pass"))
    [milliseconds] = re.findall(rf"([\d.]+) ms by {batch}\b", told)
    return float(milliseconds) / 1000


def least(networks: list[Hours], n_gpus: int, starting: float, tested: float | None) -> float:
    """Return the fewest hours: those of the GPUs divided, or of the longest chain behind the maps in shards.

    `starting` are the hours of what jobs cost beside their work. The chain of similarity is the maps of a network, its
    scores, and the test of all networks, which takes `tested` hours; None: without that analysis.
    """
    chains = [one.circularity for one in networks]
    if tested is not None:
        chains += [one.maps / n_gpus + one.similarity + tested for one in networks]
    return max((sum(one.gpu for one in networks) + starting) / n_gpus, *chains)


def statistics(cpu: Figures, params: dict[str, Any]) -> float:
    """Return the hours of `test-similarity`, one job on one core: the BCa interval of each of its cells.

    A cell is a method, a layer and a measure: agreement at each k, at two resolutions where the map has one of its own,
    and the other two.
    """
    spaces = [method.space for method in study.methods(params, EXPERIMENT)]
    sweep = len(params["similarity"]["k_percent"])
    networks = params["experiments"][EXPERIMENT]["models"]
    cells = sum(
        len(study.layers(params, EXPERIMENT, name)) * spaces.count("layer") * (2 * sweep + 2)
        + spaces.count("input") * (sweep + 2)
        for name in networks
    )
    return cells * cpu[f"bca_of_{IMAGES}_images_seconds"] / 3600


def starts(params: dict[str, Any], seconds: float) -> tuple[int, float]:
    """Return how many jobs the shards are, and the hours of what they cost beside their work, in all."""
    networks = len(params["experiments"][EXPERIMENT]["models"])
    families = len({method.family for method in study.methods(params, EXPERIMENT)})
    shards = study.automatic_shards(IMAGES, params["compute"]["batch_size"], networks)
    jobs = networks * shards * (families + 1)  # and the drops
    return jobs, jobs * seconds / 3600


def disk(params: dict[str, Any]) -> float:
    """Return the GB of maps in the input's space, of two classes and four bytes a pixel, before they are deflated."""
    spaces = [method.space for method in study.methods(params, EXPERIMENT)]
    networks = len(params["experiments"][EXPERIMENT]["models"])
    return 2 * 4 * SIZE**2 * IMAGES * networks * spaces.count("input") / 10**9
