import pandas as pd
import pytest

from case_saliency.figures import attrition as module
from case_saliency.figures.names import ordered_methods

METHODS = ("case", "gradcam", "random")


@pytest.fixture
def table():
    rows = []
    for model in ("net_a", "net_b", "net_c", "net_d"):
        for seed in (0, 1):
            for number, method in enumerate(METHODS):
                lost = {"misclassified": 2 + seed, "zero": number, "small_support": 4 if method == "random" else 0}
                found = {"kept": 100 - sum(lost.values()), **{name: n for name, n in lost.items() if n}}
                common = {"experiment": "e", "dataset": "d", "model": model, "seed": seed, "layer": "last_conv"}
                common |= {"method": method, "k_percent": 5.0}
                for reason, n in found.items():
                    rows.append({**common, "stage": "agreement", "fill": "none", "reason": reason, "n": n})
                    rows.append({**common, "stage": "confidence_drop", "fill": "mean", "reason": reason, "n": 7 * n})
    return pd.DataFrame(rows)


def test_bars_stand_at_the_percentages_of_all_trainings(table) -> None:
    figure = module.attrition(table, {"random"})
    methods = ordered_methods(METHODS)
    visible = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_title() for axes in visible] == ["net_a", "net_b", "net_c", "net_d"]
    for axes in visible:
        bars = {name: [] for name in methods}
        for patch in axes.patches:
            bars[methods[round(patch.get_y() + patch.get_height() / 2)]].append((patch.get_x(), patch.get_width()))
        # wrong predictions 2 and 3 of 100 each, then maps of zeros, then too few pixels
        assert bars == {
            "case": [(0, 2.5)],
            "gradcam": [(0, 2.5), (2.5, 1)],
            "random": [(0, 2.5), (2.5, 2), (4.5, 4)],
        }
        notes = {text.get_position()[1]: text.get_text() for text in axes.texts}
        assert notes == {-0.75: "kept", 0: "97–98", 1: "96–97", 2: "91–92"}
        assert axes.get_xlim() == (0, 10)
    labels = [label.get_fontstyle() for label in visible[0].get_yticklabels()]
    assert labels == ["normal", "normal", "italic"]


def test_the_key_names_the_reasons_that_occur(table) -> None:
    def key(shown):
        return [text.get_text() for text in module.attrition(shown, set()).legends[0].get_texts()]

    assert key(table) == ["top-1 prediction wrong", "map all zero", "too few pixels ranked"]
    assert key(table[table["method"] == "case"]) == ["top-1 prediction wrong"]


def test_where_nothing_is_lost_there_are_no_bars_and_no_key(table) -> None:
    figure = module.attrition(table[table["reason"] == "kept"], set())
    assert figure.legends == []
    assert not any(axes.patches for axes in figure.axes)


def test_the_axis_holds_the_longest_bar(table) -> None:
    most = table.assign(n=table["n"].where(table["reason"] != "zero", 300))
    axes = module.attrition(most, set()).axes[0]
    assert axes.get_xlim()[1] > max(patch.get_x() + patch.get_width() for patch in axes.patches) > 50


def test_an_empty_table_is_refused(table) -> None:
    with pytest.raises(ValueError, match="no rows"):
        module.attrition(table[table["stage"] == "confidence_drop"], set())


def test_the_caption_takes_its_numbers_from_the_table(table) -> None:
    assert "percent of 100 images, over up to 2 trainings of a network together." in module.caption(table)
    assert "percent of 100 images. An" in module.caption(table[table["seed"] == 0])
