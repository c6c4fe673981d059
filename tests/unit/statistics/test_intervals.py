"""Intervals of the median and the mean: ranks by hand, coverage by enumeration and simulation."""

import math
from functools import partial

import numpy as np
import pytest
from scipy import stats

from case_saliency.statistics.intervals import (
    BLOCK,
    Interval,
    bca_mean_interval,
    bca_ratio_interval,
    mean_interval,
    median_interval,
    verdict,
)


def coverage(n, rank):
    """P(rank-th smallest < median < rank-th largest) by counting subsets."""
    return 1 - 2 * sum(math.comb(n, i) for i in range(rank)) / 2**n


@pytest.mark.parametrize(
    ("n", "level", "rank"),
    [
        (18, 0.95, 5),
        (6, 0.95, 1),
        (7, 0.95, 1),
        (8, 0.95, 1),
        (9, 0.95, 2),
        (20, 0.95, 6),
        (17, 0.95, 5),
        (18, 0.99, 4),
    ],
)
def test_median_interval_takes_the_tightest_ranks_that_hold_the_level(n, level, rank):
    values = np.random.default_rng(n).permutation(np.arange(1.0, n + 1))
    interval = median_interval(values, level)
    assert (interval.low, interval.high) == (rank, n + 1 - rank)
    assert interval.estimate == (n + 1) / 2
    assert interval.level == pytest.approx(coverage(n, rank), rel=1e-12)
    assert coverage(n, rank) >= level > coverage(n, rank + 1)


def test_eighteen_images_give_the_fifth_to_fourteenth_value():
    values = np.random.default_rng(0).uniform(0, 100, 18)
    interval = median_interval(values, 0.95)
    assert (interval.low, interval.high) == (np.sort(values)[4], np.sort(values)[13])
    assert interval.level == pytest.approx(0.9691, abs=5e-5)


@pytest.mark.parametrize("n", range(6))
def test_too_few_values_have_no_median_interval(n):
    interval = median_interval(np.arange(float(n)), 0.95)
    assert all(math.isnan(x) for x in (interval.low, interval.high, interval.level))
    assert math.isnan(interval.estimate) if n == 0 else interval.estimate == (n - 1) / 2
    assert verdict(interval, 50) == "undecided"


def test_equal_values_give_an_interval_of_no_width():
    assert median_interval(np.full(10, 100.0), 0.95) == Interval(100, 100, 100, pytest.approx(coverage(10, 2)))


def test_median_interval_covers_as_often_as_it_says():
    rng = np.random.default_rng(1)
    n_runs = 3000
    true_median = math.log(2)
    samples = [median_interval(rng.exponential(size=18), 0.95) for _ in range(n_runs)]
    covered = np.mean([sample.low <= true_median <= sample.high for sample in samples])
    assert abs(covered - 0.9691) < 4 * math.sqrt(0.9691 * 0.0309 / n_runs)


def test_mean_interval_equals_scipy():
    values = np.random.default_rng(2).normal(size=18)
    low, high = stats.t.interval(0.95, 17, values.mean(), stats.sem(values))
    assert mean_interval(values, 0.95) == Interval(values.mean(), pytest.approx(low), pytest.approx(high), 0.95)


def test_mean_interval_of_few_and_equal_values():
    empty, single = mean_interval(np.array([]), 0.95), mean_interval(np.array([3.0]), 0.95)
    assert math.isnan(empty.estimate)
    assert single.estimate == 3
    assert all(math.isnan(x) for x in (empty.low, empty.high, single.low, single.high))
    assert mean_interval(np.full(4, 0.25), 0.95) == Interval(0.25, 0.25, 0.25, 0.95)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (10, 49.9, "class-sensitive"),
        (10, 50, "undecided"),
        (49, 51, "undecided"),
        (50, 60, "undecided"),
        (50.1, 60, "insensitive"),
    ],
)
def test_verdict_needs_the_whole_interval_on_one_side(low, high, expected):
    assert verdict(Interval(50, low, high, 0.95), 50) == expected


def slow_bca(values, level, n_resamples, seed):
    """Efron's formulas, one resample at a time."""
    rng = np.random.default_rng(seed)
    means = np.array([rng.choice(values, values.size).mean() for _ in range(n_resamples)])
    bias = stats.norm.ppf(((means < values.mean()).sum() + (means == values.mean()).sum() / 2) / n_resamples)
    left_out = np.array([np.delete(values, i).mean() for i in range(values.size)])
    deviation = left_out.mean() - left_out
    acceleration = (deviation**3).sum() / (6 * (deviation**2).sum() ** 1.5)
    z = bias + stats.norm.ppf([(1 - level) / 2, (1 + level) / 2])
    return np.quantile(means, stats.norm.cdf(bias + z / (1 - acceleration * z)))


def test_bca_interval_of_a_skewed_sample_equals_the_formulas():
    values = np.random.default_rng(4).exponential(10, size=25)
    interval = bca_mean_interval(values, 0.95, seed=0)
    low, high = slow_bca(values, 0.95, 30_000, seed=5)
    assert interval.estimate == values.mean()
    assert (interval.low, interval.high) == (pytest.approx(low, abs=0.15), pytest.approx(high, abs=0.15))
    student = mean_interval(values, 0.95)
    assert interval.low > student.low  # pulled towards the long tail
    assert interval.high > student.high


def test_bca_interval_is_seeded_and_the_same_for_any_batch(monkeypatch):
    values = np.random.default_rng(6).uniform(0, 100, 18)
    first = bca_mean_interval(values, 0.95, seed=0)
    assert first == bca_mean_interval(values, 0.95, seed=0) != bca_mean_interval(values, 0.95, seed=1)
    monkeypatch.setattr("case_saliency.statistics.intervals.BLOCK", 18 * 100)
    assert first == bca_mean_interval(values, 0.95, seed=0)


def test_bca_interval_of_few_and_equal_values():
    empty, single = bca_mean_interval(np.array([]), 0.95, 0), bca_mean_interval(np.array([3.0]), 0.95, 0)
    assert math.isnan(empty.estimate)
    assert single.estimate == 3
    assert all(math.isnan(x) for x in (empty.low, single.low, single.high))
    assert bca_mean_interval(np.full(4, 100.0), 0.95, 0) == Interval(100, 100, 100, 0.95)
    two = bca_mean_interval(np.array([1.0, 3.0]), 0.95, 0)
    assert 1 <= two.low <= two.high <= 3


def test_ratio_interval_equals_the_formulas():
    random = np.random.default_rng(7)
    under = random.uniform(20, 90, 20)
    over = under * random.uniform(0, 1, 20)
    found = bca_ratio_interval(over, under, 0.95, seed=0)
    drawn = random.integers(0, 20, (20_000, 20))
    ratios = over[drawn].sum(axis=1) / under[drawn].sum(axis=1)
    estimate = over.sum() / under.sum()
    left_out = np.array([np.delete(over, i).sum() / np.delete(under, i).sum() for i in range(20)])
    deviation = left_out.mean() - left_out
    acceleration = (deviation**3).sum() / (6 * (deviation**2).sum() ** 1.5)
    z = stats.norm.ppf((ratios < estimate).mean())
    around = z + stats.norm.ppf([0.025, 0.975])
    low, high = np.quantile(ratios, stats.norm.cdf(z + around / (1 - acceleration * around)))
    assert found.estimate == pytest.approx(estimate)
    assert (found.low, found.high) == (pytest.approx(low, abs=0.01), pytest.approx(high, abs=0.01))


@pytest.mark.parametrize("n", [2, 3, 18, 100, 1000])
@pytest.mark.parametrize("draw", ["exponential", "uniform", "geometric"])
def test_bca_intervals_equal_those_of_scipy_which_leaves_each_image_out_by_itself(n, draw):
    random = np.random.default_rng(n)
    values = {
        "exponential": lambda: random.exponential(10, n),
        "uniform": lambda: random.uniform(-1e6, 1e6, n),
        "geometric": lambda: random.geometric(0.3, n).astype(float) + np.arange(n),  # with ties
    }[draw]()
    under = random.uniform(20, 90, n)

    def expected(samples, statistic, batch=None):
        found = stats.bootstrap(
            samples, statistic, method="BCa", paired=len(samples) > 1, rng=np.random.default_rng(3), batch=batch
        ).confidence_interval
        return pytest.approx((found.low, found.high), rel=1e-12, nan_ok=n == 2)

    of_mean, of_ratio = bca_mean_interval(values, 0.95, 3), bca_ratio_interval(values, under, 0.95, 3)
    assert (of_mean.low, of_mean.high) == expected((values,), np.mean, max(1, BLOCK // n))
    quotient = lambda over, under, axis=-1: np.mean(over, axis=axis) / np.mean(under, axis=axis)  # noqa: E731
    assert (of_ratio.low, of_ratio.high) == expected((values, under), quotient, max(1, BLOCK // n))


def test_bca_interval_of_many_values_takes_no_sample_for_each_that_is_left_out(monkeypatch):
    monkeypatch.setattr("case_saliency.statistics.intervals.BLOCK", 2**10)
    values, sizes = np.arange(3000.0), []

    def mean(sample, axis=-1):
        sizes.append(sample.size)
        return np.average(sample, axis=axis)

    monkeypatch.setattr("case_saliency.statistics.intervals.np.mean", mean)
    bca_mean_interval(values, 0.95, 0)
    assert sum(sizes) <= (9999 + 2) * 3000


def test_ratio_interval_of_few_and_proportional_values():
    over = np.array([1.0, 2.0, 4.0])
    assert bca_ratio_interval(over, 4 * over, 0.95, 0) == Interval(0.25, 0.25, 0.25, 0.95)
    assert bca_ratio_interval(0 * over, over, 0.95, 0) == Interval(0, 0, 0, 0.95)
    single = bca_ratio_interval(over[:1], over[:1], 0.95, 0)
    assert (single.estimate, math.isnan(single.low)) == (1, True)
    assert math.isnan(bca_ratio_interval(over[:0], over[:0], 0.95, 0).estimate)


@pytest.mark.parametrize("interval", [median_interval, mean_interval, partial(bca_mean_interval, seed=0)])
def test_missing_values_are_refused(interval):
    with pytest.raises(ValueError, match="finite"):
        interval(np.array([1.0, np.nan]), 0.95)
