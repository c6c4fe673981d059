import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import same_color

from case_saliency.figures import layers as module
from case_saliency.figures.names import method_style

METHODS = ("case", "gradcam", "random")
LAYERS = ("block1", "last_conv", "block9")  # in the order of the network, not of the alphabet


@pytest.fixture
def table():
    rows = [
        {
            "model": model, "seed": seed, "layer": layer, "method": method, "k_percent": 5.0, "n": 18,
            "median_agreement": 10.0 * place + number + seed / 2, "ci_low": 10.0 * place, "ci_high": 10.0 * place + 9,
            "role": "control" if method == "random" else "method",
        }
        for model in ("net_a", "net_b")
        for seed in (0, 1)
        for place, layer in enumerate(LAYERS)
        for number, method in enumerate(METHODS)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_a_line_of_each_method_joins_the_medians_in_the_order_of_the_network(table) -> None:
    figure = module.layers(table)
    visible = [axes for axes in figure.axes if axes.get_visible()]
    titles = [axes.get_title() for axes in visible]
    assert titles == [f"net_{name}\nseed {seed}" for name in "ab" for seed in (0, 1)]
    for number, axes in enumerate(visible):
        assert [label.get_text() for label in axes.get_xticklabels()] == list(LAYERS)
        joined = [line for line in axes.lines if len(line.get_xdata()) == len(LAYERS)]
        assert len(joined) == len(METHODS)
        for position, (line, method) in enumerate(zip(joined, METHODS, strict=True)):
            assert line.get_ydata().tolist() == [position + number % 2 / 2 + 10 * place for place in range(3)]
            assert np.round(line.get_xdata()).tolist() == [0, 1, 2]
            assert same_color(line.get_color(), method_style(method).colour)
            assert (line.get_linestyle() == "-") == (method != "random")
        bars = [tuple(line.get_ydata()) for line in axes.lines if line.get_linewidth() == 0.6]
        assert sorted(bars) == sorted([(10 * place, 10 * place + 9) for place in range(3)] * 3)


def test_a_layer_that_a_method_lacks_is_left_out_of_its_line(table) -> None:
    lacking = table[(table["method"] != "gradcam") | (table["layer"] != "block9")]
    axes = module.layers(lacking).axes[0]
    lengths = sorted(
        len(line.get_xdata()) for line in axes.lines if line.get_marker() != "None" and len(line.get_xdata())
    )
    assert lengths == [2, 3, 3]


def test_the_key_names_every_method(table) -> None:
    texts = module.layers(table).legends[0].get_texts()
    assert [text.get_text() for text in texts] == ["CASE", "Grad-CAM", "Random"]


def test_an_empty_table_is_refused(table) -> None:
    with pytest.raises(ValueError, match="no rows"):
        module.layers(table.iloc[:0])


def test_the_caption_takes_its_numbers_from_the_table(table) -> None:
    text = module.caption(table.assign(n=7, k_percent=10.0))
    assert "n = 7 images" in text
    assert "top 10% of pixels" in text
