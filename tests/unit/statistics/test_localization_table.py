"""The table of localization from hand-made shares."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from case_saliency.statistics.jackknife import clustered_mean
from case_saliency.statistics.localization import localization_table

IDENTITY = {"experiment": "e", "dataset": "d", "model": "net", "seed": 0}
STATED = {"size": "native", "height": 64, "width": 64, "min_confidence": 0.5}
DISJOINT = ["abcd", "efgh", "ijkl"]
RECURRING = ["abcd", "cdef", "efab", "aceg"]


def scores(method, shares, images=DISJOINT, layer="layer", defects=None, left_out=None, **columns):
    """Rows of one method: `shares` has four values for each mosaic; `left_out` maps other images to a reason."""
    rows = [
        {
            "mosaic": f"mosaic-{m}",
            "cell": c,
            "image_id": images[m][c],
            "class_index": c,
            "share": share,
            "hit": float(share > 0.4),
            "confidence": 0.1 * c,
            "rank": c + 1,
            "contrasted": c,
            "degenerate": (defects or {}).get((m, c), ""),
            "qualified": True,
            "reason": "",
        }
        for m, of_mosaic in enumerate(shares)
        for c, share in enumerate(of_mosaic)
    ]
    rows += [
        {
            "mosaic": "",
            "cell": -1,
            "image_id": image,
            "class_index": -1,
            "share": np.nan,
            "hit": np.nan,
            "confidence": np.nan,
            "rank": -1,
            "contrasted": np.nan,
            "degenerate": "",
            "qualified": False,
            "reason": reason,
        }
        for image, reason in (left_out or {}).items()
    ]
    return pd.DataFrame(rows).assign(**IDENTITY, **STATED, layer=layer, method=method).assign(**columns)


def table(*frames, **settings):
    defaults = {"controls": {"random"}, "alpha": 0.05}
    found = localization_table(pd.concat(frames, ignore_index=True), **defaults | settings)
    return found.set_index("method")


CASE = [(0.5, 0.7, 0.9, 0.7), (0.6, 0.6, 0.6, 0.6), (1, 0.8, 0.6, 0.8)]  # 0.7, 0.6, 0.8
OTHER = [(0.3, 0.5, 0.7, 0.5), (0.5, 0.5, 0.5, 0.5), (0.3, 0.3, 0.3, 0.3)]  # 0.5, 0.5, 0.3


def test_rows_by_hand():
    found = table(scores("case", CASE), scores("m", OTHER), scores("random", OTHER))
    case, other = found.loc["case"], found.loc["m"]
    low, high = stats.t.interval(0.95, 2, 0.7, 0.1 / np.sqrt(3))
    assert case[["n_mosaics", "n_images", "n_cells", "n_degenerate", "n_total"]].tolist() == [3, 12, 12, 0, 12]
    assert case[["mean_share", "ci_low", "ci_high"]].tolist() == pytest.approx([0.7, low, high])
    assert (case["interval"], case["chance"], case["role"]) == ("t", 0.25, "method")
    above = stats.ttest_1samp([0.7, 0.6, 0.8], 0.25, alternative="greater").pvalue
    assert case["p_above_chance"] == pytest.approx(above)
    assert np.isnan([case["difference_to_case"], case["p_vs_case"]]).all()
    assert case["n_pairs"] == 0
    paired = stats.ttest_rel([0.5, 0.5, 0.3], [0.7, 0.6, 0.8])
    interval = paired.confidence_interval(0.95)
    assert other["n_pairs"] == 3
    assert other["difference_to_case"] == pytest.approx(-0.8 / 3)
    assert other[["difference_ci_low", "difference_ci_high"]].tolist() == pytest.approx([interval.low, interval.high])
    assert other["p_vs_case"] == pytest.approx(paired.pvalue)
    assert other["hit_rate"] == pytest.approx((3 / 4 + 1 + 0) / 3)
    assert other[["mean_confidence", "mean_rank", "median_rank", "contrasted"]].tolist() == pytest.approx(
        [0.15, 2.5, 2.5, 1.5]
    )
    assert other[[*STATED]].tolist() == list(STATED.values())


def test_controls_are_tested_but_not_corrected_for():
    found = table(scores("case", CASE), scores("m", OTHER), scores("random", OTHER))
    assert found["p_holm"].isna().tolist() == [False, False, True]
    assert found.loc["m", "p_vs_case_holm"] == found.loc["m", "p_vs_case"]
    assert np.isnan(found.loc["random", "p_vs_case_holm"])
    smaller, larger = found["p_above_chance"][["case", "m"]].sort_values()
    assert sorted(found["p_holm"].dropna()) == pytest.approx([2 * smaller, max(2 * smaller, larger)])


def test_recurring_images_are_clusters():
    shares = [(0.5, 0.7, 0.9, 0.7), (0.6,) * 4, (1, 0.8, 0.6, 0.8), (0.4,) * 4]
    row = table(scores("case", shares, RECURRING)).loc["case"]
    members = np.array([[ord(image) for image in mosaic] for mosaic in RECURRING])
    expected = clustered_mean(np.array([0.7, 0.6, 0.8, 0.4]), members)
    assert (row["interval"], row["n_images"], row["n_mosaics"]) == ("jackknife", 7, 4)
    assert (row["ci_low"], row["ci_high"]) == pytest.approx(expected.interval(0.95))
    assert row["p_above_chance"] == pytest.approx(expected.p_above(0.25))


def test_degenerate_maps_are_set_aside_cell_by_cell_and_counted():
    nan = np.nan
    shares = [(0.5, nan, 0.9, 0.7), (nan,) * 4, (1, 0.8, 0.6, 0.8)]
    defects = {(0, 1): "zero"} | {(1, c): "negative" for c in range(4)}
    found = table(scores("case", CASE), scores("m", shares, defects=defects))
    row = found.loc["m"]
    assert row[["n_cells", "n_degenerate", "n_mosaics", "n_images", "n_pairs"]].tolist() == [12, 5, 2, 8, 2]
    assert row["mean_share"] == pytest.approx(((0.5 + 0.9 + 0.7) / 3 + 0.8) / 2)
    assert row["difference_to_case"] == pytest.approx(0)  # the same cells of the reference


def test_a_method_with_no_map_left():
    empty = scores("m", [(np.nan,) * 4] * 3, defects={(m, c): "zero" for m in range(3) for c in range(4)})
    row = table(scores("case", CASE), empty).loc["m"]
    assert row[["n_mosaics", "n_images", "n_degenerate", "n_pairs"]].tolist() == [0, 0, 12, 0]
    assert row[["mean_share", "ci_low", "p_above_chance", "p_holm", "hit_rate", "p_vs_case"]].isna().all()


def test_images_in_no_mosaic_are_counted_by_reason():
    left_out = {"x": "misclassified", "y": "unconfident", "z": "not drawn", "w": "unconfident"}
    row = table(scores("case", CASE, left_out=left_out)).loc["case"]
    assert row[["n_total", "n_images"]].tolist() == [16, 12]
    assert row[["n_excluded_misclassified", "n_excluded_unconfident", "n_not_drawn"]].tolist() == [1, 2, 1]
    assert row["mean_rank"] == 2.5


def test_a_method_of_the_input_is_compared_with_the_references_first_layer():
    frames = [scores("case", CASE, layer="one"), scores("case", OTHER, layer="two"), scores("m", OTHER, layer="input")]
    found = table(*frames).reset_index().set_index("layer")
    assert found.loc["input", "difference_to_case"] == pytest.approx(-0.8 / 3)


def test_a_map_that_knows_no_class_is_exactly_chance():
    third = 1 / 3
    shares = [(third, third, third, 0), (0.1, 0.2, 0.3, 0.4), (0.7, 0.1, 0.1, 0.1)]
    row = table(scores("sobel", shares)).loc["sobel"]
    assert row[["mean_share", "ci_low", "ci_high"]].tolist() == pytest.approx([0.25] * 3)
    assert row["p_above_chance"] == 1


def test_what_is_not_explained_is_refused():
    with pytest.raises(ValueError, match="scores are missing for no stated reason"):
        table(scores("case", [(np.nan, 0.5, 0.5, 0.5)]))
    with pytest.raises(ValueError, match="a cell of a mosaic occurs twice"):
        table(scores("case", CASE), scores("case", CASE))
