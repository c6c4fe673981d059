"""Scores of the defect replay: agreement with arbitrary top sets, and what is kept of an image."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from case_saliency.attribution.resample import upsample
from case_saliency.diagnostic import degenerate, topk
from case_saliency.diagnostic.topk import FloatArray

COLUMNS = (
    *("experiment", "dataset", "model", "seed", "layer", "method", "contrast", "image_id", "k_percent", "agreement"),
    *("agreement_arbitrary", "drop", "drop_transposed", "degenerate", "qualified", "reason"),
)
"""Columns of the table of scores: one row for each image, method and contrast set. Drops with a transposed mask are
measured where a replay asks for them, NaN elsewhere."""


def arbitrary_agreement(maps: FloatArray, input_size: tuple[int, int], k_percent: float) -> npt.NDArray[np.float64]:
    """Return the agreement of pairs of maps with arbitrary top sets, in percent: NaN only where a map is not finite.

    Of equal pixels the one with the highest index comes first, also where all are equal: two empty maps agree fully,
    an empty and a sound one by chance.

    Parameters
    ----------
    maps
        (N, 2, h, w).
    input_size
        (H, W) of the network's input.
    k_percent
        Size of the top set.

    Examples
    --------
    >>> arbitrary_agreement(np.zeros((1, 2, 2, 2)), (4, 4), 25).tolist()
    [100.0]
    """
    finite = degenerate.classify(maps.reshape(-1, *maps.shape[2:])) != degenerate.KINDS.index("nan")
    kept = np.flatnonzero(finite.reshape(len(maps), 2).all(axis=1))
    found = np.full(len(maps), np.nan)
    size = topk.top_size(input_size[0] * input_size[1], k_percent)
    for position in kept:
        values = upsample(maps[position : position + 1], input_size).reshape(1, 2, -1)
        found[position] = topk.overlap(values[:, 0], values[:, 1], [size], "paper")[0, 0]
    return found


def assemble(agreement: pd.DataFrame, arbitrary: FloatArray, drop: FloatArray, transposed: FloatArray) -> pd.DataFrame:
    """Join what was measured of one method's maps, in the order of the images of `score_agreement`'s table."""
    columns = ["image_id", "k_percent", "agreement", "degenerate", "qualified", "reason"]
    measured = {"agreement_arbitrary": arbitrary, "drop": drop, "drop_transposed": transposed}
    return agreement[columns].assign(**measured)
