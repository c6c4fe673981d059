"""Agreement of every two classes: scores of each image -> means and medians over images, by rank and over all pairs."""

from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd

from case_saliency.statistics.attrition import CELL, KEPT, MISCLASSIFIED, Scores, cells, status
from case_saliency.statistics.intervals import bca_mean_interval, median_interval

ALL = "all"
"""What stands in both columns of ranks where all pairs are taken together."""

_COLUMNS = (
    *(*CELL, "k_percent", "rank_a", "rank_b", "n", "mean_agreement", "mean_ci_low", "mean_ci_high"),
    *("median_agreement", "ci_low", "ci_high", "ci_level", "n_pairs", "n_degenerate", "role"),
    *("n_excluded_misclassified", "n_total"),
)


def pairwise_table(scores: Scores, *, controls: Collection[str], alpha: float, seed: int = 0) -> pd.DataFrame:
    """Describe the agreement of every two classes, by their ranks.

    Parameters
    ----------
    scores
        One row for each image, method, layer and pair of ranks (see `diagnostic.pairwise.COLUMNS`).
    controls
        Methods that calibrate the measure.
    alpha
        Intervals have level 1 - alpha: BCa for the mean, exact for the median.
    seed
        Seeds the bootstrap.

    Returns
    -------
    pandas.DataFrame
        One row for each cell, k and pair of ranks, and before them one for all pairs (ranks "all"): there the value of
        an image is the mean over its pairs that have one, so that the image stays the unit. `n` images have a value,
        from `n_pairs` pairs of maps; `n_degenerate` pairs of qualified images have none.

    Raises
    ------
    ValueError
        If a score is missing for no stated reason, or a pair occurs twice in an image.
    """
    keys = [*CELL, "k_percent"]
    rows: list[dict[str, Any]] = []
    for names, found in cells(scores, keys):
        cell = found.assign(status=status(found, "agreement"))
        if cell.duplicated(["image_id", "rank_a", "rank_b"]).any():
            raise ValueError("pairwise_table: a pair of classes occurs twice in an image; pass each network once")
        common = dict(zip(keys, names, strict=True))
        common["role"] = "control" if common["method"] in controls else "method"
        parts = {(ALL, ALL): cell} | {
            (str(a), str(b)): part for (a, b), part in cell.groupby(["rank_a", "rank_b"], sort=True)
        }
        for (a, b), part in parts.items():
            rows.append(common | {"rank_a": a, "rank_b": b} | _describe(part, alpha, seed))
    return pd.DataFrame(rows, columns=list(_COLUMNS))


def _describe(part: pd.DataFrame, alpha: float, seed: int) -> dict[str, Any]:
    kept = part[part["status"] == KEPT]
    values = kept.groupby("image_id", sort=False)["agreement"].mean().to_numpy(dtype=np.float64)
    mean, median = bca_mean_interval(values, 1 - alpha, seed), median_interval(values, 1 - alpha)
    missed = part["status"] == MISCLASSIFIED
    return {
        "n": values.size,
        "mean_agreement": mean.estimate,
        "mean_ci_low": mean.low,
        "mean_ci_high": mean.high,
        "median_agreement": median.estimate,
        "ci_low": median.low,
        "ci_high": median.high,
        "ci_level": median.level,
        "n_pairs": len(kept),
        "n_degenerate": len(part) - len(kept) - int(missed.sum()),
        "n_excluded_misclassified": part.loc[missed, "image_id"].nunique(),
        "n_total": part["image_id"].nunique(),
    }
