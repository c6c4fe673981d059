"""Contrast sets: agreement of each variant of CASE, and how often the compared class is in its sets."""

from typing import Any

import numpy as np
import pandas as pd

from case_saliency.statistics.attrition import CELL, MISCLASSIFIED, DegeneratePolicy, Scores, cells, status
from case_saliency.statistics.class_sensitivity import agreement_table
from case_saliency.statistics.paired import ZeroMethod

_VARIANT = ["source", "k", "combined"]


def contrast_table(
    scores: Scores,
    *,
    alpha: float,
    threshold: float,
    zero_method: ZeroMethod,
    degenerate_policy: DegeneratePolicy = "exclude",
    seed: int = 0,
) -> pd.DataFrame:
    """Describe each variant on each network.

    Parameters
    ----------
    scores
        Agreement scores with `method` the variant's name, and columns `source`, `k`, `combined` and `other_in_set`.
    alpha, threshold, zero_method, degenerate_policy, seed
        As in `class_sensitivity.agreement_table`.

    Returns
    -------
    pandas.DataFrame
        The columns of `agreement_table`, Holm's correction over all variants, networks and layers; `source`, `k`,
        `combined`; and `other_in_set`, the mean share over qualified images of contrast sets that hold the other
        compared class.
    """
    table = agreement_table(
        scores,
        controls=(),
        alpha=alpha,
        threshold=threshold,
        zero_method=zero_method,
        degenerate_policy=degenerate_policy,
        seed=seed,
    )
    rows: list[dict[str, Any]] = []
    for names, cell in cells(scores, CELL):
        inside = cell.loc[status(cell, "agreement") != MISCLASSIFIED, "other_in_set"].astype(float)
        row = dict(zip(CELL, names, strict=True)) | {name: cell[name].iloc[0] for name in _VARIANT}
        rows.append(row | {"other_in_set": inside.mean() if inside.notna().any() else np.nan})
    told = pd.DataFrame(rows, columns=[*CELL, *_VARIANT, "other_in_set"])
    return table.merge(told, on=list(CELL), how="left", validate="one_to_one")
