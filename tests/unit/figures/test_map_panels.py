from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from case_saliency.figures import map_panels as module


@pytest.fixture
def examples(synthetic):
    return [
        module.Example(
            image_id=f"image_{seed}",
            model="efficientnet_lite0",
            photograph=synthetic.photograph(seed),
            maps=synthetic.maps(seed),
            class_names=("tabby, tabby cat", "Siberian husky"),
            probabilities=(0.834, 0.091),
            agreements=dict.fromkeys(synthetic.METHODS, 10.4 + seed) | {"hirescam": float("nan")},
            true_class="tabby, tabby cat",
        )
        for seed in range(2)
    ]


def words(figure) -> list[str]:
    texts = [text for axes in figure.axes for text in (axes.title, axes.xaxis.label, *axes.texts)]
    return [text.get_text() for text in texts if text.get_text()]


def test_classes_probabilities_and_agreements_are_printed(examples) -> None:
    found = words(module.map_panels(examples, 5))
    assert found.count("top-1, p = 0.83\ntabby") == 2
    assert found.count("top-2, p = 0.09\nSiberian husky") == 2
    assert found.count("label: tabby") == 2
    assert found.count("EfficientNet-Lite0") == 2
    assert found.count("10%") == found.count("11%") == 7
    assert found.count("–") == 2


def test_an_empty_map_is_called_empty_and_shows_the_bare_photograph(examples) -> None:
    assert words(module.map_panels(examples[:1], 5)).count("empty") == 1
    photograph = np.full((2, 2, 3), 255, dtype=np.uint8)
    np.testing.assert_allclose(module.overlay(photograph, np.zeros((2, 2))), 1.0)
    np.testing.assert_allclose(module.overlay(photograph, np.full((2, 2), -1.0)), 1.0)


def test_a_map_that_is_not_finite_is_called_so(examples) -> None:
    maps = {**examples[0].maps, "case": np.full((2, 64, 64), np.nan)}
    assert words(module.map_panels([replace(examples[0], maps=maps)], 5)).count("not finite") == 2


def test_the_overlay_scales_a_map_to_its_own_maximum() -> None:
    black = np.zeros((1, 3, 3), dtype=np.uint8)
    saliency = np.array([[0.0, 7.0, -3.0]])
    dark, bright = np.array([0.001462, 0.000466, 0.013866]), np.array([0.988362, 0.998364, 0.644924])  # ends of inferno
    expected = module.OPACITY * np.stack([dark, bright, dark])[None]
    np.testing.assert_allclose(module.overlay(black, saliency), expected, atol=1e-6)
    np.testing.assert_allclose(module.overlay(black, saliency * 1000), expected, atol=1e-6)


def test_the_photograph_is_shown_as_it_is_and_not_changed(examples) -> None:
    before = examples[0].photograph.copy()
    figure = module.map_panels(examples[:1], 5)
    np.testing.assert_array_equal(figure.axes[0].images[0].get_array(), before)
    np.testing.assert_array_equal(examples[0].photograph, before)


def test_methods_stand_in_the_house_order(examples) -> None:
    titles = [axes.get_title() for axes in module.map_panels(examples[:1], 5).axes]
    shown = [title for title in titles if title and title != "EfficientNet-Lite0"]
    assert shown[:3] == ["CASE", "CASE,\nunpooled", "Grad-CAM"]
    assert shown[-2:] == ["Random", "Sobel edges"]


def test_the_outline_encloses_the_top_pixels(examples) -> None:
    saliency = np.zeros((10, 10))
    saliency[2:4, 3:8] = 1 + np.arange(10).reshape(2, 5)
    example = replace(examples[0], maps={"case": np.stack([saliency, np.zeros((10, 10))])})
    example = replace(example, photograph=np.zeros((10, 10, 3), np.uint8), agreements={"case": 0.0})
    first, second = module.map_panels([example], k_percent=5).axes[3:5]
    assert len(second.collections) == 0
    [outline] = first.collections
    (path,) = outline.get_paths()
    inside = [(x, y) for y in range(10) for x in range(10) if path.contains_point((x, y))]
    assert inside == [(x, 3) for x in range(3, 8)]  # the five largest of 100 values


def test_examples_must_show_the_same_methods(examples) -> None:
    fewer = replace(examples[1], maps={"case": examples[1].maps["case"]})
    with pytest.raises(ValueError, match="same methods"):
        module.map_panels([examples[0], fewer], 5)
    with pytest.raises(ValueError, match="at least one"):
        module.map_panels([], 5)


def test_many_methods_widen_the_figure_rather_than_shrink_the_maps(examples) -> None:
    many = {f"variant_{number}": examples[0].maps["case"] for number in range(20)}
    figure = module.map_panels([replace(examples[0], maps=many, agreements=dict.fromkeys(many, 1.0))], 5)
    assert figure.get_figwidth() > 7.2
    assert figure.axes[-2].get_position().width * figure.get_figwidth() == pytest.approx(0.45)


def test_the_caption_states_the_convention() -> None:
    text = module.caption("efficientnet_lite1", 5)
    assert "EfficientNet-Lite1" in text
    assert "each is scaled to its own maximum" in text
    assert "top 5% of a map's pixels" in text


def test_names_above_small_maps_do_not_meet(examples) -> None:
    wide = ["gradcam", "gradcam_plus_plus", "hirescam", "xgradcam", "layercam", "eigencam", "sobel", "scorecam"]
    shown = dict.fromkeys([*wide, *examples[0].maps], examples[0].maps["case"])
    one = replace(examples[0], maps=shown, agreements=dict.fromkeys(shown, 10.0))
    figure = module.map_panels([one], 5)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    titles = [axes.title for axes in figure.axes if axes.get_title()]
    boxes = [title.get_window_extent(canvas.get_renderer()) for title in titles]
    over = [titles[a].get_text() for a, b in combinations(range(len(boxes)), 2) if boxes[a].overlaps(boxes[b])]
    assert not over


def test_the_number_of_photographs_is_told(examples) -> None:
    assert "n = 2 photographs, as examples" in words(module.map_panels(examples, 5))
    assert "n = 1 photograph, as examples" in words(module.map_panels(examples[:1], 5))
