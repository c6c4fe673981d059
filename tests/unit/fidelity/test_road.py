"""Linear imputation against a dense solution written pixel by pixel, and where the answer is known."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from case_saliency.fidelity.road import interpolate


def dense(pixels, removed):
    """Solve "each removed pixel is the weighted mean of its neighbours" with a full matrix."""
    height, width = removed.shape
    unknown = [(y, x) for y in range(height) for x in range(width) if removed[y, x]]
    matrix, right = np.zeros((len(unknown), len(unknown))), np.zeros((len(unknown), len(pixels)))
    for i, (y, x) in enumerate(unknown):
        around = [(y + a, x + b) for a, b in product((-1, 0, 1), repeat=2) if (a, b) != (0, 0)]
        around = [(v, u) for v, u in around if 0 <= v < height and 0 <= u < width]
        weights = np.array([2.0 if (v == y) or (u == x) else 1.0 for v, u in around])
        matrix[i, i] = 1
        for (v, u), weight in zip(around, weights / weights.sum(), strict=True):
            if removed[v, u]:
                matrix[i, unknown.index((v, u))] -= weight
            else:
                right[i] += weight * pixels[:, v, u]
    return np.linalg.solve(matrix, right).T


@given(st.integers(1, 7), st.integers(1, 7), st.integers(0, 2**32 - 1), st.floats(0.05, 0.95))
def test_equals_the_dense_solution(height, width, seed, share):
    rng = np.random.default_rng(seed)
    pixels, removed = rng.standard_normal((2, height, width)), rng.random((height, width)) < share
    if removed.all():
        removed[0, 0] = False
    np.testing.assert_allclose(interpolate(pixels, removed), dense(pixels, removed), atol=1e-10)


def test_one_pixel_by_hand():
    pixels = np.array([[[1.0, 2.0, 3.0], [4.0, 100.0, 5.0], [6.0, 7.0, 8.0]]])
    removed = np.zeros((3, 3), dtype=bool)
    removed[1, 1] = True
    # (2 + 4 + 5 + 7) / 6 + (1 + 3 + 6 + 8) / 12
    assert interpolate(pixels, removed)[0] == pytest.approx([4.5])
    removed = np.zeros((3, 3), dtype=bool)
    removed[0, 0] = True
    # in a corner the three neighbours' weights are scaled to 1: (2 * 2 + 2 * 4 + 100) / 5
    assert interpolate(pixels, removed)[0] == pytest.approx([22.4])


def test_two_pixels_by_hand():
    # a row 0 ? ? 3: x = (0 + y) / 2, y = (x + 3) / 2
    row, removed = np.array([[[0.0, 9.0, 9.0, 3.0]]]), np.array([[False, True, True, False]])
    np.testing.assert_allclose(interpolate(row, removed), [[1, 2]])


def test_what_stood_at_removed_pixels_has_no_influence():
    rng = np.random.default_rng(0)
    pixels, removed = rng.standard_normal((3, 12, 9)), rng.random((12, 9)) < 0.6
    other = np.where(removed, 1e6, pixels)
    assert np.array_equal(interpolate(pixels, removed), interpolate(other, removed))


def test_stays_within_the_known_values_and_keeps_a_constant():
    rng = np.random.default_rng(0)
    pixels, removed = rng.random((1, 60, 50)), rng.random((60, 50)) < 0.9
    found = interpolate(pixels, removed)
    assert pixels[:, ~removed].min() <= found.min() <= found.max() <= pixels[:, ~removed].max()
    np.testing.assert_allclose(interpolate(np.full((1, 60, 50), 7.0), removed), 7)


def test_nothing_or_everything_removed():
    pixels = np.ones((3, 2, 2))
    assert interpolate(pixels, np.zeros((2, 2), dtype=bool)).shape == (3, 0)
    assert interpolate(pixels, np.ones((2, 2), dtype=bool)).tolist() == [[0] * 4] * 3
