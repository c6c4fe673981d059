"""Attribution: the engine beside bare forward passes, pytorch-grad-cam and CASE in the authors' way."""

import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from itertools import islice

import torch
from torch import Tensor

from benchmarks import networks, peers
from benchmarks.networks import Subject
from benchmarks.timing import Row, cpu_seconds, in_turns, ratio, tell
from case_saliency.attribution.devices import Settings
from case_saliency.attribution.engine import attribute
from case_saliency.attribution.registry import ENTRIES, resolve

GRADIENT = [name for name, entry in ENTRIES.items() if entry.family == "gradient"]
ENGINE_BATCH = 10  # as in params.yaml


def measure() -> tuple[dict[str, float], list[Row]]:
    """Return the figures by key, and the lines of the table."""
    lite = networks.lite0()
    figures, rows = _figures(lite, repeats=9)
    residual, more = _figures(networks.resnet(lite.images), repeats=3)
    figures |= {f"resnet50_{name}": value for name, value in residual.items()}
    scale, last = _scale(lite)
    return figures | scale, [*rows, *more, *last]


def explain(subject: Subject, methods: Sequence[str], n_images: int | None = None, **keywords: object) -> None:
    """Run the engine on the first `n_images` images, for both classes."""
    ids, photos = subject.ids[:n_images], subject.images[:n_images]
    classes = dict(zip(ids, subject.classes[:n_images].tolist(), strict=True))
    settings = Settings(batch_size=ENGINE_BATCH)
    layers = {"layer": subject.layer}
    attribute(subject.module, [(ids, photos)], classes, layers, resolve(methods), settings=settings, **keywords)  # type: ignore[arg-type]


def _figures(subject: Subject, repeats: int) -> tuple[dict[str, float], list[Row]]:
    n = len(subject.images)
    tell(f"{subject.name}: gradient family")
    gradient = {"bare": lambda: _bare(subject), "engine": lambda: explain(subject, GRADIENT)}
    in_turns(gradient, 1)  # the first calls load libraries and fill caches
    turns = in_turns(gradient, repeats)
    bare, engine = (statistics.median(turns[name]) / n for name in ("bare", "engine"))
    library = cpu_seconds(lambda: peers.gradient_maps(subject)) / n
    channels = _n_channels(subject)
    extrapolated = f"extrapolated from {peers.SUBSET} of {channels} channels"

    tell(f"{subject.name}: Ablation-CAM")
    peers_ablation = 2 * cpu_seconds(peers.ablation_subset(subject)) * channels / peers.SUBSET
    explain(subject, ["ablationcam"], 1)
    ablation = cpu_seconds(lambda: explain(subject, ["ablationcam"], 4)) / 4

    tell(f"{subject.name}: Score-CAM")
    scores = in_turns(
        {
            "ours": lambda: explain(subject, ["scorecam"], 1, grid=lambda output: output[:, : peers.SUBSET]),
            "one map": peers.score_subset(subject),
            "floor": lambda: _masked_forwards(subject),
        },
        (repeats + 2) // 3,
    )
    per_image = {name: statistics.median(taken) * channels / peers.SUBSET for name, taken in scores.items()}
    figures = {
        "gradient_family_over_forward": ratio(turns["engine"], turns["bare"]),
        "gradient_family_speedup": library / engine,
        "ablation_speedup": peers_ablation / ablation,
        "score_speedup_two_classes": 2 * ratio(scores["one map"], scores["ours"]),
        "score_over_masked_forwards": ratio(scores["ours"], scores["floor"]),
    }
    n_theirs = 2 * (len(peers.CAMS) + 3)
    rows = [
        Row(subject.name, "bare forward pass, no gradient", bare, f"batches of {ENGINE_BATCH}"),
        Row(subject.name, f"engine: {len(GRADIENT)} gradient methods, 2 classes", engine, "the same batches"),
        Row(subject.name, f"pytorch-grad-cam and authors' CASE: {n_theirs} maps", library, "one call for each map"),
        Row(subject.name, "engine: Ablation-CAM, 2 classes", ablation, f"all {channels} channels"),
        Row(subject.name, "pytorch-grad-cam: Ablation-CAM, 2 maps", peers_ablation, extrapolated),
        Row(subject.name, "engine: Score-CAM, 2 classes", per_image["ours"], extrapolated),
        Row(subject.name, "pytorch-grad-cam: Score-CAM, 2 maps", 2 * per_image["one map"], extrapolated),
        Row(subject.name, f"{channels} masked forward passes", per_image["floor"], extrapolated),
    ]
    return figures, rows


def _scale(subject: Subject) -> tuple[dict[str, float], list[Row]]:
    """Time for 20 and 320 images (in turns), and peak memory for 40 and 320, each in a process of its own."""
    tell("growth of time and memory with the number of images")
    times: dict[int, list[float]] = {20: [], 320: []}
    stream(subject, 20)
    for _ in range(2):
        for n in times:
            times[n].append(cpu_seconds(lambda n=n: stream(subject, n)) / n)  # type: ignore[misc]
    peaks = {n: _peak_mb(n) for n in (40, 320)}
    figures = {
        "time_growth_20_to_320": ratio(times[320], times[20]),
        "memory_growth_40_to_320": peaks[320] / peaks[40],
    }
    rows = [
        Row(subject.name, f"engine: gradient family, {n} images", statistics.median(taken))
        for n, taken in times.items()
    ]
    return figures, rows + [
        Row(subject.name, f"peak memory, {n} images", float("nan"), f"{peak:.0f} MB") for n, peak in peaks.items()
    ]


def stream(subject: Subject, n_images: int) -> None:
    """Run the gradient family on `n_images` images, the subject's repeated, read ten at a time."""

    def numbered() -> Iterator[tuple[str, Tensor, list[int]]]:
        for i in range(n_images):
            yield str(i), subject.images[i % len(subject.images)], subject.classes[i % len(subject.images)].tolist()

    def batches() -> Iterator[tuple[list[str], Tensor]]:
        items = numbered()
        while part := list(islice(items, ENGINE_BATCH)):
            yield [name for name, _, _ in part], torch.stack([image for _, image, _ in part])

    classes = {name: row for name, _, row in numbered()}
    settings = Settings(batch_size=ENGINE_BATCH)
    attribute(subject.module, batches(), classes, {"layer": subject.layer}, resolve(GRADIENT), settings=settings)


def _peak_mb(n_images: int) -> float:
    command = [sys.executable, "-m", "benchmarks.peak", str(n_images)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)  # noqa: S603 (own module)


def _n_channels(subject: Subject) -> int:
    layer = subject.module.get_submodule(subject.layer)
    assert isinstance(layer, torch.nn.Conv2d)
    return layer.out_channels


@torch.no_grad()
def _bare(subject: Subject) -> None:
    for part in torch.split(subject.images, ENGINE_BATCH):
        subject.module(part)


@torch.no_grad()
def _masked_forwards(subject: Subject) -> None:
    """Do the least that Score-CAM must do: a forward pass for each mask."""
    images = subject.images[:1].expand(peers.SUBSET, -1, -1, -1).clone()
    for part in torch.split(images, ENGINE_BATCH):
        subject.module(part)
