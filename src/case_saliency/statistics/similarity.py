"""Likeness of two classes' maps: scores by image -> agreement tested over a sweep of k, other measures with intervals.

Exploratory beside the primary test, which is agreement at one k and input resolution (`class_sensitivity`).
"""

from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd

from case_saliency.statistics.attrition import CELL, DegeneratePolicy, Scores, cells, counted, counts, status
from case_saliency.statistics.intervals import bca_mean_interval, median_interval, verdict
from case_saliency.statistics.multiplicity import adjusted_by, benjamini_hochberg
from case_saliency.statistics.paired import Values, sign_test_less

AGREEMENT = "agreement"
_SETTING = ("measure", "resolution", "k_percent")
_CHANCE = ("chance", "chance_se", "chance_median")
_ROOM = 1e-9  # less than this between chance and the most is rounding
_COLUMNS = (
    *(*CELL, *_SETTING, "n_top", "below_one_cell", "n", "median", "ci_low", "ci_high", "ci_level"),
    *("mean", "mean_ci_low", "mean_ci_high", *_CHANCE, "above_chance", "p_sign", "p_bh", "verdict", "role"),
    *("degenerate_rate", "n_degenerate", "n_excluded_misclassified", "n_total"),
)


def similarity_table(
    scores: Scores,
    *,
    controls: Collection[str],
    alpha: float,
    threshold: float,
    degenerate_policy: DegeneratePolicy = "exclude",
    seed: int = 0,
) -> pd.DataFrame:
    """Describe every measure of likeness, and test agreement against the threshold over the whole sweep.

    Parameters
    ----------
    scores
        One row for each image, method, layer and measure (see `diagnostic.similarity.COLUMNS`).
    controls
        Methods that calibrate the test; they are tested alike but stay out of the correction for multiplicity.
    alpha
        Intervals have level 1 - alpha, that of the median at least.
    threshold
        Agreement in percent that a class-insensitive method reaches: H0 is "median >= threshold".
    degenerate_policy
        What a pair with a degenerate map counts as in agreement, see `attrition.counted`. The other measures leave it
        out: they have no value that bounds what an empty map could have shared.
    seed
        Seeds the bootstrap of the mean.

    Returns
    -------
    pandas.DataFrame
        One row for each cell, measure, resolution and k. `median` with its exact order-statistic interval, `mean` with
        its BCa interval; `chance` is to be compared with the mean, `chance_median` with the median. `above_chance` is
        ``(mean - chance) / (most - chance)``, most the value of equal maps: 0 at chance, 1 for equal maps, whatever the
        measure and k. `p_sign`, `p_bh` and `verdict` are given for agreement: `p_bh` is Benjamini and Hochberg's
        correction over methods, networks, layers, resolutions and k of an experiment. `n_top` is the size of the top
        set in pixels or cells, and `below_one_cell` says that k% is less than one cell of the map, so that the top set
        is its largest cell or nothing, and the agreement that of the largest cell.

    Raises
    ------
    ValueError
        If a score is missing for no stated reason, an image occurs twice, or the rows of a cell differ in their level
        of chance.
    """
    keys = [*CELL, *_SETTING]
    rows = []
    for names, found in cells(scores, keys):
        cell = found.assign(status=status(found, "value"))
        if cell["image_id"].duplicated().any():
            raise ValueError("similarity_table: an image occurs twice in a cell")
        row: dict[str, Any] = dict(zip(keys, names, strict=True))
        row |= {name: _common(cell, name) for name in ("n_top", *_CHANCE)}
        row |= {"role": "control" if row["method"] in controls else "method", "below_one_cell": row["n_top"] < 1}
        agreement = row["measure"] == AGREEMENT
        values = _values(cell, degenerate_policy if agreement else "exclude")
        row |= counts(cell) | _describe(values, alpha, seed) | _test(values, alpha, threshold, agreement=agreement)
        row["above_chance"] = _above_chance(row["mean"], row["chance"], 100.0 if agreement else 1.0)
        rows.append(row)
    table = pd.DataFrame(rows, columns=list(_COLUMNS))
    return table.assign(p_bh=adjusted_by(table, "p_sign", ["experiment"], benjamini_hochberg))


def _common(cell: pd.DataFrame, column: str) -> float:
    """Return the one value of a column in all rows of a cell."""
    found = cell[column].unique()
    if len(found) != 1:
        raise ValueError(f"similarity_table: {column} differs within a cell, values {found.tolist()}")
    return float(found[0])


def _values(cell: pd.DataFrame, policy: DegeneratePolicy) -> Values:
    return counted(cell.rename(columns={"value": "agreement"}), policy).to_numpy()


def _above_chance(mean: float, chance: float, most: float) -> float:
    """Return where the mean lies between chance and the most; NaN where chance is all there is (k = 100)."""
    return (mean - chance) / (most - chance) if most - chance > _ROOM else float("nan")


def _describe(values: Values, alpha: float, seed: int) -> dict[str, Any]:
    median, mean = median_interval(values, 1 - alpha), bca_mean_interval(values, 1 - alpha, seed)
    return {
        "n": values.size,
        "median": median.estimate,
        "ci_low": median.low,
        "ci_high": median.high,
        "ci_level": median.level,
        "mean": mean.estimate,
        "mean_ci_low": mean.low,
        "mean_ci_high": mean.high,
    }


def _test(values: Values, alpha: float, threshold: float, *, agreement: bool) -> dict[str, Any]:
    if not agreement:
        return {"p_sign": np.nan, "verdict": ""}
    return {
        "p_sign": sign_test_less(values, threshold),
        "verdict": verdict(median_interval(values, 1 - alpha), threshold),
    }
