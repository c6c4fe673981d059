"""The mean over units that share members: by hand, by brute force, and its coverage."""

import numpy as np
import pytest
from scipy import stats

from case_saliency.fidelity.mosaics import draw
from case_saliency.statistics.jackknife import clustered_mean


def test_units_without_common_members_are_independent():
    values = np.array([1.0, 2.0, 4.0, 7.0])
    found = clustered_mean(values, np.arange(16).reshape(4, 4))
    expected = stats.ttest_1samp(values, 2)
    interval = expected.confidence_interval(0.95)
    assert (found.kind, found.df) == ("t", 3)
    assert found.interval(0.95) == pytest.approx((interval.low, interval.high))
    assert found.p_differs(2) == pytest.approx(expected.pvalue)
    assert found.p_above(2) == pytest.approx(stats.ttest_1samp(values, 2, alternative="greater").pvalue)


def test_recurring_members_by_brute_force():
    random = np.random.default_rng(0)
    members = np.array([random.choice(9, 4, replace=False) for _ in range(12)]) + 50
    values = random.normal(size=12)
    left_out = [values[(members != one).all(axis=1)].mean() for one in np.unique(members)]
    n = len(left_out)
    found = clustered_mean(values, members)
    assert (found.kind, found.df) == ("jackknife", n - 1)
    assert found.mean == pytest.approx(values.mean())
    assert found.standard_error == pytest.approx(np.sqrt((n - 1) / n * np.sum((left_out - np.mean(left_out)) ** 2)))
    assert found.interval(0.9) == pytest.approx(
        stats.t.interval(0.9, n - 1, loc=found.mean, scale=found.standard_error)
    )


def test_a_mean_over_all_pairs_has_the_standard_error_of_its_members():
    # All pairs of n numbers, each unit the mean of two: the mean is that of the numbers, and so is its standard error.
    numbers = np.array([3.0, 1.0, 4.0, 1.5, 9.0, 2.0])
    members = np.array([(i, j) for i in range(6) for j in range(i)])
    found = clustered_mean(numbers[members].mean(axis=1), members)
    assert found.standard_error == pytest.approx(numbers.std(ddof=1) / np.sqrt(6))


@pytest.mark.parametrize(
    ("values", "members"), [([1.0, 2.0], [[0, 1], [0, 2]]), ([1.0], [[0, 1]]), ([1.0, 2.0], [[0, 1], [1, 0]]), ([], [])]
)
def test_no_interval_where_a_member_is_everywhere(values, members):
    found = clustered_mean(np.array(values), np.array(members, dtype=int).reshape(-1, 2))
    assert found.kind == "none"
    assert np.isnan([*found.interval(0.95), found.p_above(0), found.p_differs(0)]).all()
    assert found.mean == pytest.approx(np.mean(values)) if values else np.isnan(found.mean)


def test_rounding_is_not_significant():
    values = 0.25 + np.array([1, 2, 1, 3]) * 1e-16
    for members in (np.arange(8).reshape(4, 2), np.array([[0, 1], [1, 2], [2, 3], [3, 0]])):
        found = clustered_mean(values, members)
        assert found.interval(0.95) == (found.mean, found.mean)
        assert (found.p_above(0.25), found.p_differs(0.25)) == (1, 1)
        assert (found.p_above(0.2), found.p_differs(0.2), found.p_differs(0.3), found.p_above(0.3)) == (0, 0, 0, 1)


def test_a_missing_value_is_refused():
    with pytest.raises(ValueError, match="NaN"):
        clustered_mean(np.array([1.0, np.nan]), np.array([[0, 1], [2, 3]]))


def simulated(n_images, own, others, noise, repetitions=200):
    """How often the 95% intervals hold the mean, 0, and how wide the jackknife's is.

    A cell's value is the effect of its image, those of the other three images of the mosaic, and noise.

    Returns
    -------
    The shares for the jackknife over images, Student's t over mosaics as if they were independent, and Student's t over
    the means of images' own cells; and the root of the jackknife's mean variance over the standard deviation of means.
    """
    random = np.random.default_rng(1)
    held, variances, means = [], [], []
    for seed in range(repetitions):
        mosaics = draw({str(i): i for i in range(n_images)}, 20, seed)
        members = np.array([mosaic.classes for mosaic in mosaics])
        first, second = random.normal(0, own, n_images), random.normal(0, others, n_images)
        cells = first[members] + second[members].sum(1, keepdims=True) - second[members]
        cells = cells + random.normal(0, noise, cells.shape)
        found = clustered_mean(cells.mean(axis=1), members)
        low, high = found.interval(0.95)
        used = np.unique(members)
        of_images = np.array([cells[members == image].mean() for image in used])
        independent = [stats.ttest_1samp(values, 0).pvalue >= 0.05 for values in (cells.mean(axis=1), of_images)]
        held.append([low <= 0 <= high, *independent])
        variances.append(found.standard_error**2)
        means.append(found.mean)
    return *np.mean(held, axis=0), float(np.sqrt(np.mean(variances) / np.var(means)))


@pytest.mark.parametrize(
    ("effects", "own_cells"), [((1, 0, 0), (0.92, 0.98)), ((0, 1, 0), (0, 0.6)), ((1, 0.6, 0.5), (0, 0.9))]
)
def test_the_interval_covers_where_others_do_not(effects, own_cells):
    ours, over_mosaics, over_images, width = simulated(18, *effects)
    assert ours > 0.93
    assert over_mosaics < 0.8
    assert own_cells[0] <= over_images <= own_cells[1]
    assert 1 < width < 1.9


def test_where_images_have_no_effect_the_interval_is_about_twice_as_wide_as_it_need_be():
    ours, over_mosaics, over_images, width = simulated(18, 0, 0, 1)
    assert ours > 0.98
    assert 0.9 < over_mosaics < 0.98
    assert 0.9 < over_images < 0.98
    assert 1.8 < width < 2.4


def test_the_interval_is_exact_where_no_image_recurs():
    ours, over_mosaics, *_ = simulated(80, 1, 0.3, 0.5)
    assert 0.91 < ours < 0.99
    assert ours == over_mosaics
