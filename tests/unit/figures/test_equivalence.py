import pandas as pd
import pytest

from case_saliency.figures import equivalence as module
from case_saliency.figures.names import ordered_methods

METHODS = ("case", "gradcam", "layercam", "random")


@pytest.fixture
def table():
    rows = []
    for model in ("net_a", "net_b"):
        for seed in (0, 1):
            for k in (5.0, 50.0):
                for number, method in enumerate(METHODS):
                    difference = 0.01 * number * (1 if seed else -1)
                    rows += [
                        {
                            "model": model, "seed": seed, "layer": "last_conv", "method": method, "fill": fill,
                            "test": "confidence_drop", "measure": "drop_relative_clipped", "k_percent": k,
                            "n_pairs": 18, "difference_to_case": difference + (fill == "blur"), "p_tost": 0.02,
                            "equivalent": number == 1 and seed == 0, "least_margin": abs(difference) + 0.005,
                            "role": "control" if method == "random" else "method",
                        }
                        for fill in ("mean", "blur")
                    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_marks_and_bars_are_those_of_the_first_fill_one_for_each_training(table) -> None:
    figure = module.equivalence(table, margin=0.03)
    methods = ordered_methods(METHODS[1:])
    assert [axes.get_title() for axes in figure.axes] == ["net_a", "net_b"] * 2
    assert figure.axes[0].get_xlabel() == "top 5% removed\ndrop − that of CASE (share)\nn = 18 images\n2 trainings"
    assert figure.axes[2].get_xlabel().startswith("top 50% removed")
    for axes in figure.axes:
        marks = [line for line in axes.lines if line.get_linestyle() == "None"]
        found = sorted((methods[round(line.get_ydata()[0])], round(line.get_xdata()[0], 6)) for line in marks)
        expected = {"gradcam": 0.01, "layercam": 0.02, "random": 0.03}
        assert found == sorted((name, sign * value) for name, value in expected.items() for sign in (-1, 1))
        filled = [line.get_xdata()[0] for line in marks if line.get_markerfacecolor() != "white"]
        assert filled == [-0.01]
        bars = [tuple(line.get_xdata()) for line in axes.lines if line.get_linewidth() == 0.9]
        for low, high in bars:
            assert high - low == pytest.approx(0.01)
        assert sorted(round((low + high) / 2, 6) for low, high in bars) == sorted(value for _, value in found)
        [band] = axes.patches
        assert (band.get_x(), band.get_x() + band.get_width()) == (-0.03, pytest.approx(0.03))
        notes = {text.get_position()[1]: text.get_text() for text in axes.texts}
        assert notes == {-0.75: "equal", 0: "1/2", 1: "0/2", 2: "0/2"}


def test_trainings_without_common_images_are_not_counted(table) -> None:
    lost = (table["method"] == "gradcam") & (table["seed"] == 1)
    names = ["n_pairs", "difference_to_case", "p_tost", "least_margin"]
    table.loc[lost, names] = [0, *[float("nan")] * 3]
    notes = {text.get_position()[1]: text.get_text() for text in module.equivalence(table).axes[0].texts}
    assert (notes[0], notes[1]) == ("1/1", "0/2")


def test_the_trainings_of_a_row_do_not_cover_each_other(table) -> None:
    axes = module.equivalence(table).axes[0]
    places = {line.get_ydata()[0] for line in axes.lines if line.get_linestyle() == "None"}
    assert len(places) == 6
    assert all(abs(place - round(place)) < 0.3 for place in places)


def test_logits_have_no_band(table) -> None:
    logits = table.assign(measure="drop_logit", p_tost=float("nan"), equivalent=False)
    axes = module.equivalence(logits, measure="drop_logit").axes[0]
    assert not axes.patches
    assert {text.get_text() for text in axes.texts} == {"equal", "–"}
    assert "none is tested" in module.caption(logits, measure="drop_logit")


def test_the_reference_alone_is_said_to_have_nothing_to_compare_with(table) -> None:
    alone = table[table["method"] == "case"]
    assert [text.get_text() for text in module.equivalence(alone).texts] == ["no other method to compare with"]
    assert "none is tested" in module.caption(alone)


def test_the_caption_takes_its_numbers_from_the_table(table) -> None:
    table.loc[table["method"] == "random", "n_pairs"] = 16
    text = module.caption(table, reference="case", margin=0.03, alpha=0.1)
    for words in ("minus that of CASE", "(fill: mean; n = 16 to 18 images", "80% intervals", "±0.03", "at level 0.1"):
        assert words in text
