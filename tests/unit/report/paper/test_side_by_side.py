import numpy as np
import pandas as pd
import pytest
from scipy import stats

from case_saliency.report.meanings import MEANINGS
from case_saliency.report.paper.checks import checked, contradictions
from case_saliency.report.paper.page import page
from case_saliency.report.paper.published import STATED_BASELINES, TABLE_1, TABLE_2, TABLE_3, WORDING, Drop
from case_saliency.report.paper.side_by_side import COLUMNS, consistency, side_by_side
from case_saliency.statistics.implied import implied_correlation, implied_pairs
from case_saliency.statistics.paired import paired_t

MAIN = {"densenet_small": "last_conv", "net": "last_conv"}


def p_values(model, layer, seeds=(0,), methods=("case", "gradcam", "random")):
    return pd.DataFrame(
        [
            {"method": method, "model": model, "seed": seed, "layer": layer, "k_percent": 5.0, "n": 90 + seed}
            | {"p_wilcoxon": 0.01 + 0.3 * seed}
            for seed in seeds
            for method in methods
        ]
    )  # fmt: skip


def drops(model, **changed):
    row = {"model": model, "seed": 0, "layer": "last_conv", "k_percent": 5.0, "measure": "drop_relative_clipped"}
    row |= {"fill": "mean", "n": 90, "mean": 0.25, "sd": 0.125, "p_vs_case": 0.5} | changed
    return pd.DataFrame([row | {"method": method} for method in ("case", "gradcam")])


def beside(**changed):
    given = {
        "agreement": pd.concat([p_values("densenet_small", "last_conv", (0, 1)), p_values("net", "last_conv")]),
        "fidelity": pd.concat(
            [drops("densenet_small"), drops("densenet_small", fill="blur"), drops("net", measure="x")]
        ),
        "layers": p_values("densenet_small", "norm5"),
    } | changed  # fmt: skip
    chosen = {"main": MAIN, "measure": "drop_relative_clipped", "fill": "mean"}
    return side_by_side(given["agreement"], given["fidelity"], layers=given["layers"], **chosen)


def test_our_numbers_stand_beside_those_of_the_same_family():
    table = beside().set_index(["item", "method", "model", "seed", "quantity"])
    row = table.loc[("table 1", "gradcam", "densenet_small", 0, "p_wilcoxon")]
    assert (row["ours"], row["paper"]) == (0.01, TABLE_1["gradcam"]["densenet201"])
    assert table.loc[("table 1", "gradcam", "net", 0, "p_wilcoxon"), "paper"] == "no such network"
    row = table.loc[("table 3", "gradcam", "densenet_small", 0, "mean")]
    assert (row["ours"], row["paper"], row["paper_value"]) == (0.25, "0.1131", TABLE_3["gradcam"]["densenet201"].mean)
    assert table.loc[("table 3", "gradcam", "densenet_small", 0, "p_vs_case"), "paper_value"] == 0.53783
    assert ("table 3", "case", "densenet_small", 0, "p_vs_case") not in table.index
    assert "random" not in table.index.get_level_values("method")
    assert len(table.loc["table 3"]) == 5  # one fill, one measure


def test_norm5_is_read_from_the_main_table_where_it_has_it():
    assert beside().query("item == 'table 2'")["n"].tolist() == [90, 90]
    both = pd.concat([p_values("densenet_small", "last_conv"), p_values("densenet_small", "norm5", (3,))])
    assert beside(agreement=both).query("item == 'table 2'")["n"].tolist() == [93, 93]
    assert beside(layers=None).query("item == 'table 2'").empty


def test_the_page_has_the_papers_layout_with_lost_and_unmeasured_cells():
    pooled = pd.DataFrame(
        {
            "pooled_over": ["seeds", "images", "images"], "method": "case", "model": "densenet_small",
            "seed": [np.nan, 1, 0], "mean_agreement": [3.0, 4.0, 2.0], "n": 7,
        }
    )  # fmt: skip
    activity = pd.DataFrame(
        {
            "model": "densenet_small", "layer": "norm5", "kind": ["output", "rectified"], "threshold": 0.001,
            "mean_active": 55.0, "min_class": 50, "max_class": 60, "n_channels": 108, "active_fraction": 0.51,
        }
    )  # fmt: skip
    told = page({"e": beside()}, {"e": pooled}, {"e": activity}, consistency(), 50)
    assert "| method | DenseNet, small / DenseNet-201 | net |" in told
    assert "| Grad-CAM | .0100 to .31 / <.0001 | .0100 |" in told
    assert "| Score-CAM | not measured / <.0001 | not measured |" in told
    assert "| Grad-CAM | .0100 / lost (text: fails) |" in told
    assert "| Grad-CAM | 0.250 / 0.1131; 0.125 / 0.2226; .50 / .53783 |" in told
    assert "| CASE | 2.0, 4.0 (n = 7) |" in told  # by seed
    assert "n: the images behind each mean of a cell" in told
    bare = pooled.assign(n=0, mean_agreement=np.nan)
    assert "| CASE | – (n = 0) |" in page({"e": beside()}, {"e": bare}, {}, consistency(), 50)
    assert "| DenseNet, small | norm5 | 55 | 50 to 60 | 108 | 51% |" in told
    assert told.count("DenseNet, small | norm5") == 1
    alone = page({"e": beside()}, {"e": pooled.iloc[:0]}, {}, consistency(), 50)
    assert "Figure" not in alone


def test_every_column_has_a_meaning():
    assert set(COLUMNS) - set(MEANINGS) == set()


def test_the_papers_tables_are_complete():
    assert set(TABLE_1) == set(TABLE_2) == set(TABLE_3)
    for table in (TABLE_1, TABLE_3):
        assert {frozenset(row) for row in table.values()} == {frozenset(TABLE_1["case"])}


def test_what_a_test_had_is_found_again_from_what_it_printed():
    rng = np.random.default_rng(0)
    shared = rng.normal(0, 1, 400)
    for weight in (0.0, 0.8):
        first, second = (weight * shared + rng.normal(shift, 1, 400) for shift in (0.1, 0.0))
        printed = (first.mean(), second.mean()), (first.std(ddof=1), second.std(ddof=1)), paired_t(first, second)
        correlation = np.corrcoef(first, second)[0, 1]
        assert implied_pairs(*printed, correlation=correlation) == pytest.approx(400, rel=1e-6)
        assert implied_correlation(*printed, 400) == pytest.approx(correlation, abs=1e-9)


def test_nothing_is_implied_where_nothing_fits():
    assert np.isnan(implied_pairs((1.0, 1.0), (1.0, 1.0), 0.5))
    assert np.isnan(implied_pairs((1.0, 0.0), (1e-3, 1e-3), 0.99))
    assert np.isnan(implied_correlation((1.0, 1.0), (1.0, 1.0), 0.5, 10))
    assert np.isnan(implied_correlation((1.0, 0.0), (1e-3, 1e-3), 0.9, 10))


def test_the_consistency_of_the_papers_table_3():
    table = consistency().set_index(["network", "method"])
    assert table["implied_n"].isna().sum() == 2  # p < .0001 is a bound
    row = table.loc[("resnet50", "gradcam")]
    n, (case, other) = row["implied_n"], (TABLE_3[name]["resnet50"] for name in ("case", "gradcam"))
    error = np.sqrt((case.sd**2 + other.sd**2) / n)
    assert 2 * stats.t.sf((case.mean - other.mean) / error, n - 1) == pytest.approx(0.37022, abs=1e-5)
    assert row["implied_n_low"] < n < row["implied_n_high"]
    by_network = table.groupby("network")["implied_n"].agg(["min", "max"])
    assert (by_network.loc["convnext_large", "max"] < by_network.drop("convnext_large")["min"]).all()


def test_the_papers_words_are_held_against_its_numbers():
    first, second, third = contradictions()
    assert first.startswith("VGG-19-BN, Grad-CAM++: the text calls the drop \u201csignificantly higher\u201d")
    assert "the table has 0.1020, below CASE's 0.1317" in first
    assert second.endswith("the table has p = .00645.")
    assert third == "The text names \u201cfive\u201d and \u201csix\u201d baselines; Table 3 has 5 beside CASE."


@pytest.mark.parametrize(
    ("words", "mean", "p", "told"),
    [
        ("significantly higher", 0.3, "<.0001", None),
        ("significantly higher", 0.3, ".0499", None),
        ("significantly higher", 0.3, ".0501", "not significantly above CASE's 0.2000"),
        ("significantly higher", 0.1, "<.0001", "below CASE's 0.2000"),
        ("non-significant", 0.1, ".0501", None),
        ("non-significant", 0.1, ".0499", "p = .0499"),
    ],
)
def test_words_that_agree_with_the_numbers_are_no_contradiction(words, mean, p, told):
    drops = {"case": {"resnet50": Drop(0.2, 0.1)}, "gradcam": {"resnet50": Drop(mean, 0.1, p)}}
    found = list(contradictions(drops, {("resnet50", "gradcam"): words}, {"one": 1}))
    assert [told in text for text in found] == ([] if told is None else [True])
    assert len(list(contradictions(drops, {}, {"one": 1, "two": 2}))) == 1


def test_every_word_of_the_text_is_one_that_is_checked():
    assert set(WORDING.values()) == {"significantly higher", "non-significant"}
    assert {TABLE_3[method][network].significant for network, method in WORDING} == {True}
    assert len(set(STATED_BASELINES.values())) == len(STATED_BASELINES)


def test_the_page_says_what_follows_from_the_implied_numbers():
    table = consistency()
    told = " ".join(checked(table))
    assert "- DenseNet-201, ResNet-50, VGG-19-BN: the same 1,000 images for both methods of a test would fit" in told
    assert "- ConvNeXt-L: 1,000 pairs fit with negative correlations only" in told
    n = table.groupby("network")["implied_n"].median()
    for network, label, size in (("convnext_large", "ConvNeXt-L", 1000), ("resnet50", "ResNet-50", 5000)):
        assert f"{n[network] / size:.0%} of {size:,} ({label})" in told
    assert "VGG-19-BN Grad-CAM++ (lower), VGG-19-BN LayerCAM (higher), VGG-19-BN Score-CAM (higher)." in told
    turned = " ".join(checked(table.assign(implied_correlation=-table["implied_correlation"])))
    assert "- ConvNeXt-L: the same 1,000 images" in turned
    assert "- DenseNet-201, ResNet-50, VGG-19-BN: 1,000 pairs fit with negative correlations only" in turned
