"""The table of similarity by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from case_saliency.statistics.similarity import similarity_table

NAN = float("nan")


def rows(values, measure="agreement", method="m", resolution="input", k=5.0, n_top=10.0, **columns):
    n = len(values)
    base = {
        "experiment": "e", "dataset": "d", "model": "net", "seed": 0, "layer": "last_conv", "method": method,
        "measure": measure, "resolution": resolution, "k_percent": k, "n_top": n_top, "chance": 8.0, "chance_se": 0.3,
        "chance_median": 6.0, "degenerate": "", "qualified": True, "reason": "",
    }  # fmt: skip
    return pd.DataFrame({**base, "image_id": [f"i{j}" for j in range(n)], "value": values} | columns)


def table(*frames, **keywords):
    arguments = {"controls": {"random"}, "alpha": 0.05, "threshold": 50.0, **keywords}
    return similarity_table(pd.concat(frames, ignore_index=True), **arguments)


def test_agreement_by_hand():
    found = table(rows([10.0, 20.0, 30.0, 40.0, 45.0, 60.0, 5.0])).iloc[0]
    # seven values: the interval is the whole range, 1 - 2 / 2^7
    assert found[["median", "ci_low", "ci_high", "ci_level"]].tolist() == [30, 5, 60, 1 - 2 / 128]
    assert found["mean"] == pytest.approx(30)
    assert found["p_sign"] == pytest.approx(8 / 128)  # six of seven or more
    assert found["p_bh"] == found["p_sign"]
    assert found["verdict"] == "undecided"
    assert found["above_chance"] == pytest.approx((30 - 8) / (100 - 8))
    assert found[["chance", "chance_se", "chance_median"]].tolist() == [8, 0.3, 6]
    assert not found["below_one_cell"]


def test_other_measures_have_intervals_and_no_test():
    frame = rows([0.2, 0.4, 0.9], measure="ssim", k=NAN, n_top=NAN, chance=0.4)
    found = table(frame).iloc[0]
    assert found["mean"] == pytest.approx(0.5)
    assert found["mean_ci_low"] < 0.5 < found["mean_ci_high"]
    assert found["above_chance"] == pytest.approx(0.1 / 0.6)
    assert np.isnan(found[["p_sign", "p_bh", "k_percent", "n_top"]].to_numpy(dtype=float)).all()
    assert found["verdict"] == ""


def test_the_whole_sweep_is_one_family_without_controls_and_other_measures():
    low, middle = [10.0] * 10, [10.0] * 8 + [90.0] * 2
    found = table(
        rows(low, k=1.0),
        rows(middle, k=5.0),
        rows(middle, k=5.0, resolution="native"),
        rows(low, method="random"),
        rows([0.5] * 10, measure="spearman", k=NAN),
    )
    p = [2**-10, 56 / 1024, 56 / 1024]
    assert found["p_sign"].tolist()[:3] == pytest.approx(p)
    assert found["p_bh"].tolist()[:3] == pytest.approx(stats.false_discovery_control(p, method="bh").tolist())
    assert found["p_bh"].isna().tolist() == [False] * 3 + [True] * 2
    assert found["role"].tolist() == ["method"] * 3 + ["control", "method"]


def test_what_is_set_aside_is_counted():
    agreement = rows([10.0, NAN, 30.0], degenerate=["", "zero", ""], qualified=[True, True, False],
                     reason=["", "", "misclassified"])  # fmt: skip
    ranks = agreement.assign(measure="spearman", k_percent=NAN, n_top=NAN, value=[0.1, NAN, 0.3])
    counted = ["n", "n_degenerate", "n_excluded_misclassified", "n_total", "degenerate_rate"]
    for policy, values, n in (("exclude", [10], 1), ("insensitive", [10, 100], 2), ("sensitive", [0, 10], 2)):
        found = table(agreement, ranks, degenerate_policy=policy).set_index("measure")
        assert found.loc["agreement", counted].tolist() == [n, 1, 1, 3, 0.5]
        assert found.loc["agreement", "median"] == np.median(values)
        assert found.loc["spearman", counted].tolist() == [1, 1, 1, 3, 0.5]
        assert found.loc["spearman", "mean"] == 0.1


def test_less_than_one_cell_is_flagged():
    found = table(rows([10.0], n_top=0.49, resolution="native"), rows([10.0], n_top=1.0, k=10.0, resolution="native"))
    assert found["below_one_cell"].tolist() == [True, False]


def test_no_place_above_chance_at_the_whole_image():
    found = table(rows([100.0, 100.0], k=100.0, chance=100.0)).iloc[0]
    assert np.isnan(found["above_chance"])


def test_no_image_left_gives_no_verdict():
    found = table(rows([NAN], degenerate="zero")).iloc[0]
    assert found["n"] == 0
    assert found["verdict"] == "undecided"
    assert np.isnan(found[["median", "mean", "p_sign", "p_bh", "above_chance"]].to_numpy(dtype=float)).all()


def test_refuses_rows_that_do_not_belong_together():
    with pytest.raises(ValueError, match="occurs twice"):
        table(rows([10.0]), rows([20.0]))
    with pytest.raises(ValueError, match="chance differs within a cell"):
        table(rows([10.0, 20.0], chance=[8.0, 9.0]))
    with pytest.raises(ValueError, match="missing for no stated reason"):
        table(rows([NAN]))
