"""Similarity of two maps, against scipy, skimage and values by hand."""

import numpy as np
import pytest
from scipy import stats
from skimage.metrics import structural_similarity

from case_saliency.attribution.resample import upsample
from case_saliency.diagnostic.resemblance import MEASURES, resemblance
from case_saliency.errors import CaseSaliencyError

RNG = np.random.default_rng(0)


def compare(first, second, side=14, k=10):
    found = resemblance(
        np.asarray(first, dtype=float)[None],
        np.asarray(second, dtype=float)[None],
        input_size=(side, side),
        k_percent=k,
        ties="expected",
    )
    return found.iloc[0]


def test_equal_maps_score_one_exactly():
    a = RNG.normal(size=(7, 7))
    assert compare(a, a)[list(MEASURES)].tolist() == [1, 1, 1, 1]


def test_signed_and_absolute_ranks_by_hand():
    a, b = [[1, 2], [3, 4]], [[-1, -2], [-3, -4]]
    row = compare(a, b)
    assert (row["rank_correlation"], row["rank_correlation_absolute"]) == (-1, 1)
    # ranks of b: 2, 1, 4, 3 -> rho = 1 - 6 * 4 / (4 * 15)
    assert compare(a, [[2, 1], [4, 3]])["rank_correlation"] == pytest.approx(0.6)


def test_measures_agree_with_the_libraries():
    a, b = RNG.normal(size=(2, 7, 7))
    row = compare(a, b)
    assert row["rank_correlation"] == pytest.approx(stats.spearmanr(a.ravel(), b.ravel()).statistic)
    large = upsample(np.stack([a, b]), (14, 14)).astype(float)
    low, high = (f(large, axis=(1, 2), keepdims=True) for f in (np.min, np.max))
    scaled = (large - low) / (high - low)
    window = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}  # Wang et al. (2004)
    assert row["ssim"] == pytest.approx(structural_similarity(*scaled, data_range=1, **window))
    tops = [set(np.argsort(values.ravel())[-19:]) for values in large]  # 10% of 196
    assert row["overlap"] == pytest.approx(len(tops[0] & tops[1]) / 19)


def test_scale_and_offset_do_not_count():
    a, b = RNG.normal(size=(2, 7, 7))
    other = compare(a * 1000 + 5, b)
    for name in ("rank_correlation", "ssim", "overlap"):
        assert other[name] == pytest.approx(compare(a, b)[name], abs=1e-4)


@pytest.mark.parametrize(
    ("value", "kind"),
    [(np.zeros((7, 7)), "zero"), (np.full((7, 7), 2), "constant"), (np.full((7, 7), np.nan), "nan")],
)
def test_a_map_without_an_order_is_set_aside(value, kind):
    row = compare(RNG.normal(size=(7, 7)), value)
    assert row[list(MEASURES)].isna().all()
    assert row["degenerate"] == kind


def test_small_support_costs_the_overlap_alone():
    sparse = np.zeros((14, 14))
    sparse[0, 0] = 1
    row = compare(sparse, RNG.random((14, 14)))
    assert row["degenerate"] == "small_support"
    assert row[list(MEASURES)].isna().tolist() == [False, False, False, True]


def test_one_absolute_value_costs_the_absolute_ranks_alone():
    row = compare(np.where(RNG.random((7, 7)) < 0.5, -1, 1), RNG.normal(size=(7, 7)))
    assert row["degenerate"] == "constant"
    assert row[list(MEASURES)].isna().tolist() == [False, True, False, False]


def test_an_input_smaller_than_the_window_is_refused():
    a = RNG.normal(size=(4, 4))
    assert compare(a, a, side=11)["ssim"] == 1
    with pytest.raises(CaseSaliencyError, match="10 x 10 pixels, expected at least 11 x 11"):
        compare(a, a, side=10)


def test_shapes_must_fit():
    with pytest.raises(ValueError, match="expected"):
        resemblance(np.zeros((1, 2, 2)), np.zeros((1, 3, 3)), input_size=(9, 9), k_percent=5, ties="expected")
