"""Correction for asking more than one question."""

import numpy as np
from statsmodels.stats.multitest import multipletests

from case_saliency.statistics.paired import Values


def holm(p_values: Values) -> Values:
    """Return Holm's step-down adjusted p-values, which control the family-wise error rate.

    A NaN is a test that could not be made: it stays NaN and does not count in the size of the family.

    References
    ----------
    Holm (1979), Scandinavian Journal of Statistics 6, 65.

    Examples
    --------
    >>> holm(np.array([0.01, 0.04, np.nan])).tolist()
    [0.02, 0.04, nan]
    """
    adjusted = np.full(p_values.shape, np.nan)
    made = ~np.isnan(p_values)
    if made.any():
        adjusted[made] = multipletests(p_values[made], method="holm")[1]
    return adjusted
