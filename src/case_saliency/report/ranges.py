"""How a column of numbers is told in a sentence."""

from typing import Any

import pandas as pd


def spread(values: "pd.Series[Any]", form: str) -> str:
    """Write the smallest and the largest value, or the one value if both read the same.

    Examples
    --------
    >>> spread(pd.Series([12.1, 5.6, 8.0]), "{:.0f}%")
    '6% to 12%'
    """
    known = values.dropna()
    if known.empty:
        return "no value"
    low, high = form.format(known.min()), form.format(known.max())
    return low if low == high else f"{low} to {high}"
