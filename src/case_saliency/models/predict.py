"""The two most probable classes of each image."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from case_saliency.errors import CaseSaliencyError

if TYPE_CHECKING:
    import pandas as pd
    import torch
    from torch import nn


def predict(
    module: "nn.Module", batches: "Iterable[tuple[list[str], torch.Tensor]]", labels: Mapping[str, int]
) -> "pd.DataFrame":
    """Classify images.

    Probabilities are the softmax of the logits in float64; of equal logits the lower class index ranks first.

    Parameters
    ----------
    module
        A network in evaluation mode: (N, 3, H, W) -> logits (N, C), C >= 2.
    batches
        Ids and inputs, as `images.batches` yields them; moved to the network's device.
    labels
        image_id -> true class index.

    Returns
    -------
    pandas.DataFrame
        One row for each image in order: `image_id`, `label`, `top1`, `top2` (class indices), `p_top1`, `p_top2`
        (probabilities), `logit_top1`, `logit_top2`, `correct` (top1 is the label).

    Raises
    ------
    CaseSaliencyError
        If a logit is NaN or infinite, or a label is not a class of the network; names the image.
    """
    import pandas as pd
    import torch

    device = next((parameter.device for parameter in module.parameters()), torch.device("cpu"))
    rows: list[dict[str, Any]] = []
    with torch.inference_mode():
        for image_ids, inputs in batches:
            logits = module(inputs.to(device)).cpu().numpy().astype(np.float64)
            rows += [
                _row(image_id, labels[image_id], scores) for image_id, scores in zip(image_ids, logits, strict=True)
            ]
    return pd.DataFrame(rows)


def _row(image_id: str, label: int, logits: np.ndarray[Any, np.dtype[np.float64]]) -> dict[str, Any]:
    """One image's prediction from its logits, shape (C,)."""
    if not np.isfinite(logits).all():
        raise CaseSaliencyError(
            f"image {image_id}: {np.count_nonzero(~np.isfinite(logits))} of {logits.size} logits are NaN or infinite; "
            "check the model's weights and the image"
        )
    if not 0 <= label < logits.size:
        raise CaseSaliencyError(
            f"image {image_id}: label {label} found, the model has classes 0 to {logits.size - 1}; correct the manifest"
        )
    exponentials = np.exp(logits - logits.max())
    probabilities = exponentials / exponentials.sum()
    top1, top2 = (int(index) for index in np.argsort(-logits, kind="stable")[:2])
    return {
        "image_id": image_id,
        "label": int(label),
        "top1": top1,
        "top2": top2,
        "p_top1": float(probabilities[top1]),
        "p_top2": float(probabilities[top2]),
        "logit_top1": float(logits[top1]),
        "logit_top2": float(logits[top2]),
        "correct": top1 == label,
    }
