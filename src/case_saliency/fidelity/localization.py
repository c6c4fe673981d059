"""How much of a class's map lies in the class's own cell of a mosaic.

At the map's native resolution and without any scaling: with m+ = max(m, 0), the share is the sum of m+ inside the cell
over the sum of m+ everywhere. A map that does not depend on the class has shares that add up to 1 over the four cells:
its mean over a mosaic is 25%, whatever it marks.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from case_saliency.diagnostic.topk import FloatArray
from case_saliency.fidelity.mosaics import N_CELLS, NOT_DRAWN, Mosaic, Recognised

COLUMNS = (
    *("experiment", "dataset", "model", "seed", "layer", "method", "mosaic", "cell", "image_id", "class_index"),
    *("size", "height", "width", "min_confidence", "share", "hit", "confidence", "rank", "contrasted"),
    *("degenerate", "qualified", "reason"),
)
"""Columns of the scores; `score_localization` fills those from `mosaic` on, but for the four from `size` on."""


def cell_weights(height: int, width: int) -> FloatArray:
    """Return which part of each place of a map lies in each cell: shape (4, h, w), summing to 1 over the cells.

    The middle row or column of an odd number is split in halves.

    Examples
    --------
    >>> cell_weights(1, 3)[1].tolist()
    [[0.0, 0.25, 0.5]]
    """
    rows, columns = (
        np.clip(np.stack([length / 2 - np.arange(length), np.arange(length) + 1 - length / 2]), 0, 1)
        for length in (height, width)
    )
    weights: FloatArray = np.einsum("ry,cx->rcyx", rows, columns).reshape(N_CELLS, height, width)
    return weights


def share_and_hit(values: FloatArray, weights: FloatArray) -> tuple[float, float, str]:
    """Score one map against one cell.

    Parameters
    ----------
    values
        (h, w) the map; negative values count as none.
    weights
        (h, w) which part of each place lies in the cell.

    Returns
    -------
    tuple
        The share of the positive values inside the cell; the pointing game, whether the maximum lies inside (expected
        value over tied maxima); and the map's defect: "nan" (a value is not finite), "zero" (all are), "negative" (none
        is positive), "constant" (all are equal) or "". The first three have neither share nor hit (NaN).

    Examples
    --------
    >>> share_and_hit(np.array([[3.0, -5.0], [1.0, 3.0]]), np.array([[1.0, 0.0], [0.0, 0.0]]))
    (0.42857142857142855, 0.5, '')
    """
    if not np.isfinite(values).all():
        return np.nan, np.nan, "nan"
    positive = np.maximum(values, 0).astype(np.float64)
    if not positive.any():
        return np.nan, np.nan, "negative" if values.any() else "zero"
    share = float((positive * weights).sum() / positive.sum())
    hit = float(weights[values == values.max()].mean())
    return share, hit, "constant" if np.ptp(values) == 0 else ""


def score_localization(
    maps: npt.NDArray[np.floating],
    mosaics: Sequence[Mosaic],
    seen: Recognised,
    excluded: Mapping[str, str],
    contrast_sets: npt.NDArray[np.integer] | None = None,
) -> pd.DataFrame:
    """Score one method's maps of all mosaics.

    Parameters
    ----------
    maps
        (M, 4, h, w) maps of M mosaics for the classes of their four cells, at native resolution.
    mosaics
        The M mosaics.
    seen
        The network's answers.
    excluded
        Image id -> why the image may be in no mosaic, see `mosaics.exclusions`; "" if it may.
    contrast_sets
        (M, 4, k) the classes that the method contrasts each class with; None: it contrasts none.

    Returns
    -------
    pandas.DataFrame
        One row for each mosaic and cell, in order; then one for each image that is in no mosaic, so that all images are
        accounted for: `qualified` is false, `reason` says why ("not drawn" if nothing else kept it out), `cell` is -1.
        `contrasted` counts the members of the contrast set that are classes of other cells.

    Raises
    ------
    ValueError
        If the maps are not those of the mosaics.
    """
    if maps.ndim != 4 or maps.shape[:2] != (len(mosaics), N_CELLS):
        raise ValueError(f"score_localization: maps of shape {maps.shape}, expected ({len(mosaics)}, {N_CELLS}, h, w)")
    weights = cell_weights(*maps.shape[2:])
    rows = []
    for number, mosaic in enumerate(mosaics):
        for cell in range(N_CELLS):
            share, hit, defect = share_and_hit(maps[number, cell], weights[cell])
            row = {"mosaic": mosaic.name, "cell": cell, "image_id": mosaic.image_ids[cell]}
            row |= {"class_index": mosaic.classes[cell], "share": share, "hit": hit, "degenerate": defect}
            row |= {"confidence": seen.confidence[number, cell], "rank": seen.rank[number, cell]}
            members = () if contrast_sets is None else contrast_sets[number, cell]
            row |= {"contrasted": len({*mosaic.classes} & {*map(int, members)}) if len(members) else np.nan}
            rows.append(row | {"qualified": True, "reason": ""})
    drawn = {image_id for mosaic in mosaics for image_id in mosaic.image_ids}
    left = {image_id: reason or NOT_DRAWN for image_id, reason in excluded.items() if image_id not in drawn}
    rows += [_ABSENT | {"image_id": image_id, "reason": reason} for image_id, reason in left.items()]
    return pd.DataFrame(rows)


_ABSENT = {
    "mosaic": "",
    "cell": -1,
    "class_index": -1,
    "rank": -1,
    "degenerate": "",
    "qualified": False,
} | dict.fromkeys(("share", "hit", "confidence", "contrasted"), np.nan)
