"""Top sets and their overlap: hand-computed values, and brute force over all ways to break ties."""

from itertools import combinations, product

import numpy as np
import pytest

from case_saliency.diagnostic.topk import exact_size, inclusion_probabilities, neighbours, overlap, top_size


@pytest.mark.parametrize(
    ("n_pixels", "k_percent", "expected"),
    [
        (50176, 5, 2508),  # 2508.8 is rounded down
        (49, 5, 2),
        (16, 5, 1),  # 0.8 pixels: at least one
        (100, 29, 29),  # 29 / 100 * 100 is 28.999... in floating point
        (10, 100, 10),
        (1000, 0.1, 1),
    ],
)
def test_top_size_rounds_down_but_takes_one(n_pixels, k_percent, expected):
    assert top_size(n_pixels, k_percent) == expected


@pytest.mark.parametrize(("n_pixels", "k_percent"), [(10, 0), (10, 100.1), (10, -5), (10, float("nan")), (0, 5)])
def test_top_size_refuses_what_is_no_share(n_pixels, k_percent):
    with pytest.raises(ValueError, match="size of the top set"):
        top_size(n_pixels, k_percent)


@pytest.mark.parametrize(
    ("n_pixels", "k_percent", "size", "whole"),
    [(49, 5, 2.45, [2, 3]), (49, 1, 0.49, [1]), (50, 10, 5, [5]), (49, 100, 49, [49])],
)
def test_exact_size_is_not_rounded(n_pixels, k_percent, size, whole):
    assert exact_size(n_pixels, k_percent) == size
    assert neighbours(exact_size(n_pixels, k_percent)) == whole


def test_inclusion_probabilities_by_hand():
    values = np.array([[5.0, 2.0, 2.0, 2.0, 1.0], [0.0, 0.0, 0.0, 0.0, 0.0], [1.0, 2.0, 3.0, 4.0, 5.0]])
    expected = [[1, 2 / 3, 2 / 3, 2 / 3, 0], [0.6] * 5, [0, 0, 1, 1, 1]]
    np.testing.assert_allclose(inclusion_probabilities(values, 3), expected, rtol=0, atol=1e-16)


def test_overlap_by_hand():
    # Pixels above the threshold: {0} and {1}; tied: {1, 2} with one place, {0, 3} with one place, for n = 2:
    # pi_A = (1, 1/2, 1/2, 0), pi_B = (1/2, 1, 0, 1/2), sum of products 1/2 + 1/2 = 1, over n: 50%.
    first = np.array([[9.0, 4.0, 4.0, 1.0]])
    second = np.array([[3.0, 7.0, 1.0, 3.0]])
    assert overlap(first, second, [2], "expected").tolist() == [[50.0]]
    # paper: of the tied pixels the last one in row-major order, {0, 2} and {1, 3}
    assert overlap(first, second, [2], "paper").tolist() == [[0.0]]


def top_sets(values, n):
    """All sets of n pixels that hold no pixel smaller than one left out."""
    pixels = range(len(values))
    for chosen in combinations(pixels, n):
        rest = set(pixels) - set(chosen)
        if not rest or min(values[list(chosen)]) >= max(values[list(rest)]):
            yield set(chosen)


def test_expectation_equals_brute_force_over_all_tie_orders():
    rng = np.random.default_rng(1)
    first, second = rng.integers(0, 3, (2, 40, 7)).astype(np.float32)
    sizes = [1, 2, 3, 5, 7]
    expected = [
        [
            np.mean([100 * len(a & b) / n for a, b in product(top_sets(x, n), top_sets(y, n))])  # one pair at a time
            for n in sizes
        ]
        for x, y in zip(first, second, strict=True)
    ]
    np.testing.assert_allclose(overlap(first, second, sizes, "expected"), expected, rtol=0, atol=1e-12)


def one_of_two_sizes(first, second, n):
    """Mean over all tie orders, and over a size that is floor(n) or ceil(n) and n in the mean, of the shared pixels."""
    lower = int(n)
    found = 0.0
    for size, weight in ((lower, 1 - (n - lower)), (lower + 1, n - lower)):
        if size and weight:
            shared = [len(a & b) for a, b in product(top_sets(first, size), top_sets(second, size))]
            found += weight * np.mean(shared)
    return 100 * found / n


@pytest.mark.parametrize("n", [0.07, 0.5, 1.25, 2.45, 3.5, 4.999, 6.01, 6.9])
def test_fractional_sizes_equal_brute_force_over_tie_orders_and_sizes(n):
    rng = np.random.default_rng(6)
    first, second = rng.integers(0, 3, (2, 25, 7)).astype(np.float32)
    expected = [one_of_two_sizes(x, y, n) for x, y in zip(first, second, strict=True)]
    np.testing.assert_allclose(overlap(first, second, [n], "expected")[:, 0], expected, rtol=0, atol=1e-12)


def test_fractional_sizes_by_hand():
    first, second = np.array([[5.0, 4.0, 3.0, 2.0]]), np.array([[5.0, 3.0, 4.0, 2.0]])
    # shared pixels of the top 1, 2, 3, 4: 1, 1, 3, 4. At 2.5: 1 + (3 - 1) / 2 = 2; at 1.25: 1; at 0.5: 1 / 2.
    assert overlap(first, second, [0.5, 1.25, 2.5, 4], "expected").tolist() == [[100, 80, 80, 100]]
    assert overlap(first, second, [0.5, 1.25, 2.5, 4], "paper").tolist() == [[100, 80, 80, 100]]


def test_whole_sizes_give_the_same_bits_beside_fractional_ones():
    first, second = np.random.default_rng(7).integers(0, 9, (2, 30, 49)).astype(np.float32)
    for ties in ("expected", "paper"):
        alone = overlap(first, second, [1, 2, 3, 24], ties)
        mixed = overlap(first, second, [0.49, 1, 1.5, 2.0, 2.45, 3, 24, 24.5], ties)
        assert np.array_equal(mixed[:, [1, 3, 5, 6]], alone)


@pytest.mark.parametrize("n_cells", [16, 49, 64, 81])
def test_the_same_untied_map_shares_exactly_all_at_every_size(n_cells):
    maps = np.random.default_rng(8).permuted(np.tile(np.arange(n_cells, dtype=np.float32), (5, 1)), axis=1)
    sizes = [exact_size(n_cells, k) for k in (0.3, 1, 2, 5, 7.7, 10, 20, 33.3, 50, 100)]
    assert (overlap(maps, maps, sizes, "expected") == 100).all()


def test_the_papers_set_takes_the_last_of_tied_pixels():
    rng = np.random.default_rng(2)
    first, second = rng.integers(0, 4, (2, 30, 9)).astype(np.float32)

    def top(values, n):
        return set(sorted(range(9), key=lambda pixel: (-values[pixel], -pixel))[:n])

    expected = [[100 * len(top(x, n) & top(y, n)) / n for n in (1, 4, 9)] for x, y in zip(first, second, strict=True)]
    np.testing.assert_allclose(overlap(first, second, [1, 4, 9], "paper"), expected, rtol=0, atol=1e-12)


def test_conventions_agree_without_ties():
    first, second = np.random.default_rng(3).normal(size=(2, 20, 50))
    np.testing.assert_allclose(
        overlap(first, second, [1, 5, 25], "expected"),
        overlap(first, second, [1, 5, 25], "paper"),
        rtol=0,
        atol=1e-12,
    )


def test_the_same_map_shares_all_only_without_ties():
    distinct, tied = np.array([[4.0, 3.0, 2.0, 1.0]]), np.array([[4.0, 1.0, 1.0, 1.0]])
    assert overlap(distinct, distinct, [2], "expected").item() == 100
    # one place for three tied pixels, drawn independently in either map: (1 + 3 * (1/3)**2) / 2 = 2/3
    assert overlap(tied, tied, [2], "expected").item() == pytest.approx(200 / 3, rel=1e-15)


def test_independent_native_maps_share_what_chance_gives():
    # The overlap of two independent sets of 2 from 49 is hypergeometric: mean 2/49 of the set.
    n_pairs = 20_000
    first, second = np.random.default_rng(4).normal(size=(2, n_pairs, 49))
    scores = overlap(first, second, [2], "expected")[:, 0]
    variance = 2 * (2 / 49) * (47 / 49) * (47 / 48) * 50**2
    assert abs(scores.mean() - 100 * 2 / 49) < 4 * np.sqrt(variance / n_pairs)


def test_independent_native_maps_share_what_chance_gives_at_fractional_sizes():
    # shared(m) of two independent sets of m from P has the mean m^2 / P: (4 + 0.45 (9 - 4)) / 49 of 2.45 at k = 5.
    n_pairs = 20_000
    first, second = np.random.default_rng(9).normal(size=(2, n_pairs, 49))
    scores = overlap(first, second, [2.45], "expected")[:, 0]
    assert abs(scores.mean() - 100 * 6.25 / 49 / 2.45) < 4 * scores.std() / np.sqrt(n_pairs)


def test_a_batch_equals_its_pairs_one_by_one_and_stays_as_it_was():
    first, second = np.random.default_rng(5).integers(0, 5, (2, 8, 30)).astype(np.float32)
    before = first.copy(), second.copy()
    batch = overlap(first, second, [2, 10], "expected")
    single = [overlap(a[None], b[None], [2, 10], "expected")[0] for a, b in zip(first, second, strict=True)]
    assert np.array_equal(batch, single)
    assert np.array_equal(first, before[0])
    assert np.array_equal(second, before[1])


def test_no_pairs_give_no_rows():
    assert overlap(np.empty((0, 9)), np.empty((0, 9)), [1, 2], "expected").shape == (0, 2)


@pytest.mark.parametrize(
    ("first", "second", "sizes", "ties", "message"),
    [
        (np.zeros((1, 4)), np.zeros((1, 5)), [1], "expected", "differ in shape"),
        (np.zeros(4), np.zeros(4), [1], "expected", r"expected \(N, P\)"),
        (np.zeros((1, 4)), np.zeros((1, 4)), [5], "expected", "sizes"),
        (np.zeros((1, 4)), np.zeros((1, 4)), [0], "paper", "sizes"),
        (np.array([[0, np.nan]]), np.zeros((1, 2)), [1], "expected", "not finite"),
        (np.zeros((1, 2)), np.array([[0, np.inf]]), [1], "paper", "not finite"),
        (np.zeros((1, 4)), np.zeros((1, 4)), [1], "random", "ties is 'random'"),
    ],
)
def test_refuses_what_it_cannot_rank(first, second, sizes, ties, message):
    with pytest.raises(ValueError, match=message):
        overlap(first, second, sizes, ties)
