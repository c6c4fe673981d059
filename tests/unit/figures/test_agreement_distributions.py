import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import same_color

from case_saliency.figures import agreement_distributions as module
from case_saliency.figures.names import method_style, ordered_methods


def lines(axes):
    return {name: [line for line in axes.lines if test(line)] for name, test in TESTS.items()}


TESTS = {
    "dots": lambda line: line.get_marker() == "o" and line.get_markersize() == 2.2,
    "medians": lambda line: line.get_markersize() == 5 and line.get_linestyle() == "None",
    "bars": lambda line: line.get_linewidth() == 1.1 and line.get_linestyle() == "-",
    "threshold": lambda line: line.get_linewidth() == 0.8,
}


def test_marks_stand_at_the_tables_values(scores, table) -> None:
    figure = module.agreement_distributions(scores, table)
    methods = ordered_methods(table["method"])
    assert [axes.get_title() for axes in figure.axes] == [f"EfficientNet-Lite{number}" for number in range(3)]
    for axes, model in zip(figure.axes, table["model"].unique(), strict=True):
        rows = table[table["model"] == model].set_index("method")
        found = lines(axes)
        medians = {methods[int(line.get_ydata()[0])]: line for line in found["medians"]}
        assert {name: line.get_xdata()[0] for name, line in medians.items()} == rows["median_agreement"].to_dict()
        assert all(same_color(line.get_color(), method_style(name).colour) for name, line in medians.items())
        assert all(line.get_marker() == method_style(name).marker for name, line in medians.items())
        bars = {methods[int(line.get_ydata()[0])]: tuple(line.get_xdata()) for line in found["bars"]}
        assert bars == {name: (row["ci_low"], row["ci_high"]) for name, row in rows.iterrows()}
        assert [list(line.get_xdata()) for line in found["threshold"]] == [[50.0, 50.0]]


def test_dots_are_the_qualified_scores_and_nothing_else(scores, table) -> None:
    scores.loc[scores["image_id"] == "image_03", "agreement"] = np.nan
    axes = module.agreement_distributions(scores, table).axes[0]
    methods = ordered_methods(table["method"])
    expected = scores[(scores["model"] == "efficientnet_lite0") & scores["qualified"]].dropna(subset="agreement")
    for row, line in enumerate(lines(axes)["dots"]):
        method = table["method"].unique()[row]
        assert sorted(line.get_xdata()) == sorted(expected.loc[expected["method"] == method, "agreement"])
        assert len(line.get_xdata()) == 17
        assert np.abs(line.get_ydata() - methods.index(method)).max() <= 0.36 + 1e-9


def test_n_verdict_and_threshold_are_written(scores, table) -> None:
    table.loc[(table["method"] == "case") & (table["model"] == "efficientnet_lite0"), "n"] = 17
    figure = module.agreement_distributions(scores, table, threshold=40)
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert "17 ▼" in texts
    assert figure.get_supxlabel().startswith("▼  class-sensitive: interval below 40%")
    assert [list(line.get_xdata()) for line in lines(figure.axes[0])["threshold"]] == [[40, 40]]


def test_without_an_image_there_is_no_verdict(scores, table) -> None:
    table.loc[table["method"] == "case", ["n", "verdict"]] = [0, "undecided"]
    table.loc[table["method"] == "case", ["median_agreement", "ci_low", "ci_high"]] = np.nan
    figure = module.agreement_distributions(scores[scores["method"] != "case"], table)
    assert "0 –" in [text.get_text() for text in figure.axes[0].texts]
    assert "–  no image left: each is misclassified, or has an empty map" in figure.get_supxlabel()


def test_a_missing_interval_draws_no_bar(scores, table) -> None:
    table[["ci_low", "ci_high"]] = np.nan
    figure = module.agreement_distributions(scores, table)
    assert lines(figure.axes[0])["bars"] == []
    assert len(lines(figure.axes[0])["medians"]) == 8


def test_controls_are_in_italics_and_names_stand_once(scores, table) -> None:
    first, second, _ = module.agreement_distributions(scores, table).axes
    italic = {label.get_text() for label in first.get_yticklabels() if label.get_fontstyle() == "italic"}
    assert italic == {"Random", "Sobel edges"}
    assert {label.get_text() for label in second.get_yticklabels()} == {""}


@pytest.mark.parametrize(
    ("values", "offsets"),
    [([10.0, 50.0], [0, 0]), ([10.0, 10.2], [-0.065, 0.065]), ([], []), ([1.0] * 3, [-0.13, 0, 0.13])],
)
def test_dots_of_nearly_equal_value_stand_beside_each_other(values, offsets) -> None:
    assert module._offsets(np.array(values)) == pytest.approx(offsets)


def test_four_panels_share_a_line_and_more_go_on_new_lines(scores, table) -> None:
    more = table[table["model"] == "efficientnet_lite0"].assign(model="resnet50")
    figure = module.agreement_distributions(scores, pd.concat([table, more]))
    assert [axes.get_visible() for axes in figure.axes] == [True] * 4


def test_the_caption_takes_its_numbers_from_the_table(table) -> None:
    text = module.caption(table.assign(n=7, ci_level=0.984, k_percent=2.5, n_degenerate=1), threshold=45)
    assert "top 2.5% of pixels" in text
    assert "(n = 7)" in text
    assert "98.4%" in text
    assert "45%, the null hypothesis" in text
    assert "24 scores that an empty or constant map leaves undefined are not drawn" in text
    assert "undefined" not in module.caption(table)
    assert "top-1 prediction is correct" in text
    assert "without labels" in module.caption(table, labelled=False)
