"""Pooling over networks and seeds: by hand, against statsmodels' mixed model, and its coverage on known truth."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.regression.mixed_linear_model import MixedLM

from case_saliency.statistics.crossed import crossed
from case_saliency.statistics.pooling import pooled_table

BY_HAND = np.array([[10.0, 20.0, 36.0], [14.0, 26.0, 38.0]])  # means 22 26; 12 23 37; mean 24


def two_way(rng, n_units, n_images, sd_units, sd_images, sd_residual):
    return (
        50
        + rng.normal(0, sd_units, (n_units, 1))
        + rng.normal(0, sd_images, n_images)
        + rng.normal(0, sd_residual, (n_units, n_images))
    )


def test_mean_squares_by_hand():
    # units: 3 (4 + 4) = 24 over 1; images: 2 (144 + 1 + 169) = 628 over 2;
    # residuals 0 -1 1 and 0 1 -1: 4 over 2
    found = crossed(BY_HAND, 0.95)
    assert found.sd_units == pytest.approx(math.sqrt((24 - 2) / 3))
    assert found.sd_images == pytest.approx(math.sqrt((314 - 2) / 2))
    assert found.sd_residual == pytest.approx(math.sqrt(2))
    for interval, variance, freedom in (
        (found.images, 314 / 6, 2),
        (found.units, 24 / 6, 1),
        (found.both, (24 + 314 - 2) / 6, 336**2 / (24**2 / 1 + 314**2 / 2 + 2**2 / 2)),
    ):
        half = stats.t.ppf(0.975, freedom) * math.sqrt(variance)
        assert (interval.low, interval.high) == (pytest.approx(24 - half), pytest.approx(24 + half))
        assert interval.estimate == 24


def test_the_intervals_of_one_factor_are_students_on_its_means():
    values = two_way(np.random.default_rng(0), 4, 9, 3, 10, 5)
    found = crossed(values, 0.9)
    for interval, axis in ((found.units, 1), (found.images, 0)):
        means = values.mean(axis=axis)
        low, high = stats.t.interval(0.9, len(means) - 1, means.mean(), stats.sem(means))
        assert (interval.low, interval.high) == (pytest.approx(low), pytest.approx(high))


@pytest.mark.parametrize("seed", [0, 1])
def test_components_and_standard_error_are_those_of_the_mixed_model(seed):
    values = two_way(np.random.default_rng(seed), 5, 12, 8, 10, 5)
    unit, image = np.indices(values.shape)
    table = pd.DataFrame({"y": values.ravel(), "unit": unit.ravel(), "image": image.ravel(), "all": 1})
    components = {"unit": "0 + C(unit)", "image": "0 + C(image)"}
    model = MixedLM.from_formula("y ~ 1", groups="all", vc_formula=components, re_formula="0", data=table)
    fit = model.fit(reml=True)
    named = dict(zip(model.exog_vc.names, fit.vcomp, strict=True))
    found = crossed(values, 0.95)
    assert found.sd_units**2 == pytest.approx(named["unit"], rel=1e-3)
    assert found.sd_images**2 == pytest.approx(named["image"], rel=1e-3)
    assert found.sd_residual**2 == pytest.approx(fit.scale, rel=1e-3)
    error = math.sqrt(found.sd_units**2 / 5 + found.sd_images**2 / 12 + found.sd_residual**2 / 60)
    assert error == pytest.approx(float(fit.bse_fe.iloc[0]), rel=1e-3)
    assert found.both.high - found.both.low > 2 * 1.96 * error  # a t interval is wider than the model's normal one


@pytest.mark.parametrize("components", [(15, 20, 15), (0, 20, 15), (10, 0, 10)])
def test_intervals_cover_the_mean_of_the_population_they_speak_of(components):
    rng = np.random.default_rng(1)
    n_runs = 800
    images = both = 0
    for _ in range(n_runs):
        values = two_way(rng, 3, 18, *components)
        found = crossed(values, 0.95)
        both += found.both.low <= 50 <= found.both.high
        images += found.images.low <= 50 <= found.images.high
    assert both / n_runs > 0.9
    assert (images / n_runs > 0.9) == (components[0] == 0)  # with the same networks kept, that of other ones is missed


def test_one_unit_has_the_interval_of_its_images_only():
    found = crossed(BY_HAND[:1], 0.95)
    low, high = stats.t.interval(0.95, 2, 22, stats.sem(BY_HAND[0]))
    assert (found.images.low, found.images.high) == (pytest.approx(low), pytest.approx(high))
    assert np.isnan([found.units.low, found.both.low, found.sd_units, found.sd_residual]).all()


def test_one_image_no_image_and_equal_values():
    single = crossed(BY_HAND[:, :1], 0.95)
    assert single.images.estimate == 12
    assert np.isnan([single.images.low, single.both.low]).all()
    assert single.units.low < 12 < single.units.high
    nothing = crossed(np.empty((2, 0)), 0.95)
    assert np.isnan([nothing.images.estimate, nothing.both.low, nothing.sd_images]).all()
    equal = crossed(np.full((3, 4), 100.0), 0.95)
    assert (equal.both.low, equal.both.high, equal.sd_units, equal.sd_images) == (100, 100, 0, 0)


def scores(values, model="net", seed=0, method="case", degenerate=None):
    values = np.array(values, dtype=float)
    return pd.DataFrame(
        {
            "experiment": "e", "dataset": "d", "model": model, "seed": seed, "layer": "last_conv", "method": method,
            "image_id": [f"image-{i}" for i in range(len(values))], "k_percent": 5.0, "agreement": values,
            "degenerate": degenerate or "", "qualified": True, "reason": "",
        }
    )  # fmt: skip


def table(*frames, **settings):
    return pooled_table(pd.concat(frames, ignore_index=True), **{"controls": {"random"}, "alpha": 0.05} | settings)


def test_networks_are_pooled_over_the_images_that_all_have():
    missed = scores([38.0, 99.0], "b").assign(image_id=["image-2", "image-9"], agreement=[38.0, np.nan])
    missed["qualified"], missed["reason"] = [True, False], ["", "misclassified"]
    second = pd.concat([scores([14.0, 26.0], "b"), missed])
    [row] = table(scores([*BY_HAND[0], 77.0], "a"), second).to_dict("records")
    found = crossed(BY_HAND, 0.95)
    assert (row["pooled_over"], row["model"], row["role"]) == ("networks", "all", "method")
    assert (row["n_units"], row["n_seeds"], row["n"], row["n_incomplete"]) == (2, 2, 3, 1)
    assert row["mean_agreement"] == 24
    for name in ("images", "units", "both"):
        interval = getattr(found, name)
        assert (row[f"ci_{name}_low"], row[f"ci_{name}_high"]) == (interval.low, interval.high)
    assert (row["sd_units"], row["sd_images"], row["sd_residual"]) == (
        found.sd_units, found.sd_images, found.sd_residual,
    )  # fmt: skip


def test_seeds_of_a_network_have_a_row_of_their_own_and_count_once_over_networks():
    both = [scores(values, "a", seed) for seed, values in enumerate(BY_HAND)]
    rows = table(*both, scores([20.0, 30.0, 40.0], "b"), scores([1.0, 2.0, 3.0], "b", method="random"))
    networks, seeds, first, second, control = rows.to_dict("records")
    assert (networks["n_units"], networks["n_seeds"]) == (2, 3)
    # network a: the seeds' mean 24; b: 30
    assert networks["mean_agreement"] == pytest.approx(27)
    assert (seeds["pooled_over"], seeds["model"], seeds["n_units"], seeds["mean_agreement"]) == ("seeds", "a", 2, 24)
    low, high = stats.t.interval(0.95, 1, 24, stats.sem([22, 26]))
    assert (seeds["ci_units_low"], seeds["ci_units_high"]) == (pytest.approx(low), pytest.approx(high))
    for row, seed, mean in ((first, 0, 22), (second, 1, 26)):
        assert (row["pooled_over"], row["model"], row["seed"], row["n_seeds"]) == ("images", "a", seed, 1)
        assert (row["mean_agreement"], row["n"], row["n_incomplete"]) == (mean, 3, 0)
        low, high = stats.t.interval(0.95, 2, mean, stats.sem(BY_HAND[seed]))
        assert (row["ci_images_low"], row["ci_images_high"]) == (pytest.approx(low), pytest.approx(high))
        assert math.isnan(row["ci_units_low"])
    assert pd.isna(networks["seed"])
    assert pd.isna(seeds["seed"])
    assert (control["role"], control["n_units"]) == ("control", 1)


def test_each_seeds_mean_is_over_the_images_that_all_seeds_have():
    first = scores([10.0, 20.0, 36.0, 90.0], "a", 0)
    missed = scores([14.0, 26.0, np.nan, 38.0], "a", 1, degenerate=["", "", "zero", ""])
    _, seeds, *trainings = table(first, missed).to_dict("records")
    # images 0, 1, 3: 10 20 90 and 14 26 38
    assert [row["mean_agreement"] for row in trainings] == [40, 26]
    assert [(row["n"], row["n_incomplete"]) for row in trainings] == [(3, 1), (3, 0)]
    assert (seeds["mean_agreement"], seeds["n"], seeds["n_incomplete"]) == (33, 3, 1)


@pytest.mark.parametrize(
    ("policy", "n", "mean"), [("exclude", 2, 24.5), ("insensitive", 3, None), ("sensitive", 3, None)]
)
def test_degenerate_maps_count_as_the_policy_says(policy, n, mean):
    second = scores([14.0, np.nan, 38.0], "b", degenerate=["", "zero", ""])
    [row] = table(scores(BY_HAND[0], "a"), second, degenerate_policy=policy).to_dict("records")
    value = {"insensitive": 100, "sensitive": 0}.get(policy)
    assert row["n"] == n
    assert row["mean_agreement"] == pytest.approx(mean or (66 + 14 + 38 + value) / 6)


def test_an_image_that_occurs_twice_is_refused():
    with pytest.raises(ValueError, match="twice"):
        table(scores(BY_HAND[0]), scores(BY_HAND[0]))
