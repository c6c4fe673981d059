"""Paired comparisons of methods on the same images: differences, and the share of an effect that is left."""

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from case_saliency.statistics.intervals import BLOCK, bca_mean_interval
from case_saliency.statistics.paired import Values, require_finite, signed_rank_p

LEAST_EFFECT = 10.0
"""Points of agreement below which an effect is too small for a share of it to mean anything."""
_RESAMPLES = 9999
_PROPORTIONAL = 1e-9  # points: images that all have the same share leave nothing to resample


@dataclass(frozen=True)
class Share:
    """The share of an effect that is left, with its interval; `note` says why it, or its interval, is not given."""

    estimate: float
    low: float
    high: float
    note: str = ""


def signed_rank(difference: Values) -> float:
    """Return the two-sided p-value of Wilcoxon's signed-rank test of paired differences that are symmetric about 0.

    They are if the two methods are exchangeable on every image, which is the hypothesis. Differences of 0 are ranked
    and then dropped (Pratt).

    Returns
    -------
    float
        p-value; 1 if all differences are 0; NaN if there are none.

    Examples
    --------
    >>> signed_rank(np.array([1.0, 2.0, 3.0]))  # all signs alike: 2 of 8
    0.25
    """
    return signed_rank_p(difference, "two-sided", "pratt")


def share_left(plain: Values, variant: Values, full: Values, level: float, seed: int) -> Share:
    """Return which share of the effect of `full` the `variant` still has: mean(p - v) / mean(p - f).

    Parameters
    ----------
    plain, variant, full
        (n,) values of the same images without the effect, with what is tested, and with all of it.
    level
        Nominal confidence level.
    seed
        Seeds the resampling of images.

    Returns
    -------
    Share
        A ratio of means with its BCa bootstrap interval over images, which has no width where the share is the same on
        every image (1 if the variant equals `full`, 0 if it equals `plain`). NaN where mean(p - f) is below
        `LEAST_EFFECT` points. Limits are NaN where the effect's own interval reaches down to 0, as the ratio then has
        no bound, and where the images are too few for BCa.

    Raises
    ------
    ValueError
        If the samples differ in length.

    Examples
    --------
    >>> share_left(np.array([60.0, 40.0]), np.array([50.0, 30.0]), np.array([20.0, 0.0]), 0.95, 0).estimate
    0.25
    """
    if not plain.shape == variant.shape == full.shape:
        raise ValueError(f"share_left: {plain.size}, {variant.size} and {full.size} values, expected as many of each")
    for values in (plain, variant, full):
        require_finite(values)
    nan = float("nan")
    effect = float((plain - full).mean()) if plain.size else nan
    if not effect >= LEAST_EFFECT:
        return Share(nan, nan, nan, f"effect of {effect:.1f} points, {LEAST_EFFECT:g} needed")
    estimate = float(_ratio(plain, variant, full))
    if np.allclose(plain - variant, estimate * (plain - full), rtol=0, atol=_PROPORTIONAL):
        return Share(estimate, estimate, estimate)
    if not bca_mean_interval(plain - full, level, seed).low > 0:
        return Share(estimate, nan, nan, "the effect's interval reaches 0")
    with np.errstate(divide="ignore", invalid="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)
        found = stats.bootstrap(
            (plain, variant, full),
            _ratio,
            paired=True,
            confidence_level=level,
            method="BCa",
            n_resamples=_RESAMPLES,
            batch=max(1, BLOCK // plain.size),
            rng=np.random.default_rng(seed),
        ).confidence_interval
    if not np.isfinite([found.low, found.high]).all():
        return Share(estimate, nan, nan, "too few images for an interval")
    return Share(estimate, float(found.low), float(found.high))


def _ratio(plain: Values, variant: Values, full: Values, axis: int = -1) -> npt.NDArray[np.floating]:
    ratio: npt.NDArray[np.floating] = (plain - variant).mean(axis) / (plain - full).mean(axis)
    return ratio
