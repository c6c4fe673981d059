"""What published means, standard deviations and p-values of a paired t-test imply about its pairs.

With means a, b, standard deviations s, t and correlation r of two samples of n pairs, the paired t-test has
``t = (a - b) / sqrt(D / n)``, ``D = s^2 + t^2 - 2 r s t``. A published p gives |t|; so n follows from r, and r from n.
"""

import math

from scipy import optimize, stats


def implied_pairs(mean: tuple[float, float], sd: tuple[float, float], p: float, correlation: float = 0.0) -> float:
    """Return the number of pairs at which the paired t-test has the p-value, for a correlation of the pairs.

    Parameters
    ----------
    mean, sd
        Means and standard deviations of both samples.
    p
        Two-sided p-value, between 0 and 1.
    correlation
        Of the pairs; at 0 the result is that of a test on samples that share no image.

    Returns
    -------
    float
        n, not rounded; NaN where the means are equal or no n up to ten million fits.

    Examples
    --------
    >>> round(implied_pairs((0.2, 0.1), (0.3, 0.3), 0.0188))  # t = 2.357 with 99 degrees of freedom gives p = .0204
    103
    """
    variance = sd[0] ** 2 + sd[1] ** 2 - 2 * correlation * sd[0] * sd[1]
    difference = abs(mean[0] - mean[1])
    if difference == 0 or variance <= 0:
        return math.nan

    def excess(n: float) -> float:
        return float(2 * stats.t.sf(difference / math.sqrt(variance / n), n - 1)) - p

    low, high = 2.0, 1e7
    if excess(low) < 0 or excess(high) > 0:
        return math.nan
    return float(optimize.brentq(excess, low, high))


def implied_correlation(mean: tuple[float, float], sd: tuple[float, float], p: float, n: int) -> float:
    """Return the correlation of the pairs at which the paired t-test on n pairs has the p-value.

    Returns
    -------
    float
        NaN where the means are equal, or no correlation between -1 and 1 fits.

    Examples
    --------
    >>> mean, sd = (0.2, 0.1), (0.3, 0.3)
    >>> round(implied_correlation(mean, sd, 0.0188, round(implied_pairs(mean, sd, 0.0188))), 1) == 0
    True
    """
    difference = abs(mean[0] - mean[1])
    if difference == 0:
        return math.nan
    t = float(stats.t.isf(p / 2, n - 1))
    if t == 0:
        return math.nan
    found = (sd[0] ** 2 + sd[1] ** 2 - n * (difference / t) ** 2) / (2 * sd[0] * sd[1])
    return found if -1 <= found <= 1 else math.nan
