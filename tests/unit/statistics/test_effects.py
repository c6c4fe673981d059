"""Estimates beside the signed-rank test: by hand, and against all pairs and scipy."""

import math

import numpy as np
import pytest
from scipy import stats

from case_saliency.statistics.effects import hodges_lehmann, rank_biserial

SAMPLES = {
    "continuous": lambda rng, n: rng.uniform(0, 100, n),
    "tied": lambda rng, n: rng.choice([0.0, 20.0, 50.0, 100.0], n),
    "rounded": lambda rng, n: rng.normal(45, 20, n).round(),
}


@pytest.mark.parametrize("kind", SAMPLES)
@pytest.mark.parametrize("n", [1, 2, 3, 4, 17, 18])
def test_hodges_lehmann_is_the_median_of_all_pairs(kind, n):
    for seed in range(20):
        values = SAMPLES[kind](np.random.default_rng(seed), n)
        averages = [(a + b) / 2 for i, a in enumerate(values) for b in values[i:]]
        assert hodges_lehmann(values) == pytest.approx(np.median(averages), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(
    ("values", "expected"),
    [([3.0], 3), ([1, 3], 2), ([1, 2, 6], 2.75), ([0, 0, 0, 8], 0), ([100] * 17 + [50], 100), ([-5, -5], -5)],
)
def test_hodges_lehmann_by_hand(values, expected):
    assert hodges_lehmann(np.array(values, dtype=float)) == expected


def test_hodges_lehmann_is_not_the_median_of_skewed_values():
    values = np.array([50.6] * 52 + [0.0] * 48)
    assert np.median(values) == 50.6
    assert hodges_lehmann(values) == 25.3


def test_rank_biserial_by_hand():
    # differences -30 -20 10: ranks 3 2 1; a tie of 10 and -10 shares rank 1.5
    assert rank_biserial(np.array([20.0, 30, 60]), 50, "wilcox") == pytest.approx(-4 / 6)
    assert rank_biserial(np.array([40.0, 60]), 50, "wilcox") == 0
    assert rank_biserial(np.array([40.0, 60, 70]), 50, "wilcox") == pytest.approx((3 + 1.5 - 1.5) / 6)


def test_rank_biserial_treats_zeros_as_the_test_does():
    # differences 0 -1 2: wilcox ranks - 1 2, pratt ranks (1) 2 3, zsplit counts the zero's rank on both sides
    values = np.array([50.0, 49.0, 52.0])
    found = [rank_biserial(values, 50, method) for method in ("wilcox", "pratt", "zsplit")]
    assert found == pytest.approx([1 / 3, 1 / 5, 1 / 6])


@pytest.mark.parametrize("zero_method", ["wilcox", "pratt", "zsplit"])
@pytest.mark.parametrize("kind", SAMPLES)
def test_rank_biserial_follows_from_scipys_statistic(kind, zero_method):
    difference = SAMPLES[kind](np.random.default_rng(9), 18) - 50
    positive, negative = (
        stats.wilcoxon(sign * difference, alternative="less", zero_method=zero_method).statistic for sign in (1, -1)
    )
    expected = (positive - negative) / (positive + negative)
    assert rank_biserial(difference + 50, 50, zero_method) == pytest.approx(expected)


def test_empty_and_null_samples_have_stated_values():
    assert math.isnan(hodges_lehmann(np.array([])))
    assert math.isnan(rank_biserial(np.array([]), 50, "wilcox"))
    assert [rank_biserial(np.full(4, 50.0), 50, method) for method in ("wilcox", "pratt", "zsplit")] == [0, 0, 0]


def test_missing_values_are_refused():
    bad = np.array([1.0, np.nan])
    for estimate in (hodges_lehmann, lambda values: rank_biserial(values, 50, "wilcox")):
        with pytest.raises(ValueError, match="finite"):
            estimate(bad)
