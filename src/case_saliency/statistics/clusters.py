"""Images of one pair of classes are alike: an interval of the median that takes such groups as the units."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from case_saliency.statistics.intervals import BLOCK, Interval
from case_saliency.statistics.paired import Values, require_finite

MIN_CLUSTERS = 10
"""Groups below which no interval is given: one of nominal 95% covers the median in about 75% of cases with 3, 83% with
5 and 91% with 10 (docs/simulation-clusters.md)."""
RESAMPLES = 9999


def cluster_median_interval(
    values: Values,
    clusters: npt.NDArray[np.integer],
    level: float,
    seed: int,
    *,
    n_resamples: int = RESAMPLES,
    least: int = MIN_CLUSTERS,
) -> Interval:
    """Return the median and its percentile bootstrap interval with whole clusters resampled.

    From G clusters G are drawn with replacement, each with all of its values; the limits are the quantiles
    ``(1 - level) / 2`` and ``(1 + level) / 2`` of the medians of the draws. Not BCa: its acceleration comes from the
    jackknife, which is not consistent for a median.

    Parameters
    ----------
    values
        (n,) finite values.
    clusters
        (n,) numbers of the clusters that they belong to, each of 0 .. G - 1 at least once.
    level
        Nominal confidence level.
    seed
        Seeds the resampling; samples with as many clusters get the same draws.
    n_resamples
        Number of draws.
    least
        Number of clusters below which no interval is given.

    Returns
    -------
    Interval
        NaN limits for fewer than `least` clusters.

    References
    ----------
    Davison and Hinkley (1997), Bootstrap Methods and their Application, section 3.8; Field and Welsh (2007), Journal of
    the Royal Statistical Society B 69, 369.
    """
    require_finite(values)
    estimate = float(np.median(values)) if values.size else float("nan")
    if not values.size or clusters.max() + 1 < least:
        return Interval(estimate, float("nan"), float("nan"), float("nan"))
    medians = np.concatenate(list(_medians(values, clusters, np.random.default_rng(seed), n_resamples)))
    low, high = np.quantile(medians, [(1 - level) / 2, (1 + level) / 2])
    return Interval(estimate, float(low), float(high), level)


def _medians(
    values: Values, clusters: npt.NDArray[np.integer], rng: np.random.Generator, n_resamples: int
) -> Iterator[Values]:
    """Yield the medians of draws, batch by batch: those of the values, each as often as its cluster was drawn."""
    order = np.argsort(values, kind="stable")
    ordered, of_ordered = values[order], clusters[order]
    n_clusters = int(clusters.max()) + 1
    batch = max(1, BLOCK // values.size)
    for start in range(0, n_resamples, batch):
        size = min(batch, n_resamples - start)
        drawn = rng.integers(n_clusters, size=(size, n_clusters)) + n_clusters * np.arange(size)[:, None]
        times = np.bincount(drawn.ravel(), minlength=size * n_clusters).reshape(size, n_clusters)
        reached = times[:, of_ordered].cumsum(axis=1)
        total = reached[:, -1:]
        below = (reached >= (total + 1) // 2).argmax(axis=1)
        above = (reached >= total // 2 + 1).argmax(axis=1)
        yield (ordered[below] + ordered[above]) / 2
