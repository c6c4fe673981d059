"""Maps that rank no pixels are told from maps that do."""

import numpy as np
import pytest

from case_saliency.diagnostic.degenerate import KINDS, classify, small_support, small_supports, unranked


def test_names_each_defect():
    maps = np.array(
        [
            [[0.0, 1e-30], [0.0, 0.0]],
            [[0.0, 0.0], [0.0, -0.0]],
            [[2.5, 2.5], [2.5, 2.5]],
            [[-1.0, -1.0], [-1.0, -1.0]],
            [[0.0, np.nan], [0.0, 0.0]],
            [[0.0, np.inf], [0.0, 0.0]],
            [[np.nan, np.nan], [np.nan, np.nan]],
        ]
    )
    assert [KINDS[code] for code in classify(maps)] == ["", "zero", "constant", "constant", "nan", "nan", "nan"]
    assert unranked(classify(maps)).tolist() == [False, True, True, True, True, True, True]


def test_small_support_is_ranked_all_the_same():
    assert not unranked(np.array([KINDS.index("small_support")])).any()


@pytest.mark.parametrize(
    ("values", "n_top", "small"),
    [
        ([3, 2, 0, 0], 2, False),  # two positive pixels fill the set
        ([3, 2, 0, 0], 3, True),  # one of two zeros would have to be drawn
        ([3, 2, 0, 0], 4, False),  # everything is in the set: nothing is drawn
        ([3, 2, 0, -1], 3, False),  # the only zero fits
        ([3, 0, 0, -1], 2, True),
        ([-1, -2, -3, -4], 2, False),  # a signed map ranks negative values
        ([2, 2, 2, 0], 2, False),  # tied, but above zero
    ],
)
def test_small_support_is_a_top_set_filled_up_with_zeros(values, n_top, small):
    assert KINDS[small_support(np.array([values], dtype=float), n_top)[0]] == ("small_support" if small else "")


@pytest.mark.parametrize(
    ("values", "n_top", "small"),
    [
        ([3, 0, 0, 0], 0.5, False),  # the set has one cell or none
        ([3, 0, 0, 0], 1.5, True),  # its second cell would be drawn
        ([3, 2, 1, 0], 3.5, False),  # three positive cells, or all four
        ([3, 2, 0, 0], 3.5, True),
    ],
)
def test_a_fractional_set_has_small_support_if_either_whole_one_has(values, n_top, small):
    assert KINDS[small_support(np.array([values], dtype=float), n_top)[0]] == ("small_support" if small else "")


def test_many_sizes_equal_one_by_one():
    values = np.random.default_rng(0).integers(-1, 2, (30, 9)).astype(float)
    sizes = [0.4, 1, 2, 3.3, 9]
    one_by_one = np.stack([small_support(values, n) for n in sizes], axis=1)
    assert np.array_equal(small_supports(values, sizes), one_by_one)
    assert one_by_one.any()


def test_no_maps_have_no_defects():
    assert classify(np.empty((0, 7, 7))).tolist() == []


@pytest.mark.parametrize("shape", [(4, 4), (1, 0, 7), (1, 2, 3, 4)])
def test_refuses_other_shapes(shape):
    with pytest.raises(ValueError, match="classify"):
        classify(np.zeros(shape))
