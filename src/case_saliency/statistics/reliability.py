"""Reliability: how much of a method's disagreement between classes is more than its disagreement with itself.

    index = (mean within - mean between) / (mean within - chance)

a ratio of means over images, see `diagnostic.reliability`. 0: the maps of two classes differ no more than two maps of
one class do; 1: they share no more than chance has it. It is not defined where the maps of one class hardly agree more
than by chance. It decides nothing: a method with a high index need not be faithful, nor one with a low index useless.
"""

from collections.abc import Collection
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd

from case_saliency.diagnostic.degenerate import KINDS
from case_saliency.statistics.attrition import CELL, KEPT, Scores, cells, counts, status
from case_saliency.statistics.intervals import Interval, bca_ratio_interval

POOLED = "all"
"""Name of the rows that pool all augmentations."""
LEAST = 10.0
"""Points by which within must exceed chance for the index to be defined."""

_MEANS = ("within", "between", "chance", "keeps_top1")
_COLUMNS = (
    *(*CELL, "augmentation", "k_percent", "n", "within", "between", "chance", "reliability", "ci_low", "ci_high"),
    *("not_defined", "kept_top1", "role", "n_degenerate", "n_excluded_misclassified", "n_total"),
)


def reliability_table(scores: Scores, *, controls: Collection[str], alpha: float, seed: int = 0) -> pd.DataFrame:
    """Estimate the reliability index of each method on each network.

    Parameters
    ----------
    scores
        One row for each image, method, layer and augmentation (see `diagnostic.reliability.COLUMNS`).
    controls
        Methods that calibrate the measure.
    alpha
        The BCa interval of the index over images has level 1 - alpha.
    seed
        Seeds the bootstrap.

    Returns
    -------
    pandas.DataFrame
        One row for each cell, k and augmentation, after one for all augmentations together ("all"): there an image's
        values are their means over the augmentations, and an image counts that has a value under each. `n` images
        count; `within`, `between` and `chance` are means in percent; `reliability` is the index with its interval, NaN
        where `not_defined` says why; `kept_top1` is the share of qualified images whose top-1 prediction stays.

    Raises
    ------
    ValueError
        If a score is missing for no stated reason, or an image occurs twice in a cell.
    """
    keys = [*CELL, "k_percent", "augmentation"]
    rows = []
    together = ((names, _pooled(cell)) for names, cell in cells(scores, keys[:-1]))
    for names, cell in chain((((*names, POOLED), cell) for names, cell in together), cells(scores, keys)):
        if cell["image_id"].duplicated().any():
            raise ValueError("reliability_table: an image occurs twice in a cell; pass the scores of one shift")
        row = dict(zip(keys, names, strict=True))
        row["role"] = "control" if row["method"] in controls else "method"
        rows.append(row | _estimate(cell, alpha, seed))
    return pd.DataFrame(rows, columns=list(_COLUMNS))


def _pooled(scores: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each image with the means over its augmentations, NaN where one is missing."""
    ranks = scores["degenerate"].map({kind: rank for rank, kind in enumerate(KINDS)}).astype(int)
    grouped = scores.assign(degenerate=ranks).groupby([*CELL, "k_percent", "image_id"], sort=False)
    pooled = grouped[["qualified", "reason"]].first().assign(augmentation=POOLED)
    pooled["degenerate"] = grouped["degenerate"].max().map(dict(enumerate(KINDS)))
    complete = grouped[list(_MEANS)].count().eq(grouped.size(), axis=0)
    pooled[list(_MEANS)] = grouped[list(_MEANS)].mean().where(complete)
    return pooled.reset_index()


def _estimate(cell: pd.DataFrame, alpha: float, seed: int) -> dict[str, Any]:
    cell = cell.assign(status=status(cell, "within"))
    kept = cell[cell["status"] == KEPT]
    within, between, chance = (kept[name].to_numpy(dtype=float) for name in ("within", "between", "chance"))
    row: dict[str, Any] = {"n": len(kept), **counts(cell)}
    row |= {name: float(kept[name].mean()) for name in ("within", "between")}
    row |= {"chance": float(cell["chance"].mean()), "kept_top1": float(cell["keeps_top1"].mean())}
    above = row["within"] - row["chance"]
    index = Interval(np.nan, np.nan, np.nan, np.nan)
    row["not_defined"] = ""
    if not len(kept):
        row["not_defined"] = "no image counts"
    elif above < LEAST:
        row["not_defined"] = f"within exceeds chance by {above:.1f} points, less than {LEAST:g}"
    else:
        index = bca_ratio_interval(within - between, within - chance, 1 - alpha, seed)
    return row | {"reliability": index.estimate, "ci_low": index.low, "ci_high": index.high}
