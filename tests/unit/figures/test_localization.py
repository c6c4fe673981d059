import math

import pandas as pd
import pytest

from case_saliency.figures import localization as module
from case_saliency.figures.names import ordered_methods


@pytest.fixture
def table(synthetic):
    rows = [
        {
            "model": model,
            "seed": 0,
            "layer": "input" if method == "sobel" else "last_conv",
            "method": method,
            "height": 448,
            "min_confidence": 0.5,
            "n_mosaics": 20,
            "n_images": 15,
            "n_degenerate": 0,
            "mean_share": 0.3 + position / 20,
            "ci_low": 0.2,
            "ci_high": 0.9,
            "hit_rate": position / 10,
            "chance": 0.25,
            "role": "control" if method in synthetic.CONTROLS else "method",
        }
        for model in synthetic.MODELS
        for position, method in enumerate(synthetic.METHODS)
    ]
    return pd.DataFrame(rows)


def test_marks_bars_and_hits_stand_at_the_tables_values(table) -> None:
    figure = module.localization(table)
    methods = ordered_methods(table["method"])
    assert len(figure.axes) == 3
    for axes, model in zip(figure.axes, table["model"].unique(), strict=True):
        rows = table[table["model"] == model].set_index("method")
        marks = {methods[int(line.get_ydata()[0])]: line for line in axes.lines if line.get_linestyle() == "None"}
        assert {name: line.get_xdata()[0] for name, line in marks.items()} == (100 * rows["mean_share"]).to_dict()
        bars = [tuple(line.get_xdata()) for line in axes.lines if line.get_linewidth() == 1.1]
        assert bars == [(20, 90)] * len(methods)
        notes = {round(text.get_position()[1]): text.get_text() for text in axes.texts}
        assert {methods[row]: note for row, note in notes.items() if row >= 0} == {
            name: f"{100 * rate:.0f}" for name, rate in rows["hit_rate"].items()
        }
        assert [line.get_xdata()[0] for line in axes.lines if line.get_linewidth() == 0.8] == [25]


def test_many_networks_wrap(table) -> None:
    figure = module.localization(pd.concat([table.assign(seed=seed) for seed in range(4)]))
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert len(shown) == 12
    assert len({round(axes.get_subplotspec().rowspan.start) for axes in shown}) == 4
    assert figure.get_figwidth() == pytest.approx(7.2)


def test_a_method_without_a_score_is_a_dash(table) -> None:
    missing = table["method"] == "case"
    figure = module.localization(table.assign(hit_rate=table["hit_rate"].mask(missing, math.nan)))
    assert "–" in {text.get_text() for text in figure.axes[0].texts}


def test_the_caption_takes_its_numbers_from_the_table(table) -> None:
    text = module.caption(table.assign(n_mosaics=7, n_degenerate=1), alpha=0.1)
    assert "(448 pixels high)" in text
    assert "confidence of at least 0.5" in text
    assert "n = 7 mosaics made of 15 images; bars are 90% intervals" in text
    assert "24 maps without a positive value are set aside" in text
    assert "set aside" not in module.caption(table)


def test_an_empty_table_is_refused(table) -> None:
    with pytest.raises(ValueError, match="no rows"):
        module.localization(table.iloc[:0])
