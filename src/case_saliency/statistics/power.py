"""What a test could have found with the images at hand, and how many images it would need."""

import numpy as np
import numpy.typing as npt
from scipy import stats


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


def _power_curve(largest: int, probability: float, alpha: float) -> npt.NDArray[np.floating]:
    """Power for n = 0 .. `largest`."""
    return np.array([sign_test_power(n, probability, alpha) for n in range(largest + 1)])
