"""How the rules write numbers, and what they say of the power of their tests."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from case_saliency.figures.names import method_style
from case_saliency.report.ranges import spread
from case_saliency.statistics.power import paired_t_power

HELD_OUT_TOLD = "CASE, compared classes held out"


def label(method: str) -> str:
    """Return a method's display name."""
    return method_style(method).label


def spread_of(values: "pd.Series[Any]", form: str = ".0f") -> str:
    """Write the smallest and the largest of some numbers."""
    return spread(values.astype(float), f"{{:{form}}}")


def agreement_told(row: Mapping[Any, Any]) -> str:
    """Write the median agreement of a cell with its interval and n.

    Examples
    --------
    >>> agreement_told({"median_agreement": 12.34, "ci_low": 1.0, "ci_high": 20.0, "n": 18})
    'median 12.3% [1.0, 20.0], n = 18'
    """
    return f"median {row['median_agreement']:.1f}% [{row['ci_low']:.1f}, {row['ci_high']:.1f}], n = {row['n']}"


def sign_power(rows: pd.DataFrame) -> str:
    """Say what the sign test could have found with the images at hand."""
    if rows.empty:
        return ""
    return (
        f"with n = {spread_of(rows['n'])} the sign test finds a method that is below the threshold on 3 images in 4 "
        f"with probability {spread_of(rows['power'], '.2f')}; .8 takes {spread_of(rows['n_for_power80'])} images"
    )


def margin_power(rows: pd.DataFrame, margin: float, alpha: float) -> str:
    """Say how likely non-inferiority would be shown if drops were equal, from the spread of the differences.

    `rows` are those of `fidelity.csv`: the standard error is told by `least_margin`, which is the absolute difference
    plus the error times the t quantile.
    """
    n = rows["n_pairs"].to_numpy(dtype=float)
    quantile = stats.t.ppf(1 - alpha, np.maximum(n - 1, 1))
    error = (rows["least_margin"] - rows["difference_to_case"].abs()).to_numpy(dtype=float) / quantile
    with np.errstate(divide="ignore"):
        effects = np.where(error > 0, margin / (error * np.sqrt(n)), np.inf)
    power = pd.Series([paired_t_power(int(size), float(one), alpha) for size, one in zip(n, effects, strict=True)])
    return (
        f"with equal drops, non-inferiority within {margin:g} would be shown with probability "
        f"{spread_of(power, '.2f')} (n = {spread_of(rows['n_pairs'])})"
    )


def fragile(rows: pd.DataFrame) -> str:
    """Say in how many cells a definite verdict is not shared by the interval over pairs of classes; "" for none."""
    count = int(rows["fragile"].astype(bool).sum()) if len(rows) else 0
    return f"fragile in {count} of {len(rows)} cells: the interval over pairs of classes differs" if count else ""
