"""The network's answer to a stream of images, followed in chosen classes for each row of a table."""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from case_saliency.errors import CaseSaliencyError

PredictLogits = Callable[[torch.Tensor], torch.Tensor]


class Pass(NamedTuple):
    """An image (C, H, W) to be shown to the network, its name for messages, and the rows that its answer is for."""

    name: str
    rows: npt.NDArray[np.intp]
    image: torch.Tensor


def follow(
    passes: Iterator[Pass],
    class_index: npt.NDArray[np.integer],
    predict_logits: PredictLogits,
    batch_size: int,
) -> npt.NDArray[np.float64]:
    """Return the softmax confidence and the logit of each row's classes.

    Parameters
    ----------
    passes
        Images, taken from the stream when their batch is due: never more than `batch_size` are held.
    class_index
        (R, F) the classes that are followed in each of R rows.
    predict_logits
        Images (B, C, H, W) -> logits (B, classes).
    batch_size
        Largest B.

    Returns
    -------
    numpy.ndarray
        (R, F, 2): confidence, computed in double precision, and logit. NaN in rows that no pass is for.

    Raises
    ------
    CaseSaliencyError
        If a logit is not finite; names the image.
    """
    followed = np.full((*class_index.shape, 2), np.nan)
    while batch := list(islice(passes, batch_size)):
        with torch.inference_mode():
            logits = predict_logits(torch.stack([one.image for one in batch])).cpu().double()
        broken = torch.nonzero(~logits.isfinite().all(dim=1))
        if len(broken):
            name = batch[int(broken[0])].name
            raise CaseSaliencyError(f"image {name}: the network returns a logit that is not finite; check its weights")
        answers = torch.stack([logits.softmax(dim=1), logits], dim=2).numpy()
        for one, answer in zip(batch, answers, strict=True):
            followed[one.rows] = answer[class_index[one.rows]]
    return followed
