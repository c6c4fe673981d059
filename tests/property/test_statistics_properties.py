"""Invariants that hold for every sample."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from case_saliency.statistics.effects import hodges_lehmann, rank_biserial
from case_saliency.statistics.intervals import median_interval, verdict
from case_saliency.statistics.multiplicity import holm
from case_saliency.statistics.paired import least_margin, paired_tost, sign_test_less, wilcoxon_less
from case_saliency.statistics.ranks import groups

samples = arrays(np.float64, st.integers(1, 30), elements=st.integers(0, 100).map(float))
fast = settings(max_examples=40, deadline=None, derandomize=True)


@fast
@given(samples)
def test_interval_holds_the_median_and_moves_with_the_sample(values):
    interval = median_interval(values, 0.95)
    if values.size < 6:
        assert np.isnan(interval.low)
    else:
        assert interval.low <= interval.estimate <= interval.high
        assert interval.level >= 0.95
        assert median_interval(values + 7, 0.95).low == interval.low + 7
        assert median_interval(-values, 0.95).high == -interval.low


@fast
@given(samples)
def test_a_class_sensitive_verdict_implies_that_the_sign_test_rejects(values):
    if verdict(median_interval(values, 0.95), 50) == "class-sensitive":
        assert sign_test_less(values, 50) <= 0.025
    if verdict(median_interval(values, 0.95), 50) == "insensitive":
        assert sign_test_less(values, 50) > 0.5


@fast
@given(samples, st.sampled_from(["wilcox", "pratt", "zsplit"]))
def test_tests_return_probabilities_and_ignore_order(values, zero_method):
    p_values = [sign_test_less(values, 50), wilcoxon_less(values, 50, zero_method)]
    assert all(0 <= p <= 1 for p in p_values)
    assert p_values == [sign_test_less(values[::-1], 50), wilcoxon_less(values[::-1], 50, zero_method)]


@settings(fast, max_examples=20)  # statsmodels collects garbage in every call
@given(arrays(np.float64, st.integers(1, 12), elements=st.floats(0, 1)))
def test_holm_lies_between_the_raw_and_the_bonferroni_value_and_keeps_the_order(p_values):
    adjusted = holm(p_values)
    assert (adjusted >= p_values).all()
    assert (adjusted <= np.minimum(1, p_values * p_values.size) + 1e-12).all()
    assert (np.diff(adjusted[np.argsort(p_values)]) >= 0).all()


@fast
@given(samples, st.sampled_from(["wilcox", "pratt", "zsplit"]))
def test_estimates_move_and_turn_with_the_sample(values, zero_method):
    estimate, correlation = hodges_lehmann(values), rank_biserial(values, 50, zero_method)
    assert values.min() <= estimate <= values.max()
    assert np.isclose(hodges_lehmann(values + 7), estimate + 7, rtol=1e-12)
    assert np.isclose(hodges_lehmann(-values), -estimate, rtol=1e-12)
    assert -1 <= correlation <= 1
    assert np.isclose(rank_biserial(100 - values, 50, zero_method), -correlation, atol=1e-12)


@fast
@given(arrays(np.float64, st.integers(3, 20), elements=st.integers(-50, 50).map(float)), st.floats(0.1, 60))
def test_equivalence_is_symmetric_and_begins_at_the_least_margin(differences, margin):
    zero = np.zeros_like(differences)
    p = paired_tost(differences, zero, margin)
    assert p == paired_tost(zero, differences, margin)
    least = least_margin(differences, zero, 0.05)
    if not np.isclose(margin, least):
        assert (p < 0.05) == (margin > least)


@fast
@given(arrays(np.float64, st.integers(1, 12), elements=st.floats(1, 12)), st.floats(0.1, 5))
def test_methods_share_a_letter_exactly_if_they_are_within_the_critical_difference(mean_ranks, difference):
    letters = groups(mean_ranks, difference)
    for first, own in zip(mean_ranks, letters, strict=True):
        for second, other in zip(mean_ranks, letters, strict=True):
            low, high = sorted((first, second))
            assert bool(set(own) & set(other)) == (high <= low + difference)
