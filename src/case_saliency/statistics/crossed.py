"""A mean over images and networks (or seeds) that are crossed: which part of its error comes from which of both.

The linear mixed model ``y_ui = mean + a_u + b_i + e_ui``, with independent random effects of the units u (networks or
seeds) and of the images i. Where every unit has every image, its estimates by restricted maximum likelihood come from
three mean squares, as long as no component is negative; from these follow intervals with degrees of freedom, which a
fitted model's normal interval lacks and for three units needs.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from case_saliency.statistics.intervals import Interval
from case_saliency.statistics.paired import Values, require_finite


@dataclass(frozen=True)
class Crossed:
    """The mean with three intervals, and the standard deviations of the effects.

    Attributes
    ----------
    images
        Interval for other images and the same units.
    units
        Interval for other units and the same images: Student's t on the units' means.
    both
        Interval for other images and other units.
    sd_units, sd_images, sd_residual
        Of the effects; 0 where the estimate of a variance is negative.
    """

    images: Interval
    units: Interval
    both: Interval
    sd_units: float
    sd_images: float
    sd_residual: float


def crossed(values: Values, level: float) -> Crossed:
    """Estimate the mean of a two-way layout and its error.

    With U units, I images, and the mean squares M of units, images and residual, the squared standard errors are::

        images   M_images / (U I)
        units    M_units / (U I)
        both     [M_residual + (M_units - M_residual)+ + (M_images - M_residual)+] / (U I)

    The first two have I - 1 and U - 1 degrees of freedom, the last Satterthwaite's,
    ``(M_units + M_images - M_residual)^2 / (M_units^2 / f_units + M_images^2 / f_images + M_residual^2 / f_residual)``,
    and not fewer than U - 1 or I - 1, whichever is smaller.

    Parameters
    ----------
    values
        (U, I) finite values.
    level
        Nominal confidence level.

    Returns
    -------
    Crossed
        NaN limits where there is one unit (units, both) or one image (images, both), and a NaN mean for no value.

    References
    ----------
    Satterthwaite (1946), Biometrics Bulletin 2, 110; Searle, Casella and McCulloch (1992), Variance Components,
    chapter 4; Hillis (2007), Statistics in Medicine 26, 596 (readers crossed with cases).

    Examples
    --------
    >>> found = crossed(np.array([[10.0, 20.0, 30.0], [12.0, 22.0, 32.0]]), 0.95)
    >>> found.images.estimate, round(found.sd_images, 6), round(found.sd_units**2, 6), found.sd_residual
    (21.0, 10.0, 2.0, 0.0)
    """
    require_finite(values.ravel())
    n_units, n_images = values.shape
    if not values.size:
        nan = float("nan")
        none = Interval(nan, nan, nan, nan)
        return Crossed(none, none, none, nan, nan, nan)
    mean = float(values.mean())
    of_units, of_images = values.mean(axis=1), values.mean(axis=0)
    f_units, f_images = n_units - 1, n_images - 1
    residual = values - of_units[:, None] - of_images[None] + mean
    m_units = _over(n_images * np.square(of_units - mean).sum(), f_units)
    m_images = _over(n_units * np.square(of_images - mean).sum(), f_images)
    m_residual = _over(np.square(residual).sum(), f_units * f_images)
    extra_units, extra_images = max(m_units - m_residual, 0.0), max(m_images - m_residual, 0.0)
    terms = ((m_units, f_units), (m_images, f_images), (m_residual, f_units * f_images))
    total = m_residual + extra_units + extra_images
    return Crossed(
        images=_interval(mean, m_images / values.size, f_images, level),
        units=_interval(mean, m_units / values.size, f_units, level),
        both=_interval(mean, total / values.size, _satterthwaite(total, terms), level),
        sd_units=float(np.sqrt(extra_units / n_images)),
        sd_images=float(np.sqrt(extra_images / n_units)),
        sd_residual=float(np.sqrt(m_residual)),
    )


def _over(sum_of_squares: float, freedom: int) -> float:
    return float(sum_of_squares) / freedom if freedom else float("nan")


def _satterthwaite(total: float, terms: tuple[tuple[float, int], ...]) -> float:
    """Return the degrees of freedom of a sum of mean squares; NaN if one of these is missing."""
    if not all(freedom for _, freedom in terms):
        return float("nan")
    spread = sum(square**2 / freedom for square, freedom in terms)
    least = min(freedom for _, freedom in terms)
    return max(total**2 / spread, least) if spread else float(least)


def _interval(mean: float, variance: float, freedom: float, level: float) -> Interval:
    if not freedom > 0 or np.isnan(variance):
        return Interval(mean, float("nan"), float("nan"), float("nan"))
    half_width = float(stats.t.ppf((1 + level) / 2, freedom) * np.sqrt(variance))
    return Interval(mean, mean - half_width, mean + half_width, level)
