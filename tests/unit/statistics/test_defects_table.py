"""Each defect on scores whose answer is known."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from case_saliency.diagnostic.defects import ALL, DEFECTS, NONE
from case_saliency.statistics.defects import defects_table
from case_saliency.statistics.paired import wilcoxon_less

N = 12
AGREEMENT = np.linspace(52, 68, N)  # above 50, below 70
DROP = np.linspace(0.1, 0.4, N)


def scores(method="gradcam", contrast="as_is", **changed):
    row = {
        "experiment": "e", "dataset": "d", "model": "net", "seed": 0, "layer": "late", "method": method,
        "contrast": contrast, "image_id": [str(i) for i in range(N)], "k_percent": 5.0, "agreement": AGREEMENT,
        "agreement_arbitrary": AGREEMENT, "drop": DROP, "drop_transposed": DROP, "degenerate": "", "qualified": True,
        "reason": "",
    }  # fmt: skip
    return pd.DataFrame(row | changed)


def table(*parts):
    found = defects_table(pd.concat(parts, ignore_index=True), alpha=0.05, threshold=50.0, zero_method="wilcox")
    return found.set_index(["defect", "outcome", "method"])


def test_without_a_defect_it_is_the_papers_test():
    other = DROP + np.where(np.arange(N) % 2, 0.02, 0.05)
    found = table(scores("case"), scores(drop=other))
    row = found.loc[(NONE, "agreement", "gradcam")]
    assert (row["n"], row["value"]) == (N, np.median(AGREEMENT))
    assert (row["ci_low"], row["ci_high"]) == (AGREEMENT[2], AGREEMENT[-3])  # P(Bin(12, 1/2) <= 2) = .019
    assert row["p"] == wilcoxon_less(AGREEMENT, 50.0, "wilcox")
    row = found.loc[(NONE, "drop", "gradcam")]
    assert row["p"] == pytest.approx(stats.ttest_rel(other, DROP).pvalue)
    interval = stats.t.interval(0.95, N - 1, other.mean(), stats.sem(other))
    assert (row["ci_low"], row["ci_high"]) == pytest.approx(interval)
    assert (row["change"], row["flipped"]) == (0, False)
    assert np.isnan(found.loc[(NONE, "drop", "case"), "p"])
    assert set(found.index.get_level_values("defect")) == {NONE, *DEFECTS, ALL}


def test_the_threshold_turns_decisions_round_and_moves_no_value():
    row = table(scores("case")).loc[("threshold_70", "agreement", "case")]
    assert (row["change"], row["significant"], row["flipped"]) == (0, True, True)
    assert row["p_without"] > 0.9


def test_the_transposed_mask_moves_the_drop_alone():
    found = table(scores("case", drop_transposed=DROP / 2))
    assert found.loc[("transposed_mask", "drop", "case"), "change"] == pytest.approx(-DROP.mean() / 2)
    assert found.loc[("transposed_mask", "agreement", "case"), "change"] == 0
    assert found.loc[("wrong_predictions", "drop", "case"), "change"] == 0


def test_unpaired_samples_lose_what_pairs_gain():
    close = DROP + 0.01 + np.linspace(0, 1e-4, N)
    found = table(scores("case"), scores(drop=close))
    assert found.loc[(NONE, "drop", "gradcam"), "p"] < 1e-6
    row = found.loc[("unpaired_samples", "drop", "gradcam")]
    assert row["p"] > 0.001
    assert row["n"] == N


def test_empty_maps_count_where_an_arbitrary_set_is_taken():
    empty = np.where(np.arange(N) < 4, np.nan, AGREEMENT)
    arbitrary = np.where(np.arange(N) < 4, 100.0, AGREEMENT)
    found = table(scores("case", agreement=empty, agreement_arbitrary=arbitrary, degenerate="zero"))
    assert found.loc[(NONE, "agreement", "case"), "n"] == N - 4
    row = found.loc[("arbitrary_top_sets", "agreement", "case")]
    assert (row["n"], row["value"]) == (N, np.median(arbitrary))


def test_wrong_predictions_stay_in():
    qualified = np.arange(N) >= 3
    found = table(scores("case", qualified=qualified, drop=np.where(qualified, DROP, np.nan)))
    assert found.loc[(NONE, "agreement", "case"), "n"] == N - 3
    assert found.loc[("wrong_predictions", "agreement", "case"), "n"] == N
    assert found.loc[("wrong_predictions", "drop", "case"), "n"] == N - 3


def test_a_contrast_set_concerns_case_and_what_is_compared_with_it():
    found = table(scores("case"), scores(), scores("case", "k5", agreement=AGREEMENT - 50, drop=DROP * 2))
    case, other = (found.loc[("five_contrast_classes", "agreement", name)] for name in ("case", "gradcam"))
    assert (case["change"], case["flipped"], other["change"]) == (-50, True, 0)
    assert found.loc[("five_contrast_classes", "drop", "gradcam"), "flipped"]
    assert found.loc[("one_contrast_class", "agreement", "case"), "change"] == 0  # not drawn: as it is


def test_all_together():
    both = scores("case", "both", agreement_arbitrary=AGREEMENT - 40, drop_transposed=DROP / 2)
    found = table(scores("case"), scores(), both).loc[(ALL, "agreement", "case")]
    assert found["value"] == np.median(AGREEMENT - 40)


def test_without_case_there_is_nothing_to_compare_drops_with():
    assert np.isnan(table(scores()).loc[(NONE, "drop", "gradcam"), "p"])


def test_where_every_call_of_case_fails_it_has_no_image_and_nothing_is_compared_with_it():
    other = DROP + np.where(np.arange(N) % 2, 0.02, 0.05)
    found = table(scores("case", agreement=AGREEMENT - 50), scores(drop=other))
    row = found.loc[("case_missing", "agreement", "case")]
    assert (row["n"], row["significant"], row["flipped"]) == (0, False, True)
    assert np.isnan(row["value"])
    assert row["value_without"] == np.median(AGREEMENT) - 50
    assert found.loc[("case_missing", "agreement", "gradcam"), "change"] == 0
    drop = found.loc[("case_missing", "drop", "gradcam")]
    assert drop["value"] == other.mean()
    assert np.isnan(drop["p"])
    assert drop["flipped"]
    assert found.loc[(ALL, "agreement", "case"), "n"] == N
