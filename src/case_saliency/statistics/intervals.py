"""Confidence intervals: exact for the median, Student's t and BCa for the mean; and the verdict from the first."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import special, stats

from case_saliency.statistics.paired import Values, require_finite

Verdict = Literal["class-sensitive", "insensitive", "undecided"]
BLOCK = 2**16
"""Resampled values held at a time: what a bootstrap needs does not grow with the images, until one resample is more."""


@dataclass(frozen=True)
class Interval:
    """An estimate with its interval and the confidence level that the interval attains (a probability)."""

    estimate: float
    low: float
    high: float
    level: float


def median_interval(values: Values, level: float) -> Interval:
    """Return the median and its exact order-statistic interval.

    The interval reaches from the r-th smallest to the r-th largest value, with r the largest rank for which
    ``1 - 2 P(Bin(n, 1/2) <= r - 1)`` is at least `level`; that probability is the attained level. It holds for every
    continuous distribution, and is conservative where values are tied.

    Parameters
    ----------
    values
        (n,) finite values.
    level
        Least confidence level, between 0 and 1.

    Returns
    -------
    Interval
        With NaN limits and level where even the whole range falls short of `level` (n < 6 at .95), and a NaN estimate
        where there are no values.

    References
    ----------
    David and Nagaraja (2003), Order Statistics, 3rd ed., section 7.1.

    Examples
    --------
    >>> interval = median_interval(np.arange(1.0, 19.0), 0.95)
    >>> interval.low, interval.high, round(interval.level, 3)
    (5.0, 14.0, 0.969)
    """
    require_finite(values)
    n = values.size
    estimate = float(np.median(values)) if n else float("nan")
    tail = (1 - level) / 2
    below = int(np.searchsorted(stats.binom.cdf(np.arange(n // 2), n, 0.5), tail, side="right")) if n else 0
    if below == 0:
        return Interval(estimate, float("nan"), float("nan"), float("nan"))
    ordered = np.sort(values)
    attained = 1 - 2 * float(stats.binom.cdf(below - 1, n, 0.5))
    return Interval(estimate, float(ordered[below - 1]), float(ordered[n - below]), attained)


def mean_interval(values: Values, level: float) -> Interval:
    """Return the mean and its interval by Student's t with n - 1 degrees of freedom; NaN limits for n < 2.

    Examples
    --------
    >>> interval = mean_interval(np.array([1.0, 2.0, 3.0]), 0.95)
    >>> round(interval.low, 4), round(interval.high, 4)
    (-0.4841, 4.4841)
    """
    require_finite(values)
    n = values.size
    if n < 2:
        return Interval(float(values[0]) if n else float("nan"), float("nan"), float("nan"), float("nan"))
    mean = float(values.mean())
    half_width = float(stats.t.ppf((1 + level) / 2, n - 1) * values.std(ddof=1) / np.sqrt(n))
    return Interval(mean, mean - half_width, mean + half_width, level)


def bca_mean_interval(values: Values, level: float, seed: int) -> Interval:
    """Return the mean and its bias-corrected and accelerated (BCa) bootstrap interval.

    Unlike Student's interval it follows the skewness of the values. It is given for the mean only: the acceleration
    comes from the jackknife, which is not consistent for a median.

    Parameters
    ----------
    values
        (n,) finite values.
    level
        Nominal confidence level.
    seed
        Seeds the resampling. Samples of one size get the same resampled positions: a method that is added changes no
        other's interval.

    Returns
    -------
    Interval
        From 9999 resamples; NaN limits for n < 2; no width where all values are equal.

    References
    ----------
    Efron (1987), JASA 82, 171; scipy.stats.bootstrap.
    """
    require_finite(values)
    if values.size > 1 and np.ptp(values) == 0:
        mean = float(values.mean())
        return Interval(mean, mean, mean, level)
    left_out = (values.sum() - values) / max(values.size - 1, 1)
    return _bca((values,), np.mean, left_out, level, seed)


def bca_ratio_interval(numerators: Values, denominators: Values, level: float, seed: int) -> Interval:
    """Return the ratio of two means over the same images, and its BCa bootstrap interval: images are drawn in pairs.

    Parameters
    ----------
    numerators, denominators
        (n,) finite values; row i of both belongs to image i.
    level, seed
        See `bca_mean_interval`.

    Returns
    -------
    Interval
        From 9999 resamples; NaN limits for n < 2; no width where leaving out an image never changes the ratio.

    Examples
    --------
    >>> interval = bca_ratio_interval(np.array([1.0, 2.0, 3.0]), np.array([4.0, 3.0, 5.0]), 0.95, 0)
    >>> interval.estimate, bool(interval.low < 0.5 < interval.high)
    (0.5, True)
    """
    require_finite(numerators)
    require_finite(denominators)

    def ratio(over: Values, under: Values, axis: int = -1) -> Values:
        return _quotient(np.mean(over, axis=axis), np.mean(under, axis=axis))

    left_out = _quotient(numerators.sum() - numerators, denominators.sum() - denominators)
    if numerators.size > 1 and np.ptp(left_out) == 0:
        whole = float(ratio(numerators, denominators))
        return Interval(whole, whole, whole, level)
    return _bca((numerators, denominators), ratio, left_out, level, seed)


def _quotient(over: Values, under: Values) -> Values:
    """Divide; NaN where the divisor is 0."""
    return np.divide(over, under, out=np.full_like(over, np.nan), where=under != 0)


def _bca(
    samples: tuple[Values, ...], statistic: Callable[..., Values], left_out: Values, level: float, seed: int
) -> Interval:
    """Return the BCa interval; `left_out` is the statistic without each of the images.

    scipy resamples. Its own BCa makes n samples of n - 1 values to leave each image out, which takes most of the time
    of thousands of images; for means that is known from their sum.
    """
    n = samples[0].size
    estimate = float(statistic(*samples)) if n else float("nan")
    if n < 2:
        return Interval(estimate, float("nan"), float("nan"), float("nan"))
    resampled = stats.bootstrap(
        samples,
        statistic,
        paired=len(samples) > 1,
        confidence_level=level,
        method="percentile",
        n_resamples=9999,
        batch=max(1, BLOCK // n),
        rng=np.random.default_rng(seed),
    ).bootstrap_distribution
    below = (np.count_nonzero(resampled < estimate) + np.count_nonzero(resampled <= estimate)) / (2 * resampled.size)
    bias = special.ndtri(below)
    influence = left_out.mean() - left_out
    acceleration = np.sum(influence**3) / (6 * np.sum(influence**2) ** 1.5)
    moved = bias + special.ndtri([(1 - level) / 2, (1 + level) / 2])
    probabilities = special.ndtr(bias + moved / (1 - acceleration * moved))
    low, high = np.quantile(resampled, probabilities) if np.isfinite(probabilities).all() else (np.nan, np.nan)
    return Interval(estimate, float(low), float(high), level)


def verdict(interval: Interval, threshold: float) -> Verdict:
    """Return the three-way verdict: the whole interval of the median below, above, or on both sides of the threshold.

    An interval that could not be formed, or that touches the threshold, is undecided.

    Examples
    --------
    >>> verdict(Interval(20.0, 10.0, 49.0, 0.97), 50.0)
    'class-sensitive'
    """
    if interval.high < threshold:
        return "class-sensitive"
    if interval.low > threshold:
        return "insensitive"
    return "undecided"
