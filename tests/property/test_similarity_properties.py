"""Invariants of the measures of whole maps."""

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from case_saliency.diagnostic.similarity import spearman, ssim

maps = arrays(np.float64, (11, 12), elements=st.integers(-3, 3).map(float))
fast = settings(max_examples=40, deadline=None, derandomize=True)


@fast
@given(maps, maps)
def test_measures_are_symmetric_and_bounded(first, second):
    assume(np.ptp(first) and np.ptp(second))
    for measure in (ssim, lambda a, b: spearman(a.ravel(), b.ravel())):
        value = measure(first, second)
        assert -1 - 1e-12 <= value <= 1 + 1e-12
        assert abs(measure(second, first) - value) < 1e-12


@fast
@given(maps, maps, st.permutations(range(132)))
def test_rank_correlation_does_not_depend_on_where_pixels_lie(first, second, order):
    assume(np.ptp(first) and np.ptp(second))
    here, there = (spearman(first.ravel()[i], second.ravel()[i]) for i in (np.arange(132), np.array(order)))
    assert abs(here - there) < 1e-12


@fast
@given(maps)
def test_a_map_is_like_itself_and_opposed_to_its_negative(values):
    assume(np.ptp(values))
    assert abs(ssim(values, values) - 1) < 1e-12
    assert abs(spearman(values.ravel(), values.ravel()) - 1) < 1e-12
    assert abs(spearman(values.ravel(), -values.ravel()) + 1) < 1e-12
