"""Paired comparisons under three methods: shares of an effect, and the signed-rank test of differences."""

import itertools

import numpy as np
import pytest
from scipy import stats

from case_saliency.statistics.shares import Share, share_left, signed_rank

PLAIN = np.array([60.0, 40.0, 50.0, 70.0, 30.0, 50.0])
FULL = np.array([20.0, 0.0, 10.0, 40.0, 10.0, 10.0])  # an effect of 35 points
HALF = np.array([45.0, 20.0, 30.0, 50.0, 20.0, 30.0])  # 17.5 of them


def share(variant, plain=PLAIN, full=FULL):
    return share_left(plain, np.asarray(variant, dtype=float), full, 0.95, 0)


def test_a_ratio_of_means():
    found = share(HALF)
    assert found.estimate == pytest.approx(17.5 / 35)
    assert 0.3 < found.low < 0.5 < found.high < 0.7
    assert found.note == ""
    assert share(HALF) == found


def test_none_and_all_of_the_effect_have_no_width():
    assert share(PLAIN) == Share(0, 0, 0)
    assert share(FULL) == Share(1, 1, 1)


def test_the_same_share_on_every_image_has_no_width():
    found = share(PLAIN - 0.25 * (PLAIN - FULL))
    assert found.low == found.estimate == found.high == pytest.approx(0.25)


def test_outside_of_0_and_1():
    assert share(PLAIN + 7).estimate == pytest.approx(-0.2)
    assert share(FULL - 7).estimate == pytest.approx(1.2)


@pytest.mark.parametrize("full", [PLAIN - 9.9, PLAIN, PLAIN + 30])
def test_undefined_where_the_effect_is_small_or_the_other_way(full):
    found = share(HALF, full=full)
    assert np.isnan([found.estimate, found.low, found.high]).all()
    assert found.note == f"effect of {(PLAIN - full).mean():.1f} points, 10 needed"


def test_no_limits_where_the_effect_might_be_none():
    full = PLAIN - np.array([90.0, -10.0, -5.0, 60.0, -20.0, -10.0])
    found = share(HALF, full=full)
    assert found.estimate == pytest.approx(17.5 / 17.5)
    assert np.isnan([found.low, found.high]).all()
    assert found.note == "the effect's interval reaches 0"


def test_no_image():
    empty = np.empty(0)
    assert np.isnan(share_left(empty, empty, empty, 0.95, 0).estimate)


def test_the_interval_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(0)
    hits = 0
    for seed in range(60):
        level = rng.normal(50, 10, 40)
        effect = rng.normal(30, 8, 40)
        full, variant = level - effect, level - 0.4 * effect + rng.normal(0, 6, 40)
        found = share_left(level, variant, full, 0.95, seed)
        hits += found.low <= 0.4 <= found.high
    assert stats.binom.cdf(hits, 60, 0.95) > 0.01


def test_refuses_other_than_triples():
    with pytest.raises(ValueError, match="6, 2 and 6 values"):
        share([1, 2])


def test_signed_rank_is_exact_over_all_signs():
    difference = np.array([4.0, -1.0, 6.0, 2.0, 3.0])
    ranks = stats.rankdata(np.abs(difference))
    observed = abs(ranks @ np.sign(difference))
    totals = [abs(ranks @ np.array(signs)) for signs in itertools.product((-1, 1), repeat=5)]
    assert signed_rank(difference) == pytest.approx(np.mean([total >= observed for total in totals]))
    assert signed_rank(-difference) == signed_rank(difference)


def test_signed_rank_of_nothing():
    assert signed_rank(np.zeros(4)) == 1
    assert np.isnan(signed_rank(np.empty(0)))
