"""What a test could have found with the images at hand, and how many images it would need."""

import numpy as np
import numpy.typing as npt
from scipy import stats

from case_saliency.statistics.paired import Values


def sign_test_critical(n: int, alpha: float) -> int:
    """Return the least count below the threshold, of n, at which the one-sided sign test rejects; n + 1 if none does.

    Examples
    --------
    >>> sign_test_critical(18, 0.05), sign_test_critical(4, 0.05)
    (13, 5)
    """
    counts = np.arange(n + 2)
    return int(np.argmax(stats.binom.sf(counts - 1, n, 0.5) < alpha))


def sign_test_power(n: int, probability: float, alpha: float) -> float:
    """Return the power of the one-sided sign test: P(Bin(n, probability) >= critical count at level `alpha`).

    Parameters
    ----------
    n
        Number of images.
    probability
        The stated effect: P(agreement < threshold) for one image; 1/2 is no effect.
    alpha
        Level of the test.

    Examples
    --------
    >>> round(sign_test_power(18, 0.75, 0.05), 2)
    0.72
    """
    return float(stats.binom.sf(sign_test_critical(n, alpha) - 1, n, probability))


def sign_test_sample_size(probability: float, alpha: float, power: float = 0.8) -> int:
    """Return the number of images from which on the one-sided sign test has at least the stated power.

    The power of an exact test rises and falls with n, as the critical count jumps: this is the least n such that no
    larger number of images falls short of the power again.

    Parameters
    ----------
    probability
        The stated effect: P(agreement < threshold) for one image, above 1/2.
    alpha
        Level of the test.
    power
        Power to reach, below 1.

    Raises
    ------
    ValueError
        If the effect is none: no number of images would do.

    Examples
    --------
    >>> sign_test_sample_size(0.7, 0.05), sign_test_sample_size(0.7, 0.05 / 60)
    (42, 101)
    """
    if not 0.5 < probability <= 1 or not 0 < power < 1:
        raise ValueError(f"sign_test_sample_size: {probability=}, {power=}; expected above 1/2 and between 0 and 1")
    bound = 64
    while _power_curve(bound, probability, alpha)[bound // 2 :].min() < power:
        bound *= 2
    short = np.flatnonzero(_power_curve(bound, probability, alpha) < power)
    return int(short[-1]) + 1


def paired_t_power(n: int, effect: float, alpha: float) -> float:
    """Return the power of the one-sided paired t-test, by the noncentral t distribution.

    Parameters
    ----------
    n
        Number of pairs.
    effect
        The true mean difference (for a test against a margin: its distance from the margin) over the standard
        deviation of the differences.
    alpha
        Level of the test.

    Returns
    -------
    float
        NaN for fewer than two pairs, or an effect that is not known.

    References
    ----------
    Cohen (1988), Statistical Power Analysis for the Behavioral Sciences, 2nd ed., section 2.2.

    Examples
    --------
    >>> round(paired_t_power(20, 0.5, 0.05), 2)
    0.7
    """
    if n < 2 or np.isnan(effect):
        return float("nan")
    if np.isinf(effect):
        return float(effect > 0)
    return float(stats.nct.sf(stats.t.ppf(1 - alpha, n - 1), n - 1, effect * np.sqrt(n)))


def paired_t_detectable(differences: Values, alpha: float, power: float = 0.8) -> float:
    """Return the true mean difference that the one-sided paired t-test finds with the stated power.

    ``(t_{1-alpha} + t_power) s / sqrt(n)``, with quantiles of n - 1 degrees of freedom and s the standard deviation of
    the differences: an approximation of the noncentral t. NaN for fewer than two pairs.

    Examples
    --------
    >>> round(paired_t_detectable(np.array([-1.0, 0.0, 1.0, 2.0]), 0.05), 2)
    2.15
    """
    n = differences.size
    if n < 2:
        return float("nan")
    quantiles = stats.t.ppf(1 - alpha, n - 1) + stats.t.ppf(power, n - 1)
    return float(quantiles * differences.std(ddof=1) / np.sqrt(n))


def _power_curve(largest: int, probability: float, alpha: float) -> npt.NDArray[np.floating]:
    """Power for n = 0 .. `largest`."""
    return np.array([sign_test_power(n, probability, alpha) for n in range(largest + 1)])
