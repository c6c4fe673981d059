"""What a test could have found with the images at hand."""

import numpy as np
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
