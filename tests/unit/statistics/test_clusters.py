"""The bootstrap of the median over clusters, against all possible draws and against scipy."""

from itertools import product

import numpy as np
import pytest
from scipy import stats

from case_saliency.statistics import clusters
from case_saliency.statistics.clusters import cluster_median_interval


def all_medians(values, groups):
    """Medians of all equally likely draws of whole clusters."""
    members = [values[groups == g] for g in range(groups.max() + 1)]
    return np.sort([np.median(np.concatenate(drawn)) for drawn in product(members, repeat=len(members))])


def test_medians_are_those_of_draws_of_whole_clusters():
    values, groups = np.array([4.0, 1.0, 9.0, 2.0, 7.0, 30.0]), np.array([0, 0, 0, 1, 1, 2])
    drawn = np.concatenate(list(clusters._medians(values, groups, np.random.default_rng(0), 40_000)))
    expected, found = (
        dict(zip(*np.unique(x, return_counts=True), strict=True)) for x in (all_medians(values, groups), drawn)
    )
    assert found.keys() == expected.keys()
    for median, count in expected.items():
        share = count / 27
        assert abs(found[median] / 40_000 - share) < 4 * np.sqrt(share * (1 - share) / 40_000)


def test_limits_are_the_quantiles_of_all_draws():
    values, groups = np.array([1.0, 2.0, 10.0, 11.0, 5.0, 30.0, 31.0, 32.0]), np.array([0, 0, 1, 1, 2, 3, 3, 3])
    interval = cluster_median_interval(values, groups, 0.8, seed=3, least=4)
    low, high = np.quantile(all_medians(values, groups), [0.1, 0.9])
    assert (interval.estimate, interval.low, interval.high, interval.level) == (10.5, low, high, 0.8)


def test_clusters_of_one_image_are_the_ordinary_bootstrap():
    values = np.random.default_rng(5).exponential(10, 40)
    found = cluster_median_interval(values, np.arange(40), 0.95, seed=0)
    expected = stats.bootstrap(
        (values,), np.median, method="percentile", n_resamples=9999, rng=np.random.default_rng(1)
    ).confidence_interval
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=0.6)


def test_alike_images_of_a_cluster_widen_the_interval():
    centres = np.random.default_rng(0).normal(50, 10, 20)
    values, groups = np.repeat(centres, 5), np.repeat(np.arange(20), 5)
    together = cluster_median_interval(values, groups, 0.95, seed=0)
    apart = cluster_median_interval(values, np.arange(100), 0.95, seed=0)
    assert together.high - together.low > 1.5 * (apart.high - apart.low)


def test_batches_and_order_of_the_values_do_not_matter(monkeypatch):
    rng = np.random.default_rng(7)
    values, groups = rng.normal(size=60), np.arange(60) % 12
    whole = cluster_median_interval(values, groups, 0.95, seed=2)
    monkeypatch.setattr(clusters, "BLOCK", 60 * 13)
    order = rng.permutation(60)
    assert cluster_median_interval(values[order], groups[order], 0.95, seed=2) == whole


@pytest.mark.parametrize("n_clusters", [0, 1, 9])
def test_too_few_clusters_have_no_interval(n_clusters):
    interval = cluster_median_interval(np.arange(2.0 * n_clusters), np.arange(2 * n_clusters) // 2, 0.95, seed=0)
    assert np.isnan([interval.low, interval.high, interval.level]).all()
    assert np.isnan(interval.estimate) == (n_clusters == 0)


def test_equal_values_have_an_interval_without_width():
    interval = cluster_median_interval(np.full(20, 100.0), np.arange(20), 0.95, seed=0)
    assert (interval.low, interval.high) == (100, 100)


def test_values_must_be_finite():
    with pytest.raises(ValueError, match="finite"):
        cluster_median_interval(np.array([1.0, np.nan]), np.array([0, 1]), 0.95, seed=0)
