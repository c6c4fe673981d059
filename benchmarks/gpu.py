"""The paper's four networks on a GPU: bare passes, each family of its methods, confidence drops; seconds of wall-clock.

    python -m benchmarks gpu

The networks have seeded random weights and the images are noise: what is timed does not depend on either. What is
timed was called before, with one image, and the GPU has finished when the clock is read.
"""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
import yaml
from torch import Tensor, nn

from benchmarks.timing import Row, tell
from case_saliency import params as study
from case_saliency.attribution import devices
from case_saliency.attribution.contrast import Confusion
from case_saliency.attribution.engine import INPUT_LAYER, attribute
from case_saliency.attribution.registry import Method
from case_saliency.errors import CaseSaliencyError
from case_saliency.fidelity.drop import ConfidenceDrop
from case_saliency.models import building, zoo

EXPERIMENT = "imagenet"
PARAMS = Path(__file__).parents[1] / "params.yaml"
DEVICE = "cuda"
N_IMAGES = 10  # one batch, as in params.yaml
BARE = 64  # images of a bare pass, the most that the engine passes at once
Result = TypeVar("Result")
Maps = dict[str, dict[str, np.ndarray]]
FAMILIES = ("gradient", "ablation", "score", "pixel", "control")


def measure() -> tuple[dict[str, float], list[Row]]:
    """Return the figures by key, and the lines of the table."""
    if not torch.cuda.is_available():
        raise CaseSaliencyError("benchmarks gpu: PyTorch sees no CUDA device on this machine; leave this part out")
    card = torch.cuda.get_device_name()
    rows = [Row("all", "card", float("nan"), f"{card}, CUDA {torch.version.cuda}, {N_IMAGES} images")]
    figures: dict[str, float] = {}
    config = yaml.safe_load(PARAMS.read_text(encoding="utf-8"))
    for name in config["experiments"][EXPERIMENT]["models"]:
        tell(name)
        figures |= {f"{name}_{key}": value for key, value in _network(name, config, rows).items()}
    return figures, rows


def _network(name: str, config: dict[str, Any], rows: list[Row]) -> dict[str, float]:
    module, layers = _built(name, config)
    photos = torch.randn(N_IMAGES, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    ids = [str(i) for i in range(N_IMAGES)]
    with torch.no_grad():
        classes = module(photos.to(DEVICE)).topk(2).indices.cpu()
    confusion = Confusion(np.random.default_rng(0).integers(0, 50, (1000, 1000)))
    settings = devices.Settings(**config["attribution"])

    def explain(methods: list[Method], n: int = N_IMAGES) -> Maps:
        targets = dict(zip(ids[:n], classes[:n].tolist(), strict=True))
        batches = [(ids[:n], photos[:n])]
        return attribute(module, batches, targets, layers, methods, confusion=confusion, settings=settings).maps

    figures = _bare(name, module, rows)
    total, maps = 0.0, {}
    for family in FAMILIES:
        methods = study.methods(config, EXPERIMENT, family)
        explain(methods, 1)  # libraries choose and load their kernels
        torch.cuda.reset_peak_memory_stats()
        seconds, found = _timed(lambda methods=methods: explain(methods))
        peak = torch.cuda.max_memory_allocated() / 1e9
        total += seconds / N_IMAGES
        rows.append(Row(name, f"maps: {family}", seconds / N_IMAGES, f"{_listed(methods)}; peak {peak:.1f} GB"))
        maps |= {(layer, method): drawn for layer, part in found.items() for method, drawn in part.items()}
    with devices.exactly(deterministic=True):
        drops = _drops(name, module, photos, classes, maps, config, rows)
    return figures | {"maps_seconds": total, "drops_seconds": drops}


def _built(name: str, config: dict[str, Any]) -> tuple[nn.Module, dict[str, str]]:
    torch.manual_seed(0)
    spec = zoo.find(name)
    wanted = study.layers(config, EXPERIMENT, name)
    return building.build(spec, 1000).eval().to(DEVICE), {layer: spec.target_layers[layer] for layer in wanted}


def _bare(name: str, module: nn.Module, rows: list[Row]) -> dict[str, float]:
    images = torch.randn(BARE, 3, 224, 224, device=DEVICE)

    def passes(n: int, dtype: torch.dtype | None = None) -> Callable[[], Tensor]:
        def once() -> Tensor:
            with torch.no_grad(), torch.autocast(DEVICE, dtype, enabled=dtype is not None):
                return module(images[:n])

        return once

    taken = {}
    for deterministic in (True, False):
        with devices.exactly(deterministic):
            for n in (1, N_IMAGES, BARE):
                taken[deterministic, n] = min(_timed(passes(n))[0] for _ in range(6)) / n
    with devices.exactly(deterministic=True):
        half = min(_timed(passes(BARE, torch.bfloat16))[0] for _ in range(6)) / BARE
    exact = taken[True, BARE]
    sizes = ", ".join(f"{1000 * taken[True, n]:.2f} ms by {n}" for n in (1, N_IMAGES, BARE))
    rows.append(Row(name, "bare forward pass", exact, f"float32; {sizes}"))
    return {
        "forward_seconds": exact,
        "deterministic_over_free": exact / taken[False, BARE],
        "float32_over_bfloat16": exact / half,
    }


def _drops(
    name: str,
    module: nn.Module,
    photos: Tensor,
    classes: Tensor,
    maps: Mapping[tuple[str, str], np.ndarray],
    config: dict[str, Any],
    rows: list[Row],
) -> float:
    """Return the seconds of the confidence drops of one image, at all layers."""
    settings = study.fidelity(config, EXPERIMENT)
    test = ConfidenceDrop(
        predict_logits=lambda images: module(images.to(DEVICE)),
        seed=0,
        batch_size=config["compute"]["batch_size"],
        k_percents=settings["k_percent"],
        fills=settings["fill"],
    )
    total = 0.0
    for layer in dict.fromkeys(layer for layer, _ in maps):
        of_layer = {method: drawn for (where, method), drawn in maps.items() if where == layer}
        seconds, table = _timed(
            lambda of_layer=of_layer: test(
                photos,
                of_layer,
                image_ids=[str(i) for i in range(N_IMAGES)],
                class_index=classes.numpy(),
                qualified=np.ones(N_IMAGES, dtype=bool),
            )
        )
        where = "in the input's space" if layer == INPUT_LAYER else f"at {layer}"
        told = f"{len(table) // N_IMAGES} rows, batches of {config['compute']['batch_size']}"
        rows.append(Row(name, f"confidence drops {where}", seconds / N_IMAGES, told))
        total += seconds / N_IMAGES
    return total


def _timed(function: Callable[[], Result]) -> tuple[float, Result]:
    torch.cuda.synchronize()
    start = time.perf_counter()
    result = function()
    torch.cuda.synchronize()
    return time.perf_counter() - start, result


def _listed(methods: list[Method]) -> str:
    return ", ".join(method.name for method in methods)
