import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import same_color

from case_saliency.figures import reliability as module
from case_saliency.figures.names import method_style, ordered_methods

METHODS = ("case", "gradcam", "random", "sobel")


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    rows = [
        {
            "experiment": "e", "dataset": "d", "model": model, "seed": 0, "layer": "last_conv", "method": method,
            "augmentation": augmentation, "k_percent": 5.0, "n": 18, "within": rng.uniform(60, 90),
            "between": rng.uniform(10, 60), "chance": 8.0, "reliability": np.nan if method == "random" else 0.5,
            "ci_low": np.nan if method in ("random", "sobel") else 0.41, "ci_high": 0.625, "kept_top1": 0.97,
            "n_degenerate": 1, "role": "control" if method in ("random", "sobel") else "method",
        }
        for model in ("net_a", "net_b", "net_c", "net_d")
        for method in METHODS
        for augmentation in ("all", "flip", "left")
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_marks_and_indices_stand_at_the_tables_pooled_values(table) -> None:
    figure = module.reliability(table)
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_title() for axes in shown] == ["net_a", "net_b", "net_c", "net_d"]
    methods = ordered_methods(METHODS)
    for axes in shown:
        rows = table[(table["model"] == axes.get_title()) & (table["augmentation"] == "all")].set_index("method")
        for row, method in enumerate(methods):
            lines = [line for line in axes.lines if line.get_ydata()[0] == row and len(line.get_xdata()) < 3]
            at = {line.get_zorder(): line for line in lines}
            assert [at[order].get_xdata()[0] for order in (3, 4, 5)] == rows.loc[
                method, ["chance", "within", "between"]
            ].tolist()
            assert list(at[2].get_xdata()) == rows.loc[method, ["between", "within"]].tolist()
            assert same_color(at[4].get_markerfacecolor(), method_style(method).colour)
            assert at[5].get_markerfacecolor() == "white"
        notes = {
            methods[int(text.get_position()[1])]: text.get_text() for text in axes.texts if text.get_text() != "index"
        }
        assert notes == {
            "case": "0.50 [0.41, 0.62]", "gradcam": "0.50 [0.41, 0.62]", "random": "n/a", "sobel": "0.50"
        }  # fmt: skip
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "between classes",
        "within a class",
        "chance",
    ]


def test_three_panels_in_a_line(table) -> None:
    figure = module.reliability(table)
    assert figure.axes[0].get_gridspec().get_geometry() == (2, 3)
    one = module.reliability(table[table["model"] == "net_a"])
    assert one.axes[0].get_gridspec().get_geometry() == (1, 1)


def test_an_empty_table_is_refused(table) -> None:
    with pytest.raises(ValueError, match="no rows"):
        module.reliability(table.iloc[:0])


def test_the_caption_takes_its_numbers_from_the_table_and_denies_a_verdict(table) -> None:
    text = module.caption(table.assign(n=7, k_percent=10.0), alpha=0.1)
    for words in (
        "n = 7 images", "top 10% of pixels", "90% bootstrap interval", "(flip, left; the maps", "97% to 97%",
        "never a verdict by itself", "16 images with a degenerate map are set aside",
    ):  # fmt: skip
        assert words in text
    assert "set aside" not in module.caption(table.assign(n_degenerate=0))
