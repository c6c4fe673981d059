"""RQ1: per-image agreement -> tests of "median agreement >= threshold" and a three-way verdict."""

from collections.abc import Collection
from typing import Any, Literal

import numpy as np
import pandas as pd

from case_saliency.statistics.attrition import CELL, KEPT, MISCLASSIFIED, status
from case_saliency.statistics.intervals import median_interval, verdict
from case_saliency.statistics.multiplicity import holm
from case_saliency.statistics.paired import Values, ZeroMethod, sign_test_less, wilcoxon_less
from case_saliency.statistics.power import sign_test_power

DegeneratePolicy = Literal["exclude", "insensitive", "sensitive"]

_POLICY_VALUE = {"insensitive": 100.0, "sensitive": 0.0}
_COLUMNS = (
    *(*CELL, "k_percent", "n", "median_agreement", "ci_low", "ci_high", "ci_level", "mean_agreement"),
    *("p_wilcoxon", "p_sign", "p_holm", "verdict", "role", "rejects_paper", "power"),
    *("degenerate_rate", "n_degenerate", "n_excluded_misclassified", "n_total"),
)


def agreement_table(
    scores: pd.DataFrame,
    *,
    controls: Collection[str],
    alpha: float,
    threshold: float,
    zero_method: ZeroMethod,
    degenerate_policy: DegeneratePolicy = "exclude",
    effect: float = 0.75,
) -> pd.DataFrame:
    """Test the class-sensitivity of each method on each network.

    Parameters
    ----------
    scores
        Agreement scores, one row for each image, method, layer and k (see `diagnostic.agreement.COLUMNS`).
    controls
        Methods that calibrate the test; they are tested alike but stay out of the correction for multiplicity.
    alpha
        Level of the tests; the interval of the median has level 1 - alpha at least.
    threshold
        Agreement in percent that a class-insensitive method reaches: H0 is "median >= threshold".
    zero_method
        For the Wilcoxon test, see `wilcoxon_less`.
    degenerate_policy
        What a pair with a degenerate map counts as: nothing ("exclude"), agreement 100 ("insensitive") or 0
        ("sensitive").
    effect
        P(agreement < threshold) at which the attainable power of the sign test is stated.

    Returns
    -------
    pandas.DataFrame
        One row for each cell and k, in the order of `scores`. `p_holm` corrects `p_sign` over the methods, networks and
        layers of an experiment at one k. `verdict` follows from the median's interval; `rejects_paper` is the paper's
        criterion, ``p_wilcoxon < alpha``. With no image left: n = 0, NaN, and "undecided".

    Raises
    ------
    ValueError
        If a score is missing for no stated reason, or an image occurs twice in a cell.
    """
    keys = [*CELL, "k_percent"]
    scores = scores.assign(status=status(scores, "agreement"))
    if scores.duplicated([*keys, "image_id"]).any():
        raise ValueError("agreement_table: an image occurs twice in a cell; pass one resolution and convention of ties")
    if degenerate_policy not in ("exclude", *_POLICY_VALUE):
        raise ValueError(f"agreement_table: degenerate_policy is {degenerate_policy!r}, unknown")
    rows = []
    for names, cell in scores.groupby(keys, sort=False):
        row = dict(zip(keys, names, strict=True))
        row["role"] = "control" if row["method"] in controls else "method"
        row |= _counts(cell)
        row |= _tests(_values(cell, degenerate_policy), alpha, threshold, zero_method, effect)
        rows.append(row)
    table = pd.DataFrame(rows, columns=list(_COLUMNS))
    for _, family in table[table["role"] == "method"].groupby(["experiment", "k_percent"]):
        table.loc[family.index, "p_holm"] = holm(family["p_sign"].to_numpy(dtype=float))
    return table


def _values(cell: pd.DataFrame, policy: DegeneratePolicy) -> Values:
    values = cell["agreement"].where(cell["status"] == KEPT, _POLICY_VALUE.get(policy, np.nan))
    return values[cell["status"] != MISCLASSIFIED].dropna().to_numpy(dtype=float)


def _counts(cell: pd.DataFrame) -> dict[str, Any]:
    n_misclassified = int((cell["status"] == MISCLASSIFIED).sum())
    n_degenerate = len(cell) - n_misclassified - int((cell["status"] == KEPT).sum())
    n_qualified = len(cell) - n_misclassified
    return {
        "degenerate_rate": n_degenerate / n_qualified if n_qualified else np.nan,
        "n_degenerate": n_degenerate,
        "n_excluded_misclassified": n_misclassified,
        "n_total": len(cell),
    }


def _tests(
    values: Values,
    alpha: float,
    threshold: float,
    zero_method: ZeroMethod,
    effect: float,
) -> dict[str, Any]:
    interval = median_interval(values, 1 - alpha)
    p_wilcoxon = wilcoxon_less(values, threshold, zero_method)
    return {
        "n": values.size,
        "median_agreement": interval.estimate,
        "ci_low": interval.low,
        "ci_high": interval.high,
        "ci_level": interval.level,
        "mean_agreement": float(values.mean()) if values.size else np.nan,
        "p_wilcoxon": p_wilcoxon,
        "p_sign": sign_test_less(values, threshold),
        "p_holm": np.nan,
        "verdict": verdict(interval, threshold),
        "rejects_paper": p_wilcoxon < alpha,
        "power": sign_test_power(values.size, effect, alpha),
    }
