from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from case_saliency.figures import pairwise as module

METHODS = ("case", "gradcam", "sobel")


@pytest.fixture
def table():
    rows = []
    for number, model in enumerate(("net_a", "net_b")):
        for position, method in enumerate(METHODS):
            common = {
                "experiment": "e", "dataset": "d", "model": model, "seed": 0, "layer": "last_conv", "method": method,
                "k_percent": 5.0, "n": 10, "n_degenerate": 2, "role": "control" if method == "sobel" else "method",
            }  # fmt: skip
            rows.append({**common, "rank_a": "all", "rank_b": "all", "median_agreement": 0.0, "mean_agreement": 33.4})
            rows[-1] |= {"mean_ci_low": 20.1, "mean_ci_high": 41.7}
            for a, b in combinations((1, 2, 3), 2):
                value = 10.0 * (a + b) + position + number / 2
                rows.append({**common, "rank_a": str(a), "rank_b": str(b), "median_agreement": value})
    return pd.DataFrame(rows)


def test_cells_hold_the_tables_medians(table) -> None:
    figure = module.pairwise(table)
    panels = [axes for axes in figure.axes if axes.get_title()]
    assert [axes.get_title() for axes in panels] == ["CASE", "Grad-CAM", "Sobel edges"] * 2
    assert [axes.get_ylabel() for axes in panels] == ["net_a\nn = 10 images", "", "", "net_b\nn = 10 images", "", ""]
    for number, axes in enumerate(panels):
        shift = number % 3 + number // 3 / 2
        nan = np.nan
        expected = np.array([[nan, 30, 40], [30, nan, 50], [40, 50, nan]]) + shift
        np.testing.assert_array_equal(np.ma.filled(axes.images[0].get_array(), nan), expected)
        written = {text.get_position(): text.get_text() for text in axes.texts}
        assert written == {
            (b, a): f"{expected[a, b]:.0f}" for a in range(3) for b in range(3) if a != b
        }  # fmt: skip
        assert axes.get_xlabel() == "33 [20, 42]"
        assert [label.get_text() for label in axes.get_xticklabels()] == ["1", "2", "3"]
    assert [axes.title.get_fontstyle() for axes in panels[:3]] == ["normal", "normal", "italic"]


def test_a_pair_without_a_value_stays_empty(table) -> None:
    table.loc[(table["method"] == "case"), ["median_agreement", "mean_agreement"]] = np.nan
    axes = module.pairwise(table).axes[0]
    assert axes.texts[:] == []
    assert axes.get_xlabel() == "no value"


def test_methods_that_do_not_fit_go_on_in_the_next_line(table) -> None:
    more = [table.assign(method=f"variant_{number}") for number in range(5)]
    figure = module.pairwise(pd.concat([table, *(part[table["method"] == "case"] for part in more)]))
    assert figure.axes[0].get_gridspec().get_geometry() == (2, 8)
    wide = pd.concat([table, table.assign(rank_b=table["rank_b"].replace({"3": "20"}))])
    assert module.pairwise(wide).axes[0].get_gridspec().get_geometry() == (4, 2)


def test_an_empty_table_is_refused(table) -> None:
    with pytest.raises(ValueError, match="no rows"):
        module.pairwise(table.iloc[:0])


def test_the_caption_takes_its_numbers_from_the_table(table) -> None:
    text = module.caption(table.assign(n=7), alpha=0.1)
    assert "n = 7 images" in text
    assert "top 5% of pixels" in text
    assert "with its 90% interval" in text
    assert "12 pairs of maps with a degenerate one are set aside" in text
    assert "set aside" not in module.caption(table.assign(n_degenerate=0))
