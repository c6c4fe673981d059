"""Contrast sets: agreement of each variant of CASE, and how often the compared class is in its sets."""

import pandas as pd

from case_saliency.statistics.attrition import CELL, MISCLASSIFIED, DegeneratePolicy, status
from case_saliency.statistics.class_sensitivity import agreement_table
from case_saliency.statistics.paired import ZeroMethod

_VARIANT = ["source", "k", "combined"]


def contrast_table(
    scores: pd.DataFrame,
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
    qualified = scores[status(scores, "agreement") != MISCLASSIFIED]
    keys = [*CELL]
    told = scores.groupby(keys, sort=False)[_VARIANT].first()
    inside = qualified.groupby(keys, sort=False)["other_in_set"].mean()
    return table.merge(told.join(inside).reset_index(), on=keys, how="left", validate="one_to_one")
