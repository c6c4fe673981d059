"""Invariants of top sets and their overlap on arbitrary maps, tied or not."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from case_saliency.diagnostic.topk import inclusion_probabilities, overlap

maps = arrays(np.float32, (1, 24), elements=st.integers(-3, 3).map(float))
sizes = st.integers(1, 24)
fast = settings(max_examples=60, deadline=None, derandomize=True)


@fast
@given(maps, sizes)
def test_probabilities_fill_the_top_set(values, n):
    probabilities = inclusion_probabilities(values, n)
    assert probabilities.min() >= 0
    assert probabilities.max() <= 1
    assert abs(probabilities.sum() - n) < 1e-12


@fast
@given(maps, maps, sizes)
def test_overlap_is_the_sum_of_products_of_probabilities(first, second, n):
    expected = 100 * (inclusion_probabilities(first, n) * inclusion_probabilities(second, n)).sum() / n
    assert abs(overlap(first, second, [n], "expected").item() - expected) < 1e-10


@fast
@given(maps, maps, sizes, st.sampled_from(["expected", "paper"]))
def test_overlap_is_symmetric_bounded_and_blind_to_scale(first, second, n, ties):
    score = overlap(first, second, [n], ties).item()
    assert max(0, 100 * (2 * n - 24) / n) - 1e-9 <= score <= 100
    assert overlap(second, first, [n], ties).item() == score
    assert overlap(first * 4 + 1, second / 8, [n], ties).item() == score


@fast
@given(maps, maps, sizes, st.permutations(range(24)))
def test_expected_overlap_does_not_depend_on_where_pixels_lie(first, second, n, order):
    moved = overlap(first[:, order], second[:, order], [n], "expected")
    assert np.array_equal(moved, overlap(first, second, [n], "expected"))


fractions = st.floats(0.01, 24)
tie_rules = st.sampled_from(["expected", "paper"])


@fast
@given(maps, maps, fractions, tie_rules)
def test_fractional_overlap_is_symmetric_bounded_and_blind_to_scale(first, second, n, ties):
    score = overlap(first, second, [n], ties).item()
    assert -1e-9 <= score <= 100 + 1e-9
    assert overlap(second, first, [n], ties).item() == score
    assert overlap(first * 4 + 1, second / 8, [n], ties).item() == score


@fast
@given(maps, maps, st.integers(1, 23), st.floats(0, 1), tie_rules)
def test_shared_pixels_grow_linearly_between_whole_sizes(first, second, n, fraction, ties):
    low, between, high = (size * overlap(first, second, [size], ties).item() for size in (n, n + fraction, n + 1))
    assert abs(between - (low + fraction * (high - low))) < 1e-8


@fast
@given(st.permutations(range(24)), fractions, tie_rules)
def test_an_untied_map_shares_exactly_all_with_itself(order, n, ties):
    values = np.array([order], dtype=np.float32)
    found = overlap(values, values, [n], ties).item()
    assert found == 100


@fast
@given(maps, maps, fractions, st.permutations(range(24)))
def test_fractional_overlap_does_not_depend_on_where_pixels_lie(first, second, n, order):
    moved = overlap(first[:, order], second[:, order], [n], "expected")
    assert np.array_equal(moved, overlap(first, second, [n], "expected"))


@fast
@given(maps, maps)
def test_the_whole_image_is_shared_in_full(first, second):
    assert abs(overlap(first, second, [24], "expected").item() - 100) < 1e-12
