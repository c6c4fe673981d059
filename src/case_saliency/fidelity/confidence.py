"""The network's answer to a stream of images, followed in one class for each."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice

import numpy as np
import numpy.typing as npt
import torch

from case_saliency.errors import CaseSaliencyError

PredictLogits = Callable[[torch.Tensor], torch.Tensor]


def follow(
    images: Iterator[torch.Tensor],
    class_index: npt.NDArray[np.integer],
    names: Sequence[str],
    predict_logits: PredictLogits,
    batch_size: int,
) -> npt.NDArray[np.float64]:
    """Return the softmax confidence and the logit of one class for each image of a stream.

    Parameters
    ----------
    images
        M images (C, H, W), taken from the stream when their batch is due: never more than `batch_size` are held.
    class_index
        (M,) the class followed in each image.
    names
        M names for messages.
    predict_logits
        Images (B, C, H, W) -> logits (B, classes).
    batch_size
        Largest B.

    Returns
    -------
    numpy.ndarray
        (M, 2): confidence, computed in double precision, and logit.

    Raises
    ------
    CaseSaliencyError
        If a logit is not finite; names the image.
    """
    followed = np.empty((len(class_index), 2))
    for start in range(0, len(class_index), batch_size):
        part = slice(start, start + batch_size)
        classes = torch.from_numpy(class_index[part].astype(np.int64))[:, None]
        with torch.inference_mode():
            logits = predict_logits(torch.stack(list(islice(images, len(classes))))).cpu().double()
        broken = torch.nonzero(~logits.isfinite().all(dim=1))
        if len(broken):
            name = names[start + int(broken[0])]
            raise CaseSaliencyError(f"image {name}: the network returns a logit that is not finite; check its weights")
        followed[part, 0] = logits.softmax(dim=1).gather(1, classes)[:, 0].numpy()
        followed[part, 1] = logits.gather(1, classes)[:, 0].numpy()
    return followed
