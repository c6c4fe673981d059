"""The headline table and the metrics file."""

import json

import numpy as np
import pandas as pd
import pytest

from case_saliency.statistics.summary import headline, summarise


def agreement(**changes):
    rows = pd.DataFrame(
        {
            "method": ["case", "gradcam", "random"],
            "role": ["method", "method", "control"],
            "k_percent": 5.0,
            "n": [18, 18, 0],
            "median_agreement": [10.0, 45.0, np.nan],
            "ci_low": [5.0, 30.0, np.nan],
            "ci_high": [20.0, 60.0, np.nan],
            "p_wilcoxon": [0.001, 0.3, np.nan],
            "p_sign": [0.002, 0.4, np.nan],
            "p_holm": [0.004, 0.4, np.nan],
            "verdict": ["class-sensitive", "undecided", "undecided"],
            "rejects_paper": [True, False, False],
            "degenerate_rate": [0.0, 0.0, 1.0],
        }
    )
    return rows.assign(**{"experiment": "e", "dataset": "d", "model": "net", "seed": 0, "layer": "conv"} | changes)


def fidelity(**changes):
    rows = pd.DataFrame(
        {
            "method": ["gradcam", "case", "case"],
            "k_percent": [5.0, 5.0, 50.0],
            "mean": [0.2, 0.3, 0.9],
            "ci_low": [0.1, 0.2, 0.8],
            "ci_high": [0.3, 0.4, 1.0],
            "p_vs_case": [0.05, np.nan, np.nan],
        }
    ).assign(test="confidence_drop", fill="mean", measure="drop_relative_clipped")
    return rows.assign(**{"experiment": "e", "dataset": "d", "model": "net", "seed": 0, "layer": "conv"} | changes)


SETTING = {"k_agreement": 5, "k_fidelity": 5, "fill": "mean", "measure": "drop_relative_clipped"}


def test_rq1_and_rq2_stand_side_by_side():
    table = headline(agreement(), fidelity(), **SETTING)
    assert table["method"].tolist() == ["case", "gradcam", "random"]
    np.testing.assert_array_equal(table["mean_drop"], [0.3, 0.2, np.nan])
    np.testing.assert_array_equal(table["p_drop_vs_case"], [np.nan, 0.05, np.nan])


def test_the_metrics_file_nests_by_network_and_method_and_holds_no_nan():
    summary = summarise(headline(agreement(), fidelity(), **SETTING))
    assert list(summary) == ["net"]
    assert summary["net"]["case"] == {
        "role": "method",
        "n": 18,
        "median_agreement": 10.0,
        "ci_low": 5.0,
        "ci_high": 20.0,
        "p_wilcoxon": 0.001,
        "p_sign": 0.002,
        "p_holm": 0.004,
        "verdict": "class-sensitive",
        "rejects_paper": True,
        "degenerate_rate": 0.0,
        "mean_drop": 0.3,
        "drop_ci_low": 0.2,
        "drop_ci_high": 0.4,
        "p_drop_vs_case": None,
    }
    assert summary["net"]["random"]["median_agreement"] is None
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary


def test_networks_that_differ_in_layer_or_seed_keep_apart():
    tables = [
        pd.concat([make(layer=layer, seed=seed) for layer in ("conv", "norm") for seed in (0, 1)])
        for make in (agreement, fidelity)
    ]
    summary = summarise(headline(*tables, **SETTING))
    assert list(summary) == [
        "net layer=conv seed=0",
        "net layer=conv seed=1",
        "net layer=norm seed=0",
        "net layer=norm seed=1",
    ]


@pytest.mark.parametrize("change", [{"k_agreement": 10}, {"k_fidelity": 10}, {"fill": "blur"}, {"measure": "drop"}])
def test_a_setting_that_was_not_measured_is_refused(change):
    with pytest.raises(ValueError, match=next(iter(change))):
        headline(agreement(), fidelity(), **SETTING | change)
