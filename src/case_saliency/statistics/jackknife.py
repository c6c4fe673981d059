"""The mean over units that share members, such as mosaics in which the same images recur.

Units with a common member are not independent: Student's interval over them is too narrow, the more so the more often
the members recur. The members are what was sampled.
"""

from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats

from case_saliency.statistics.paired import Values, require_finite

ROUNDING = 1e-9
"""Units that differ by less than this are equal but for rounding: no test may find it significant."""

Kind = Literal["t", "jackknife", "none"]


class Clustered(NamedTuple):
    """A mean with its standard error, on `df` degrees of freedom, and how the standard error was found."""

    mean: float
    standard_error: float
    df: int
    kind: Kind

    def interval(self, level: float) -> tuple[float, float]:
        """Return the two-sided interval by Student's t; NaN where there is no standard error."""
        half_width = float(stats.t.ppf((1 + level) / 2, self.df) * self.standard_error) if self.df > 0 else np.nan
        return self.mean - half_width, self.mean + half_width

    def p_above(self, value: float) -> float:
        """Return the one-sided p-value of "the mean is at most `value`"; its limit where all units are equal."""
        if self.standard_error == 0:
            return float(self.mean <= value + ROUNDING)
        return float(stats.t.sf((self.mean - value) / self.standard_error, self.df)) if self.df > 0 else np.nan

    def p_differs(self, value: float) -> float:
        """Return the two-sided p-value of "the mean is `value`"; its limit where all units are equal."""
        if self.standard_error == 0:
            return float(abs(self.mean - value) <= ROUNDING)
        return float(2 * stats.t.sf(abs(self.mean - value) / self.standard_error, self.df)) if self.df > 0 else np.nan


def clustered_mean(values: Values, members: npt.NDArray[np.integer]) -> Clustered:
    """Return the mean of `values` with a standard error that allows for shared members.

    If no member recurs the units are independent: the standard error is s / sqrt(M), with M - 1 degrees of freedom.
    Otherwise it is the delete-one jackknife over the n members: with theta_i the mean over the units without member i,
    ``(n - 1) / n * sum_i (theta_i - mean(theta))^2`` is its square, with n - 1 degrees of freedom. For a mean over all
    possible units this is the classical variance estimate of a U-statistic; over a balanced part of them it counts the
    members' share of the variance in full and the units' own several times, so that it errs on the wide side.

    Parameters
    ----------
    values
        (M,) finite values, one for each unit.
    members
        (M, J) the members of each unit, as whole numbers.

    Returns
    -------
    Clustered
        Without standard error (NaN, kind "none") for fewer than two units, or if all units share a member.

    References
    ----------
    Arvesen (1969), Annals of Mathematical Statistics 40, 2076; Efron and Stein (1981), Annals of Statistics 9, 586.

    Examples
    --------
    >>> clustered_mean(np.array([1.0, 2.0, 3.0]), np.array([[0, 1], [2, 3], [4, 5]])).kind
    't'
    >>> found = clustered_mean(np.array([1.0, 2.0, 3.0]), np.array([[0, 1], [0, 2], [1, 2]]))
    >>> found.kind, found.mean, round(found.standard_error, 4)
    ('jackknife', 2.0, 1.1547)
    """
    require_finite(values)
    n_units = len(values)
    mean = float(values.mean()) if n_units else np.nan
    names, codes = np.unique(members, return_inverse=True)
    inside = np.zeros((n_units, len(names)))
    np.put_along_axis(inside, codes.reshape(members.shape), 1, axis=1)
    uses = inside.sum(axis=0)
    if n_units < 2 or (uses == n_units).any():
        return Clustered(mean, np.nan, 0, "none")
    recurs = bool((uses > 1).any())
    kind: Kind = "jackknife" if recurs else "t"
    df = (len(names) if recurs else n_units) - 1
    if np.ptp(values) <= ROUNDING:
        return Clustered(mean, 0.0, df, kind)
    if not recurs:
        return Clustered(mean, float(values.std(ddof=1) / np.sqrt(n_units)), df, kind)
    without = (values.sum() - values @ inside) / (n_units - uses)
    spread = float(((without - without.mean()) ** 2).sum())
    return Clustered(mean, float(np.sqrt(df / len(names) * spread)), df, kind)
