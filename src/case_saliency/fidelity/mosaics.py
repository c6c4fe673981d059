"""Mosaics of 2 x 2 images of different classes, in which it is known where the evidence for a class lies.

The grid pointing game of Boehle, Fritz and Schiele, "Convolutional Dynamic Alignment Networks for Interpretable
Classifications", CVPR 2021 (arXiv:2104.00032). Cells are numbered row by row: 0 1 above 2 3.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from case_saliency.attribution.seeding import generator
from case_saliency.errors import CaseSaliencyError

Size = Literal["native", "halved"]
N_CELLS = 4
MISCLASSIFIED, UNCONFIDENT, NOT_DRAWN = "misclassified", "unconfident", "not drawn"
"""Why an image is in no mosaic."""


@dataclass(frozen=True)
class Mosaic:
    """Four images and their classes, by cell."""

    name: str
    image_ids: tuple[str, ...]
    classes: tuple[int, ...]


def exclusions(predictions: pd.DataFrame, min_confidence: float) -> dict[str, str]:
    """Return image id -> why it is in no mosaic: misclassified, unconfident, or "" for an image that may be drawn.

    Parameters
    ----------
    predictions
        One row for each image, as `predict` makes them.
    min_confidence
        Least softmax probability of the predicted class, between 0 and 1.
    """
    reason = np.where(predictions["p_top1"] < min_confidence, UNCONFIDENT, "")
    reason = np.where(predictions["correct"], reason, MISCLASSIFIED)
    return dict(zip(predictions["image_id"], reason.tolist(), strict=True))


def draw(classes: Mapping[str, int], n_mosaics: int, seed: int) -> list[Mosaic]:
    """Draw mosaics of four images of four different classes, so that all images recur about equally often.

    The cells of a mosaic are filled with images of classes that it does not have yet, by chance among those that have
    been used least. So no image is used twice while enough others are left, and where all classes differ, the numbers
    of uses of any two images never differ by more than one. The four images are then put into the cells by chance.

    Parameters
    ----------
    classes
        Image id -> class.
    n_mosaics
        How many; they are called mosaic-0, mosaic-1, ...
    seed
        Seeds the draw, which depends on nothing but the arguments.

    Raises
    ------
    CaseSaliencyError
        If there are fewer than four classes.
    """
    names, labels = np.array(list(classes)), np.array(list(classes.values()), dtype=np.int64)
    n_classes = len(np.unique(labels))
    if n_classes < N_CELLS:
        raise CaseSaliencyError(
            f"localization: {len(names)} images of {n_classes} classes are classified correctly and with at least "
            f"localization.min_confidence, a mosaic needs {N_CELLS} classes; lower min_confidence, raise n_images, or "
            "take localization out of the experiment's analyses"
        )
    random = generator(seed, "mosaics")
    uses = np.zeros(len(names), dtype=np.int64)
    drawn = []
    for number in range(n_mosaics):
        chosen: list[int] = []
        while len(chosen) < N_CELLS:
            left = np.flatnonzero(~np.isin(labels, labels[chosen]))
            chosen.append(int(random.choice(left[uses[left] == uses[left].min()])))
        uses[chosen] += 1
        cells = random.permutation(chosen)
        drawn.append(Mosaic(f"mosaic-{number}", tuple(names[cells].tolist()), tuple(labels[cells].tolist())))
    return drawn


def assemble(images: Sequence[torch.Tensor], size: Size = "native") -> torch.Tensor:
    """Put four images (C, H, W) together: shape (C, 2H, 2W), or, "halved", (C, H, W) by averaging 2 x 2 pixels."""
    upper, lower = (torch.cat([images[cell], images[cell + 1]], dim=2) for cell in (0, 2))
    mosaic = torch.cat([upper, lower], dim=1)
    return mosaic if size == "native" else torch.nn.functional.avg_pool2d(mosaic[None], 2)[0]


def batches(
    mosaics: Sequence[Mosaic], images: Mapping[str, torch.Tensor], size: Size, batch_size: int
) -> Iterator[tuple[list[str], torch.Tensor]]:
    """Yield names of mosaics and network inputs, at most `batch_size` at a time.

    Parameters
    ----------
    images
        Image id -> the network's input (C, H, W).
    """
    for start in range(0, len(mosaics), batch_size):
        part = mosaics[start : start + batch_size]
        yield (
            [mosaic.name for mosaic in part],
            torch.stack([assemble([images[image_id] for image_id in mosaic.image_ids], size) for mosaic in part]),
        )


@dataclass(frozen=True)
class Recognised:
    """What the network makes of the classes of M mosaics, each (M, 4).

    `confidence` is the softmax probability of a cell's class, `rank` its place among all classes, 1 the most likely.
    """

    confidence: npt.NDArray[np.float64]
    rank: npt.NDArray[np.int64]


def recognise(
    predict_logits: Callable[[torch.Tensor], torch.Tensor],
    inputs: Iterable[tuple[Sequence[str], torch.Tensor]],
    mosaics: Sequence[Mosaic],
) -> Recognised:
    """Ask the network for the classes of the mosaics: a class that it no longer sees cannot be localised.

    Parameters
    ----------
    predict_logits
        Images (N, C, H, W) -> logits (N, K).
    inputs
        As `batches` yields them, of all `mosaics` in order.

    Raises
    ------
    CaseSaliencyError
        If the network does not take inputs of this size, or a logit is not finite.
    """
    confidences, ranks = [], []
    by_name = {mosaic.name: mosaic for mosaic in mosaics}
    for names, images in inputs:
        logits = _logits(predict_logits, images)
        if not logits.isfinite().all():
            raise CaseSaliencyError(f"{names[0]} to {names[-1]}: a logit is not finite; check the weights")
        classes = torch.tensor([by_name[name].classes for name in names])
        own = logits.gather(1, classes)
        confidences.append(logits.softmax(1).gather(1, classes).numpy())
        ranks.append((logits[:, None] > own[..., None]).sum(2).numpy() + 1)
    return Recognised(np.concatenate(confidences), np.concatenate(ranks))


def _logits(predict_logits: Callable[[torch.Tensor], torch.Tensor], images: torch.Tensor) -> torch.Tensor:
    try:
        with torch.inference_mode():
            return predict_logits(images).cpu().double()
    except torch.OutOfMemoryError:
        raise
    except (RuntimeError, ValueError, AssertionError) as error:  # what networks raise on a size they do not take
        height, width = images.shape[-2:]
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CaseSaliencyError(
            f"localization: the network refuses mosaics of {height} x {width} pixels ({reason}); set localization.size "
            "to halved"
        ) from error
