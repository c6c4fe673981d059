import pandas as pd
import pytest
from matplotlib.figure import Figure

from case_saliency.figures.panels import by_setting, split, wrapped


def test_only_what_tells_the_panels_of_a_model_apart_is_in_the_label() -> None:
    table = pd.DataFrame(
        {
            "model": ["densenet201", "densenet201", "resnet50", "resnet50"],
            "layer": ["norm5", "conv2", "conv3", "conv3"],
            "seed": [0, 0, 0, 0],
            "value": [1, 2, 3, 4],
        }
    )
    panels = split(table)
    assert [panel.label for panel in panels] == ["ResNet-50\nconv3", "DenseNet-201\nconv2", "DenseNet-201\nnorm5"]
    assert [panel.rows["value"].tolist() for panel in panels] == [[3, 4], [2], [1]]


def test_models_that_differ_in_layer_need_no_layer_in_the_label() -> None:
    table = pd.DataFrame({"model": ["vgg19_bn", "resnet50"], "layer": ["a", "b"], "seed": [0, 0]})
    assert [panel.label for panel in split(table)] == ["ResNet-50", "VGG-19-BN"]


def test_seeds_and_top_sets_are_named_where_there_are_several() -> None:
    table = pd.DataFrame({"model": ["m"] * 2, "layer": ["a"] * 2, "seed": [0, 1], "k_percent": [5.0, 10.0]})
    labels = [panel.label for panel in split(table, by=("model", "layer", "seed", "k_percent"))]
    assert labels == ["m\nseed 0\ntop 5%", "m\nseed 1\ntop 10%"]


def test_a_panel_selects_its_rows_of_another_table() -> None:
    table = pd.DataFrame({"model": ["a", "b"], "layer": ["x", "x"], "seed": [0, 0]})
    other = table.assign(value=[1, 2])
    assert split(table)[1].select(other)["value"].tolist() == [2]


def test_methods_of_the_input_join_every_layer_of_their_model() -> None:
    table = pd.DataFrame(
        {"model": ["a", "a", "a", "b"], "layer": ["x", "input", "y", "input"], "seed": [0] * 4, "value": [1, 2, 3, 4]}
    )
    panels = split(table)
    assert [panel.name for panel in panels] == ["a, x", "a, y", "b, input"]
    assert [panel.rows["value"].tolist() for panel in panels] == [[1, 2], [2, 3], [4]]
    assert panels[0].select(table.assign(seed=1)).empty


def test_an_empty_table_is_refused() -> None:
    with pytest.raises(ValueError, match="no rows"):
        split(pd.DataFrame({"model": [], "layer": [], "seed": []}))


@pytest.fixture
def five() -> list:
    return split(pd.DataFrame({"model": list("abcde"), "layer": "x", "seed": 0}))


def test_panels_are_wrapped_and_what_is_left_over_is_hidden(five) -> None:
    figure = Figure()
    placed = wrapped(figure, five, 3, sharex=True)
    assert [panel.label for _, panel, _ in placed] == list("abcde")
    assert [first for _, _, first in placed] == [True, False, False, True, False]
    assert [axes.get_visible() for axes in figure.axes] == [True] * 5 + [False]
    assert len(wrapped(Figure(), five[:2], 3)[0][0].figure.axes) == 2


def test_every_setting_has_its_lines_and_its_own_scale(five) -> None:
    figure = Figure()
    placed = by_setting(figure, ["s", "t"], five)
    assert "".join(setting + panel.label for _, setting, panel, _ in placed) == "sasbsctatbtcsdsetdte"
    assert [panel.label for _, _, panel, first in placed if first] == ["a", "a", "d", "d"]
    assert sum(not axes.get_visible() for axes in figure.axes) == 2
    placed[0][0].set_xlim(3, 4)
    assert [axes.get_xlim() == (3, 4) for axes, setting, _, _ in placed] == [s == "s" for _, s, _, _ in placed]
