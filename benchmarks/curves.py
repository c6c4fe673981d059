"""Perturbation curves: deletion and insertion beside the forward passes they make, and what ROAD's imputation costs."""

import statistics
import warnings
from collections.abc import Callable

import numpy as np
import quantus
import torch
from numpy.typing import NDArray
from pytorch_grad_cam.metrics.road import NoisyLinearImputer

from benchmarks import networks
from benchmarks.networks import Subject
from benchmarks.timing import Row, in_turns, ratio, tell
from case_saliency.attribution.devices import Settings
from case_saliency.attribution.engine import attribute
from case_saliency.attribution.registry import resolve
from case_saliency.attribution.resample import upsample
from case_saliency.fidelity.curves import PerturbationCurves
from case_saliency.fidelity.perturb import tie_order, top_mask
from case_saliency.fidelity.road import interpolate

N_IMAGES, STEPS, BATCH, REPEATS = 2, 16, 10, 5  # steps and batch as in params.yaml
PEER_STEPS = 12  # of the comparison with Quantus: it wants equal steps that divide the number of pixels
SHARES = (5, 20, 50, 80)  # percent of the pixels that ROAD imputes


def measure() -> tuple[dict[str, float], list[Row]]:
    """Return the figures by key, and the lines of the table."""
    subject = networks.lite0()
    maps = _maps(subject)
    found, rows = _curves(subject, maps)
    imputed, more = _imputation(subject, maps)
    return found | imputed, [*rows, *more]


def _maps(subject: Subject) -> NDArray[np.float32]:
    """Grad-CAM of the predicted class, (N, 7, 7)."""
    ids, photos = subject.ids[:N_IMAGES], subject.images[:N_IMAGES]
    classes = {name: [row[0]] for name, row in zip(ids, subject.classes.tolist(), strict=False)}
    settings, methods = Settings(batch_size=BATCH), resolve(["gradcam"])
    drawn = attribute(subject.module, [(ids, photos)], classes, {"layer": subject.layer}, methods, settings=settings)
    return np.asarray(drawn.maps["layer"]["gradcam"][:, 0], dtype=np.float32)


def _curves(subject: Subject, maps: NDArray[np.float32]) -> tuple[dict[str, float], list[Row]]:
    tell("deletion, insertion and ROAD curves")
    n_inner = STEPS - 1  # between the ends, of which each is forwarded once
    one, both = N_IMAGES * (n_inner + 2), N_IMAGES * (2 * n_inner + 3)
    functions = {
        "both": _follow(subject, maps, ("deletion", "insertion")),
        "both, bare": _forwards(subject, both),
        "road": _follow(subject, maps, ("road",)),
        "road, bare": _forwards(subject, one),
        "deletion": _follow(subject, maps, ("deletion",), PEER_STEPS, N_IMAGES),
        "quantus": _pixel_flipping(subject, maps),
    }
    in_turns(functions, 1)
    turns = in_turns(functions, REPEATS)
    seconds = {name: statistics.median(taken) / N_IMAGES for name, taken in turns.items()}
    figures = {
        "deletion_insertion_over_forward": ratio(turns["both"], turns["both, bare"]),
        "road_over_forward": ratio(turns["road"], turns["road, bare"]),
        "deletion_speedup": ratio(turns["quantus"], turns["deletion"]),
    }
    steps, fewer = f"{STEPS} steps, 1 map", f"{PEER_STEPS} steps, 1 map"
    return figures, [
        Row(subject.name, "deletion and insertion", seconds["both"], f"{steps}, {both // N_IMAGES} passes"),
        Row(subject.name, f"{both // N_IMAGES} bare forward passes", seconds["both, bare"], f"batches of {BATCH}"),
        Row(subject.name, "ROAD", seconds["road"], f"{steps}, {one // N_IMAGES} passes"),
        Row(subject.name, f"{one // N_IMAGES} bare forward passes", seconds["road, bare"], f"batches of {BATCH}"),
        Row(subject.name, "deletion", seconds["deletion"], f"{fewer}, {PEER_STEPS + 1} passes, batches of {N_IMAGES}"),
        Row(
            subject.name,
            "Quantus: PixelFlipping",
            seconds["quantus"],
            f"{fewer}, {PEER_STEPS} passes, batches of {N_IMAGES}",
        ),
    ]


def _follow(
    subject: Subject, maps: NDArray[np.float32], curves: tuple[str, ...], steps: int = STEPS, batch: int = BATCH
) -> Callable[[], object]:
    follow = PerturbationCurves(predict_logits=subject.module, curves=curves, steps=steps, seed=0, batch_size=batch)
    return lambda: follow(
        subject.images[:N_IMAGES],
        {"gradcam": maps},
        image_ids=subject.ids[:N_IMAGES],
        class_index=subject.classes[:N_IMAGES, 0].numpy(),
        qualified=np.ones(N_IMAGES, dtype=bool),
    )


def _forwards(subject: Subject, number: int) -> Callable[[], object]:
    @torch.inference_mode()
    def call() -> None:
        for part in torch.split(subject.images[torch.arange(number) % N_IMAGES], BATCH):
            subject.module(part)

    return call


def _pixel_flipping(subject: Subject, maps: NDArray[np.float32]) -> Callable[[], object]:
    """Return Quantus's deletion of the same maps in as many steps; it batches over images, not over steps."""
    images = subject.images[:N_IMAGES].numpy()
    values = upsample(maps, images.shape[-2:])[:, None]
    size = images[0].size // PEER_STEPS
    metric = quantus.PixelFlipping(
        features_in_step=size, perturb_baseline=0.0, normalise=False, disable_warnings=True, display_progressbar=False
    )
    classes = subject.classes[:N_IMAGES, 0].numpy()

    def call() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            metric(
                subject.module, images, classes, a_batch=values, channel_first=True, device="cpu", batch_size=N_IMAGES
            )

    return call


def _imputation(subject: Subject, maps: NDArray[np.float32]) -> tuple[dict[str, float], list[Row]]:
    """Time the imputation of one mask of the first image, all channels, for each size."""
    tell("ROAD's imputation")
    image = subject.images[0]
    pixels, values = image.double().numpy(), upsample(maps[0], image.shape[-2:])
    order, library = tie_order(0, "image", values.size), NoisyLinearImputer()
    figures: dict[str, float] = {}
    rows = []
    for share in SHARES:
        mask = top_mask(values, share * values.size // 100, order)
        kept = torch.from_numpy(~mask).float()
        functions = {
            "ours": lambda mask=mask: interpolate(pixels, mask),  # type: ignore[misc]
            "library": lambda kept=kept: library(image, kept),  # type: ignore[misc]
        }
        turns = in_turns(functions, 3)
        taken = {name: statistics.median(found) for name, found in turns.items()}
        figures[f"road_imputation_{share}_ms"] = 1000 * taken["ours"]
        figures[f"road_imputation_{share}_speedup"] = ratio(turns["library"], turns["ours"])
        what = f"{share}% of the pixels, 3 channels"
        rows += [
            Row("", f"ROAD: impute {what}", taken["ours"], "one factorisation for each mask"),
            Row("", f"pytorch-grad-cam: impute {what}", taken["library"], "NoisyLinearImputer"),
        ]
    return figures, rows
