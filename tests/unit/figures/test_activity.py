import pandas as pd
import pytest
from matplotlib.colors import same_color

from case_saliency.figures import activity as module

COLOURS = ("#0072B2", "#E69F00")
NAMES = [("vgg_small", "block1"), ("vgg_small", "last_conv"), ("my_net", "last_conv")]


@pytest.fixture
def table():
    rows = []
    for position, (model, layer) in enumerate(NAMES):
        for seed in (0, 1):
            for kind in ("output", "rectified"):
                for number, threshold in enumerate((0.001, 0.1)):
                    count = 10.0 * position + seed + 3 * number + (kind == "rectified")
                    rows.append(
                        {
                            "model": model, "seed": seed, "layer": layer, "kind": kind, "threshold": threshold, "n": 18,
                            "n_channels": 64, "mean_active": count, "min_class": count - 2, "max_class": count + 1,
                            "active_fraction": count / 64, "ci_low": count / 64 - 0.01, "ci_high": count / 64 + 0.02,
                        }
                    )  # fmt: skip
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("side", "value", "low", "high"),
    [(0, "mean_active", "min_class", "max_class"), (1, "active_fraction", "ci_low", "ci_high")],
)
def test_counts_stand_left_and_fractions_right(table, side, value, low, high) -> None:
    figure = module.activity(table)
    for row, kind in enumerate(("output", "rectified")):
        axes = figure.axes[2 * row + side]
        shown = table[table["kind"] == kind]
        for number, threshold in enumerate((0.001, 0.1)):
            expected = shown[shown["threshold"] == threshold]
            marks = [line for line in axes.lines if line.get_linestyle() == "None" and len(line.get_xdata())]
            marks = [line for line in marks if same_color(line.get_color(), COLOURS[number])]
            found = [(NAMES[round(line.get_ydata()[0])], line.get_xdata()[0]) for line in marks]
            assert found == [((r["model"], r["layer"]), r[value]) for r in expected.to_dict("records")]
            heights = {line.get_ydata()[0] for line in marks}
            bars = [line for line in axes.lines if line.get_linewidth() == 0.7 and line.get_ydata()[0] in heights]
            assert [tuple(bar.get_xdata()) for bar in bars] == list(zip(expected[low], expected[high], strict=True))
    labels = [label.get_text() for label in figure.axes[side].get_yticklabels()]
    assert labels == (["", "", ""] if side else ["VGG, small, block1", "VGG, small, last_conv", "my_net, last_conv"])


def test_a_kind_that_was_not_measured_has_no_row(table) -> None:
    figure = module.activity(table[table["kind"] == "output"])
    assert [axes.get_xlabel() for axes in figure.axes] == [
        f"active {what} (layer's output)\nn = 18 images\n2 trainings" for what in ("channels", "share of the channels")
    ]


def test_the_key_names_the_thresholds(table) -> None:
    texts = module.activity(table).legends[0].get_texts()
    assert [text.get_text() for text in texts] == ["above 0.001", "above 0.1"]


def test_the_caption_takes_its_numbers_from_the_table(table) -> None:
    text = module.caption(table.assign(n=7))
    assert "(0.001, 0.1)" in text
    assert "n = 7 images" in text
    assert "number of channels, here 64" in text
