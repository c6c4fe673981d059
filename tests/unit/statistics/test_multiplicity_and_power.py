"""Corrections for many tests by hand, and the power that a number of images allows."""

import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from case_saliency.statistics.multiplicity import benjamini_hochberg, holm
from case_saliency.statistics.power import sign_test_critical, sign_test_power, sign_test_sample_size


def test_holm_by_hand():
    # sorted .01 .02 .03 .04 times 4 3 2 1 = .04 .06 .06 .04, made monotone: .04 .06 .06 .06
    adjusted = holm(np.array([0.04, 0.01, 0.03, 0.02]))
    np.testing.assert_allclose(adjusted, [0.06, 0.04, 0.06, 0.06], rtol=1e-14)


@pytest.mark.parametrize(("adjust", "method"), [(holm, "holm"), (benjamini_hochberg, "fdr_bh")])
@pytest.mark.parametrize("n", [1, 2, 7, 60])
def test_adjusted_p_values_are_those_of_statsmodels(adjust, method, n):
    p_values = np.random.default_rng(n).beta(0.3, 2, n).round(2)  # with ties
    assert adjust(p_values).tolist() == multipletests(p_values, method=method)[1].tolist()


def test_holm_leaves_out_tests_that_could_not_be_made():
    np.testing.assert_allclose(holm(np.array([np.nan, 0.01, 0.5, np.nan])), [np.nan, 0.02, 0.5, np.nan], rtol=1e-14)
    assert holm(np.array([])).size == 0
    assert np.isnan(holm(np.array([np.nan]))).all()


def test_holm_is_at_most_one():
    assert holm(np.array([0.9, 0.8, 0.7])).tolist() == [1, 1, 1]


def test_benjamini_hochberg_by_hand():
    # sorted .01 .02 .03 .04 times 4/1 4/2 4/3 4/4 = .04 .04 .04 .04; .005 .04 .06 .5: .02 .08 .08 .5
    np.testing.assert_allclose(benjamini_hochberg(np.array([0.04, 0.01, 0.03, 0.02])), 0.04, rtol=1e-14)
    adjusted = benjamini_hochberg(np.array([0.06, 0.5, 0.005, 0.04]))
    np.testing.assert_allclose(adjusted, [0.08, 0.5, 0.02, 0.08], rtol=1e-14)


def test_benjamini_hochberg_leaves_out_tests_that_could_not_be_made():
    p_values = np.array([np.nan, 0.01, 0.5, 0.03, np.nan])
    expected = stats.false_discovery_control(p_values[1:4], method="bh")
    np.testing.assert_allclose(benjamini_hochberg(p_values), [np.nan, *expected, np.nan], rtol=1e-14)
    assert benjamini_hochberg(np.array([])).size == 0
    assert np.isnan(benjamini_hochberg(np.array([np.nan]))).all()


@pytest.mark.parametrize(("probability", "power"), [(0.6, 0.21), (0.7, 0.53), (0.75, 0.72), (0.8, 0.87)])
def test_power_of_eighteen_images(probability, power):
    assert round(sign_test_power(18, probability, 0.05), 2) == power


def test_power_under_holm_with_sixty_tests():
    assert round(sign_test_power(18, 0.8, 0.05 / 60), 2) == 0.27


def test_power_by_enumeration():
    n, probability, alpha = 9, 0.7, 0.05
    tails = {c: sum(math.comb(n, i) for i in range(c, n + 1)) / 2**n for c in range(n + 2)}
    critical = min(c for c, tail in tails.items() if tail < alpha)
    expected = sum(math.comb(n, i) * probability**i * (1 - probability) ** (n - i) for i in range(critical, n + 1))
    assert sign_test_critical(n, alpha) == critical == 8
    assert sign_test_power(n, probability, alpha) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("n", "power"), [(0, 0.0), (4, 0.0)])
def test_too_few_images_have_no_power(n, power):
    assert sign_test_power(n, 0.9, 0.05) == power


@pytest.mark.parametrize(
    ("probability", "tests", "n"),
    [(0.7, 1, 42), (0.7, 60, 101), (0.6, 1, 169), (0.6, 60, 409), (0.75, 1, 28), (1.0, 1, 5)],
)
def test_sample_sizes_for_eighty_percent_power(probability, tests, n):
    alpha = 0.05 / tests
    assert sign_test_sample_size(probability, alpha) == n
    assert sign_test_power(n - 1, probability, alpha) < 0.8
    assert min(sign_test_power(more, probability, alpha) for more in range(n, n + 100)) >= 0.8


def test_an_effect_of_none_has_no_sample_size():
    with pytest.raises(ValueError, match=r"probability=0\.5"):
        sign_test_sample_size(0.5, 0.05)
