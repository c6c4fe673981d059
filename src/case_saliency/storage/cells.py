"""Cells of a table: the rows that have the same values in some columns."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd


def numbered(rows: "pd.DataFrame", keys: Sequence[str]) -> "npt.NDArray[np.int64]":
    """Return the number of each row's cell, cells counted in order of appearance.

    What `groupby(...).ngroup()` returns; that holds the keys of all rows at once.

    Parameters
    ----------
    rows
        Rows of any order.
    keys
        Columns whose values make a cell; a missing value is one, too.
    """
    import pandas as pd

    cell_of = np.zeros(len(rows), dtype=np.int64)
    for key in keys:
        codes, levels = pd.factorize(rows[key], use_na_sentinel=False)
        cell_of, _ = pd.factorize(cell_of * len(levels) + codes)
    return cell_of
