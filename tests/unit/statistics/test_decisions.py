"""Counts of decisions over trainings, by hand and against the tables of the tests."""

import numpy as np
import pandas as pd
import pytest

from case_saliency.statistics.class_sensitivity import agreement_table
from case_saliency.statistics.decisions import with_decisions
from case_saliency.statistics.pooling import pooled_table

LOW, MIDDLE, HIGH = np.linspace(1, 30, 20), np.linspace(10, 90, 20), np.linspace(70, 99, 20)


def scores(values, model, seed, method="case"):
    return pd.DataFrame(
        {
            "experiment": "e", "dataset": "d", "model": model, "seed": seed, "layer": "last_conv", "method": method,
            "image_id": [f"image-{i}" for i in range(len(values))], "target_a": 0, "target_b": 1, "k_percent": 5.0,
            "agreement": values, "agreement_paper": values, "degenerate": np.where(np.isnan(values), "zero", ""),
            "qualified": True, "reason": "",
        }
    )  # fmt: skip


def tables(*frames, alpha=0.05):
    found = pd.concat(frames, ignore_index=True)
    tests = agreement_table(found, controls={"random"}, alpha=alpha, threshold=50, zero_method="pratt")
    pooled = pooled_table(found, controls={"random"}, alpha=alpha)
    return pooled, tests, with_decisions(pooled, tests, alpha)


@pytest.fixture
def decided():
    three = [scores(values, "a", seed) for seed, values in enumerate((LOW, MIDDLE, HIGH))]
    return tables(*three, scores(LOW, "b", 0), scores(LOW, "a", 0, "random"), scores(LOW, "a", 1, "random"))[2]


def told(row):
    names = ("n_seeds", "n_rejects_paper", "n_rejects_holm", "n_class_sensitive", "n_undecided", "n_insensitive")
    return tuple(row[name] for name in names)


def test_the_trainings_of_a_network_are_counted(decided):
    [row] = decided[(decided["pooled_over"] == "seeds") & (decided["method"] == "case")].to_dict("records")
    assert told(row) == (3, 1, 1, 1, 1, 1)
    # medians by hand: the middles of 1..30, 10..90, 70..99
    assert (row["median_lowest"], row["median_highest"]) == (15.5, 84.5)


def test_each_training_and_all_networks_are_counted_alike(decided):
    case = decided[decided["method"] == "case"]
    one = case[case["pooled_over"] == "images"].to_dict("records")
    assert [told(row) for row in one] == [(1, 1, 1, 1, 0, 0), (1, 0, 0, 0, 1, 0), (1, 0, 0, 0, 0, 1)]
    assert [row["median_lowest"] for row in one] == [15.5, 50.0, 84.5]
    [networks] = case[case["pooled_over"] == "networks"].to_dict("records")
    assert told(networks) == (4, 2, 2, 2, 1, 1)


def test_controls_have_no_corrected_test(decided):
    control = decided[decided["method"] == "random"]
    assert control["n_rejects_holm"].isna().all()
    assert control["n_rejects_paper"].tolist() == [2, 2, 1, 1]


def test_the_correction_can_take_a_rejection_away():
    # 15 of 20 below: p = .0207 by the sign test; over three trainings Holm multiplies it by 3
    weak = np.r_[np.linspace(20, 45, 15), np.linspace(60, 70, 5)]
    frames = [scores(weak, "a", seed) for seed in range(3)]
    seeds = tables(*frames)[2].iloc[1]
    assert (seeds["n_rejects_paper"], seeds["n_rejects_holm"]) == (3, 0)
    assert tables(*frames, alpha=0.07)[2].iloc[1]["n_rejects_holm"] == 3


def test_a_training_without_a_value_has_no_verdict_to_count():
    decided = tables(scores(LOW, "a", 0), scores(np.full(20, np.nan), "a", 1))[2]
    seeds = decided.iloc[1]
    assert told(seeds) == (2, 1, 1, 1, 0, 0)
    assert (seeds["n"], seeds["median_lowest"], seeds["median_highest"]) == (0, 15.5, 15.5)
    assert np.isnan(decided.iloc[3]["median_lowest"])


def test_what_was_there_is_kept():
    pooled, _, found = tables(scores(LOW, "a", 0), scores(HIGH, "a", 1))
    pd.testing.assert_frame_equal(found[pooled.columns], pooled)


def test_a_training_without_a_test_is_refused():
    pooled, tests, _ = tables(scores(LOW, "a", 0), scores(HIGH, "a", 1))
    with pytest.raises(ValueError, match="1 tests of 2 trained networks"):
        with_decisions(pooled, tests[tests["seed"] == 0], 0.05)
