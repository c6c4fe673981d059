"""Measures of likeness on maps of known likeness, and against independent implementations."""

import numpy as np
import pytest
from scipy import ndimage, stats

from case_saliency.diagnostic.chance import add_chance, chance_levels
from case_saliency.diagnostic.similarity import COLUMNS, score_similarity, spearman, ssim
from case_saliency.errors import CaseSaliencyError

SIZE = (14, 14)


def score(maps, qualified=None, k_percents=(10, 50), whole=("spearman", "ssim")):
    n = len(maps)
    return score_similarity(
        maps,
        image_ids=[f"image-{i}" for i in range(n)],
        targets=np.tile([7, 3], (n, 1)),
        qualified=np.ones(n, dtype=bool) if qualified is None else np.array(qualified),
        input_size=SIZE,
        k_percents=k_percents,
        whole=whole,
    )


def noise(seed=0, shape=(3, 2, 7, 7)):
    return np.random.default_rng(seed).random(shape, dtype=np.float32)


def test_spearman_is_scipys_with_ties_and_without():
    rng = np.random.default_rng(1)
    for first, second in (rng.random((2, 60)), rng.integers(0, 4, (2, 60)).astype(float)):
        assert spearman(first, second) == pytest.approx(stats.spearmanr(first, second).statistic, abs=1e-14)


def gaussian_ssim(first, second):
    """Wang et al.'s formula, written out: local moments under an 11 x 11 Gaussian window, mean over whole windows."""
    a, b = ((x - x.min()) / (x.max() - x.min()) for x in (first.astype(float), second.astype(float)))
    offsets = np.arange(-5, 6)
    weights = np.exp(-(offsets[:, None] ** 2 + offsets**2) / (2 * 1.5**2))
    weights /= weights.sum()

    def local(values):
        return ndimage.correlate(values, weights)[5:-5, 5:-5]

    mean_a, mean_b = local(a), local(b)
    var_a, var_b, cov = local(a * a) - mean_a**2, local(b * b) - mean_b**2, local(a * b) - mean_a * mean_b
    c1, c2 = 0.01**2, 0.03**2
    index = (2 * mean_a * mean_b + c1) * (2 * cov + c2) / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2))
    return index.mean()


def test_ssim_is_the_published_formula():
    first, second = np.random.default_rng(2).normal(size=(2, 20, 24))
    assert ssim(first, second) == pytest.approx(gaussian_ssim(first, second), abs=1e-12)


def test_measures_do_not_see_scale_and_offset():
    first, second = np.random.default_rng(3).normal(size=(2, 16, 16))
    assert ssim(first, 4 * first - 3) == pytest.approx(1, abs=1e-12)
    assert ssim(4 * first - 3, second / 2) == pytest.approx(ssim(first, second), abs=1e-12)
    assert spearman(np.exp(first).ravel(), second.ravel()) == spearman(first.ravel(), second.ravel())
    assert spearman(first.ravel(), -first.ravel()) == pytest.approx(-1, abs=1e-14)


def test_a_map_that_is_constant_after_rounding_has_a_value():
    noise = np.random.default_rng(4).normal(size=(16, 16))
    assert ssim(np.full((16, 16), 3.0), noise) == pytest.approx(ssim(noise, np.zeros((16, 16))))
    assert ssim(np.full((16, 16), 3.0), np.zeros((16, 16))) == 1


def test_maps_below_the_window_are_refused():
    with pytest.raises(CaseSaliencyError, match="10 x 12 pixels, expected at least 11 x 11"):
        ssim(np.eye(10, 12), np.eye(10, 12))


def test_one_row_for_each_image_measure_resolution_and_k():
    table = score(noise())
    assert table.columns.tolist() == [name for name in COLUMNS[6:] if not name.startswith("chance")]
    keys = ["measure", "resolution", "k_percent", "n_top"]
    rows = table.loc[table["image_id"] == "image-1", keys].to_numpy().tolist()
    # 10% and 50% of 196 pixels, rounded down, and of 49 cells, not rounded
    assert rows[:4] == [
        ["agreement", "input", 10, 19],
        ["agreement", "input", 50, 98],
        ["agreement", "native", 10, 4.9],
        ["agreement", "native", 50, 24.5],
    ]
    assert [row[:2] for row in rows[4:]] == [["spearman", "input"], ["ssim", "input"]]
    assert np.isnan([row[2:] for row in rows[4:]]).all()
    assert len(table) == 3 * 6


def test_the_same_map_has_full_marks():
    maps = noise()[:, :1].repeat(2, axis=1)
    table = score(maps).groupby(["measure", "resolution"])["value"].min()
    assert table["agreement", "native"] == 100
    assert table["spearman", "input"] == pytest.approx(1, abs=1e-14)
    assert table["ssim", "input"] == pytest.approx(1, abs=1e-12)


def test_whole_maps_are_compared_at_input_resolution():
    maps = np.array([[[[0.0, 1.0]], [[1.0, 0.0]]]], dtype=np.float32)
    table = score(maps, whole=["spearman"])
    assert table.loc[table["measure"] == "spearman", "value"].item() == pytest.approx(-1, abs=1e-14)


def test_degenerate_pairs_have_no_value_and_small_support_is_a_matter_of_agreement():
    maps = noise(shape=(3, 2, 4, 4))
    maps[0, 1] = 0
    maps[1, 0] = 2
    maps[2, 1] = 0
    maps[2, 1, 0, 0] = 1
    table = score(maps, qualified=[True, False, True])
    found = table.groupby(["image_id", "measure", "resolution"])["degenerate"].agg(set)
    assert found["image-0"].tolist() == [{"zero"}] * 4
    assert found["image-1"].tolist() == [{"constant"}] * 4
    assert found["image-2", "spearman", "input"] == {""}
    assert found["image-2", "ssim", "input"] == {""}
    assert "small_support" in found["image-2", "agreement", "native"]
    assert (table["value"].isna() == (table["degenerate"] != "")).all()
    assert set(table.loc[table["image_id"] == "image-1", "reason"]) == {"misclassified"}


def test_many_images_equal_one_by_one():
    maps = noise(4, (35, 2, 4, 4))
    together = score(maps).set_index("image_id")["value"]
    for image in (0, 31, 34):
        single = score(maps[image : image + 1])["value"]
        assert np.array_equal(single, together[f"image-{image}"])


def test_chance_at_native_resolution_is_hypergeometric():
    n_pairs = 2000
    levels = chance_levels((4, 5), (12, 12), [5, 12, 50], n_pairs=n_pairs, seed=0)
    native = levels[levels["resolution"] == "native"].set_index("k_percent")
    # whole sizes 1 and 10 of 20: k percent. 2.4 of 20: (4 + 0.4 (9 - 4)) / 20 of 2.4.
    for k, expected in ((5, 5), (12, 100 * 6 / 20 / 2.4), (50, 50)):
        assert abs(native.loc[k, "chance"] - expected) < 4 * native.loc[k, "chance_se"]
    # one cell of 20 is shared or not: a variance of p (1 - p)
    assert native.loc[5, "chance_se"] == pytest.approx(100 * np.sqrt(0.05 * 0.95 / n_pairs), rel=0.15)
    assert native.loc[5, "chance_median"] == 0


def test_chance_of_upsampled_maps_is_above_k():
    levels = chance_levels((7, 7), (56, 56), [5], n_pairs=400, seed=0).set_index(["measure", "resolution"])
    found = levels.loc[("agreement", "input")]
    assert found["chance"] - 5 > 4 * found["chance_se"]
    assert abs(found["chance"] - 8.2) < 4 * found["chance_se"]


def test_rank_correlation_of_independent_maps_is_zero_as_stated():
    levels = chance_levels((4, 4), (12, 12), [50], n_pairs=2, seed=0).set_index("measure")
    assert levels.loc["spearman", ["chance", "chance_se", "chance_median"]].tolist() == [0, 0, 0]
    values = score(noise(5, (400, 2, 4, 4)), whole=["spearman"])
    values = values.loc[values["measure"] == "spearman", "value"]
    assert abs(values.mean()) < 4 * values.std() / 20


def test_chance_depends_on_seed_and_sizes_alone():
    arguments = {"n_pairs": 70, "seed": 3}
    first = chance_levels((3, 3), (12, 12), [20, 50], **arguments)
    again = chance_levels((3, 3), (12, 12), [50], **arguments)
    assert first[first["k_percent"] == 50].to_numpy().tolist() == again[again["k_percent"] == 50].to_numpy().tolist()
    other = chance_levels((3, 3), (12, 12), [50], n_pairs=70, seed=4)
    assert other["chance"].tolist() != again["chance"].tolist()
    with pytest.raises(ValueError, match="n_pairs is 1"):
        chance_levels((3, 3), (12, 12), [50], n_pairs=1, seed=3)


def test_chance_stands_beside_every_score():
    scores = score(noise())
    levels = chance_levels((7, 7), SIZE, [10, 50], n_pairs=10, seed=0)
    table = add_chance(scores, levels)
    assert table["value"].tolist() == scores["value"].tolist()
    of_ssim = levels.loc[levels["measure"] == "ssim", "chance"].item()
    assert set(table.loc[table["measure"] == "ssim", "chance"]) == {of_ssim}
    with pytest.raises(ValueError, match="no level of chance"):
        add_chance(scores, levels[levels["k_percent"] != 10])
