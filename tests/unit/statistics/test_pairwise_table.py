"""Agreement by ranks and over all pairs, from hand-made scores."""

import numpy as np
import pandas as pd
import pytest

from case_saliency.statistics.intervals import bca_mean_interval, median_interval
from case_saliency.statistics.pairwise import pairwise_table

IDENTITY = {"experiment": "e", "dataset": "d", "model": "net", "seed": 0, "layer": "last_conv", "k_percent": 5.0}
PAIRS = [(1, 2), (1, 3), (2, 3)]


def scores(values, method="m", degenerate=None):
    """Rows of images with values for the pairs (1, 2), (1, 3), (2, 3); None: misclassified; NaN: degenerate."""
    rows = []
    for image, of_image in enumerate(values):
        for position, (a, b) in enumerate(PAIRS):
            value = np.nan if of_image is None else of_image[position]
            rows.append(
                {
                    **IDENTITY, "method": method, "image_id": f"image-{image}", "rank_a": a, "rank_b": b,
                    "agreement": value, "degenerate": "zero" if of_image is not None and np.isnan(value) else "",
                    "qualified": of_image is not None, "reason": "misclassified" if of_image is None else "",
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def table(frame, **settings):
    return pairwise_table(frame, **{"controls": {"random"}, "alpha": 0.05} | settings).set_index(["rank_a", "rank_b"])


def test_rows_by_hand():
    found = table(scores([(10, 20, 60), (30, 0, 0), (50, 100, 90)]))
    assert found.index.tolist() == [("all", "all"), ("1", "2"), ("1", "3"), ("2", "3")]
    assert found.loc[("1", "2"), ["n", "mean_agreement", "median_agreement", "n_pairs"]].tolist() == [3, 30, 30, 3]
    assert found.loc[("2", "3"), ["n", "mean_agreement", "median_agreement", "n_pairs"]].tolist() == [3, 50, 60, 3]
    # means of the images: 30, 10, 80
    assert found.loc[("all", "all"), ["n", "mean_agreement", "median_agreement", "n_pairs"]].tolist() == [3, 40, 30, 9]


def test_the_image_is_the_unit_of_the_intervals():
    values = np.random.default_rng(0).uniform(0, 100, (12, 3))
    row = table(scores(values), alpha=0.1, seed=2).loc[("all", "all")]
    mean = bca_mean_interval(values.mean(axis=1), 0.9, 2)
    median = median_interval(values.mean(axis=1), 0.9)
    assert row[["mean_ci_low", "mean_ci_high"]].tolist() == pytest.approx([mean.low, mean.high])
    assert row[["ci_low", "ci_high", "ci_level"]].tolist() == pytest.approx([median.low, median.high, median.level])


def test_what_is_set_aside_is_counted():
    nan = float("nan")
    found = table(scores([(10, nan, nan), (nan, nan, nan), None, (30, 50, 70)]))
    counts = ["n", "n_pairs", "n_degenerate", "n_excluded_misclassified", "n_total"]
    assert found.loc[("all", "all"), counts].tolist() == [2, 4, 5, 1, 4]
    assert found.loc[("all", "all"), "mean_agreement"] == 30
    assert found.loc[("1", "3"), counts].tolist() == [1, 1, 2, 1, 4]


def test_no_image_left():
    row = table(scores([None, (np.nan,) * 3])).loc[("all", "all")]
    assert row[["n", "n_pairs", "n_degenerate"]].tolist() == [0, 0, 3]
    assert row[["mean_agreement", "median_agreement", "ci_low"]].isna().all()


def test_controls_are_named():
    both = pd.concat([scores([(1, 2, 3)]), scores([(1, 2, 3)], "random")], ignore_index=True)
    found = pairwise_table(both, controls={"random"}, alpha=0.05)
    assert found.groupby("method")["role"].unique().str[0].to_dict() == {"m": "method", "random": "control"}


def test_refuses_what_it_cannot_explain():
    with pytest.raises(ValueError, match="occurs twice"):
        table(pd.concat([scores([(1, 2, 3)])] * 2))
    with pytest.raises(ValueError, match="missing for no stated reason"):
        table(scores([(np.nan, 1, 2)]).assign(degenerate=""))
