"""Correction for asking more than one question."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from statsmodels.stats.multitest import fdrcorrection

from case_saliency.statistics.paired import Values


def holm(p_values: Values) -> Values:
    """Return Holm's step-down adjusted p-values, which control the family-wise error rate.

    Of m p-values the i-th smallest becomes ``max((m - j + 1) p_(j) for j <= i)``, at most 1: the values of statsmodels'
    ``multipletests``, which collects garbage in each call, for longer than it computes. A NaN is a test that could not
    be made: it stays NaN and does not count in the size of the family.

    References
    ----------
    Holm (1979), Scandinavian Journal of Statistics 6, 65.

    Examples
    --------
    >>> holm(np.array([0.01, 0.04, np.nan])).tolist()
    [0.02, 0.04, nan]
    """
    return _of_those_made(p_values, _holm)


def benjamini_hochberg(p_values: Values) -> Values:
    """Return Benjamini and Hochberg's step-up adjusted p-values, which control the false discovery rate.

    For sweeps, where the question is which settings show an effect, and a share of false ones is bearable. The rate
    holds for independent tests and for positively dependent ones, as those of neighbouring settings are. A NaN is a
    test that could not be made: it stays NaN and does not count in the size of the family.

    References
    ----------
    Benjamini and Hochberg (1995), Journal of the Royal Statistical Society B 57, 289; Benjamini and Yekutieli (2001),
    Annals of Statistics 29, 1165 (dependence).

    Examples
    --------
    >>> benjamini_hochberg(np.array([0.01, 0.04, np.nan])).tolist()
    [0.02, 0.04, nan]
    """
    return _of_those_made(p_values, lambda made: fdrcorrection(made)[1])


def adjusted_by(
    table: pd.DataFrame, column: str, by: Sequence[str], adjust: Callable[[Values], Values] = holm
) -> "pd.Series[float]":
    """Return a table's p-values, adjusted within each family; NaN for controls, which no family has.

    Parameters
    ----------
    table
        Rows with a `role`, "method" or "control", and a p-value each.
    column
        Where the p-values stand.
    by
        Columns that name a family.
    adjust
        The correction.

    Examples
    --------
    >>> table = pd.DataFrame({"role": ["method", "method", "control"], "experiment": "e", "p": [0.01, 0.04, 0.5]})
    >>> adjusted_by(table, "p", ["experiment"]).tolist()
    [0.02, 0.04, nan]
    """
    adjusted = pd.Series(np.nan, index=table.index)
    for _, family in table[table["role"] == "method"].groupby(list(by)):
        adjusted[family.index] = adjust(family[column].to_numpy(dtype=float))
    return adjusted


def _of_those_made(p_values: Values, adjust: Callable[[Values], Values]) -> Values:
    adjusted = np.full(p_values.shape, np.nan)
    made = ~np.isnan(p_values)
    if made.any():
        adjusted[made] = adjust(p_values[made])
    return adjusted


def _holm(p_values: Values) -> Values:
    order = np.argsort(p_values)
    adjusted = np.empty(p_values.shape)
    adjusted[order] = np.maximum.accumulate(p_values[order] * np.arange(p_values.size, 0, -1))
    return np.minimum(adjusted, 1.0)
