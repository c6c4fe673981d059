"""Tests of location against enumeration, scipy, and simulations whose answer is known."""

import math
from itertools import product

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.weightstats import ttost_paired

from case_saliency.statistics.paired import (
    least_margin,
    paired_greater,
    paired_t,
    paired_tost,
    sign_test_less,
    signed_rank_p,
    wilcoxon_less,
)

NAN = float("nan")


def enumerated_wilcoxon(difference):
    """P(sum of positive ranks <= observed) over all sign changes."""
    ranks = stats.rankdata(np.abs(difference))
    observed = ranks[difference > 0].sum()
    sums = [ranks[np.array(signs)].sum() for signs in product([True, False], repeat=len(ranks))]
    return np.mean([total <= observed for total in sums])


@pytest.mark.parametrize("seed", range(5))
def test_wilcoxon_equals_all_sign_changes(seed):
    values = np.random.default_rng(seed).normal(45, 20, 10)
    assert wilcoxon_less(values, 50, "wilcox") == pytest.approx(enumerated_wilcoxon(values - 50), rel=1e-12)


def test_wilcoxon_with_ties_equals_all_sign_changes():
    values = np.array([40.0, 60, 60, 30, 45, 55, 20, 20, 10])
    assert wilcoxon_less(values, 50, "wilcox") == pytest.approx(enumerated_wilcoxon(values - 50), rel=1e-12)


@pytest.mark.parametrize("alternative", ["less", "two-sided"])
@pytest.mark.parametrize("zero_method", ["wilcox", "pratt", "zsplit"])
@pytest.mark.parametrize("unit", [0.01, 1])  # of 1: with ties and zeros
@pytest.mark.parametrize("n", [1, 2, 5, 8, 9, 14, 60])
def test_signed_ranks_have_the_p_value_of_scipy(alternative, zero_method, unit, n):
    generator = np.random.default_rng(n)
    for _ in range(5):
        difference = np.round(generator.normal(-0.5, 1.5, n) / unit) * unit
        if not difference.any():
            continue
        expected = stats.wilcoxon(difference, alternative=alternative, zero_method=zero_method).pvalue
        assert signed_rank_p(difference, alternative, zero_method) == expected


def test_thirteen_values_with_ties_have_the_p_value_of_scipy():
    difference = np.array([-3.0, -3, -2, 0, 1, -4, 5, -1, -1, 2, -6, -2, 0])
    assert signed_rank_p(difference, "less", "pratt") == stats.wilcoxon(difference, None, "pratt", False, "less").pvalue


def test_zero_methods_by_hand():
    # Differences 0, -1, 2. wilcox: ranks 1 and 2, the observed positive sum 2 or less in 3 of 4 sign changes.
    # pratt: ranks 2 and 3 (the zero had 1), positive sum 3 or less in 3 of 4. zsplit: half a rank more everywhere.
    values = np.array([50.0, 49.0, 52.0])
    assert [wilcoxon_less(values, 50, method) for method in ("wilcox", "pratt", "zsplit")] == [0.75, 0.75, 0.75]


def test_zero_methods_differ_where_zeros_shift_the_ranks():
    values = np.concatenate([np.full(5, 50.0), 50 - np.arange(1.0, 12), 50 + np.array([0.5, 12.5, 13.5, 14.5])])
    p = {
        method: stats.wilcoxon(values - 50, alternative="less", zero_method=method).pvalue
        for method in ("wilcox", "pratt", "zsplit")
    }
    assert len(set(p.values())) == 3
    assert {method: wilcoxon_less(values, 50, method) for method in p} == p


@pytest.mark.parametrize(
    ("values", "threshold", "expected"),
    [
        ([10, 20, 30, 40], 50, 1 / 16),
        ([10, 20, 30, 60], 50, 5 / 16),
        ([50, 50, 50], 50, 1.0),
        ([10, 50, 60], 50, 7 / 8),
        ([10], 50, 0.5),
    ],
)
def test_sign_test_by_hand(values, threshold, expected):
    assert sign_test_less(np.array(values, dtype=float), threshold) == pytest.approx(expected, rel=1e-14)


def test_sign_test_of_eighteen_images():
    # 13 of 18 below: sum of C(18, i) for i = 13 .. 18 over 2^18
    expected = sum(math.comb(18, i) for i in range(13, 19)) / 2**18
    values = np.array([0.0] * 13 + [100.0] * 5)
    assert sign_test_less(values, 50) == pytest.approx(expected, rel=1e-14)
    assert expected == pytest.approx(0.0481, abs=5e-5)


def test_paired_t_equals_scipy_and_hand():
    # differences 1, 2, 3: t = 2 / (1 / sqrt(3)) = 3.4641, two degrees of freedom
    assert paired_t(np.array([2.0, 4, 6]), np.array([1.0, 2, 3])) == pytest.approx(0.0741799, rel=1e-6)
    first, second = np.random.default_rng(0).normal(size=(2, 25))
    assert paired_t(first, second) == pytest.approx(stats.ttest_rel(first, second).pvalue, rel=1e-10)


@pytest.mark.parametrize(("seed", "margin"), [(0, 0.02), (1, 0.5), (2, 1.0)])
def test_equivalence_test_equals_statsmodels(seed, margin):
    first, second = np.random.default_rng(seed).normal([[0.1], [0.0]], 1, size=(2, 30))
    expected = ttost_paired(first, second, -margin, margin)[0]
    assert paired_tost(first, second, margin) == pytest.approx(expected, rel=1e-10)
    assert paired_tost(second, first, margin) == pytest.approx(expected, rel=1e-10)
    assert ttost_paired(first, second, *(least_margin(first, second, 0.05) * np.array([-1, 1])))[0] == pytest.approx(
        0.05
    )


def test_size_of_the_equivalence_test_at_its_margin():
    # At a true difference of exactly the margin the far side does not matter: P(reject) = alpha.
    rng = np.random.default_rng(3)
    n_runs = 4000
    differences = rng.normal(0.02, 0.005, size=(n_runs, 18))
    rejected = np.mean([paired_tost(row, np.zeros(18), 0.02) < 0.05 for row in differences])
    assert abs(rejected - 0.05) < 4 * math.sqrt(0.05 * 0.95 / n_runs)


@pytest.mark.parametrize("margin", [0.0, 0.02, 0.5])
def test_one_sided_test_is_scipys_on_shifted_differences(margin):
    rng = np.random.default_rng(4)
    first, second = rng.normal(0.5, 0.2, 25), rng.normal(0.55, 0.2, 25)
    expected = stats.ttest_1samp(first - second, -margin, alternative="greater").pvalue
    assert paired_greater(first, second, margin) == pytest.approx(expected, rel=1e-10)
    assert paired_greater(second, first, -margin) == pytest.approx(1 - expected, rel=1e-10)


def test_size_of_the_non_inferiority_test_at_its_margin():
    rng = np.random.default_rng(10)
    n_runs = 4000
    differences = rng.normal(-0.02, 0.05, size=(n_runs, 18))
    rejected = np.mean([paired_greater(row, np.zeros(18), 0.02) < 0.05 for row in differences])
    assert abs(rejected - 0.05) < 4 * math.sqrt(0.05 * 0.95 / n_runs)


@pytest.mark.parametrize("values", [[], [50.0], [50.0] * 4, [50.0] * 30])
def test_wilcoxon_without_a_difference(values):
    p = wilcoxon_less(np.array(values), 50, "wilcox")
    assert math.isnan(p) if not values else p == 1.0


def test_empty_and_constant_samples_have_stated_values():
    empty, ones, two = np.array([]), np.ones(5), np.full(5, 2.0)
    assert math.isnan(sign_test_less(empty, 50))
    assert math.isnan(paired_t(empty, empty))
    assert math.isnan(paired_t(ones[:1], two[:1]))
    assert paired_t(ones, ones) == 1.0
    assert paired_t(ones, two) == 0.0
    assert math.isnan(paired_tost(ones[:1], two[:1], 0.1))
    assert math.isnan(least_margin(ones[:1], two[:1], 0.05))
    assert [paired_tost(ones, two, margin) for margin in (0.5, 1.0, 1.5)] == [1.0, 1.0, 0.0]
    assert least_margin(ones, two, 0.05) == 1.0
    assert math.isnan(paired_greater(ones[:1], two[:1]))
    assert [paired_greater(ones, two, margin) for margin in (0.5, 1.0, 1.5)] == [1.0, 1.0, 0.0]
    assert (paired_greater(ones, ones), paired_greater(two, ones)) == (1.0, 0.0)


@pytest.mark.parametrize("bad", [np.array([1.0, NAN]), np.array([np.inf]), np.ones((2, 2))])
def test_missing_values_are_refused(bad):
    for test in (lambda: wilcoxon_less(bad, 50, "wilcox"), lambda: sign_test_less(bad, 50), lambda: paired_t(bad, bad)):
        with pytest.raises(ValueError, match="finite"):
            test()


def test_samples_that_are_no_pairs_are_refused():
    with pytest.raises(ValueError, match="samples of 2 and 3 values"):
        paired_t(np.ones(2), np.ones(3))


def test_size_on_skewed_data_where_the_wilcoxon_test_fails():
    # 52% of the values lie at 50.1 .. 51.1, 48% at 0 .. 40: the true median is above 50, so that H0 holds.
    rng = np.random.default_rng(7)
    rejections = np.zeros(2)
    n_runs = 300
    for _ in range(n_runs):
        high = rng.random(200) < 0.52
        values = np.where(high, rng.uniform(50.1, 51.1, 200), rng.uniform(0, 40, 200))
        rejections += [wilcoxon_less(values, 50, "wilcox") < 0.05, sign_test_less(values, 50) < 0.05]
    assert rejections[0] == n_runs
    assert rejections[1] <= 0.05 * n_runs


def test_size_of_the_sign_test_at_the_edge_of_the_null_hypothesis():
    # Exact: half of the values below, P(reject) is the binomial tail beyond the critical count, 0.0481 for n = 18.
    rng = np.random.default_rng(8)
    rejected = np.mean([sign_test_less(rng.uniform(0, 100, 18), 50) < 0.05 for _ in range(4000)])
    assert abs(rejected - 0.0481) < 4 * math.sqrt(0.0481 * 0.9519 / 4000)
