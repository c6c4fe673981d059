import base64
import gzip
import json
from dataclasses import replace

import numpy as np
import pytest

from case_saliency.report.content import Background
from case_saliency.report.gallery import Gallery, Shown, Sight, quantised
from case_saliency.report.page import render


def test_each_map_is_on_its_own_scale_and_an_empty_one_stays_empty():
    maps = np.array([[[0.0, 2.0], [4.0, -1.0]], [[0.0, 0.0], [-3.0, 0.0]]])
    assert quantised(maps).tolist() == [[[0, 128], [255, 0]], [[0, 0], [0, 0]]]
    assert quantised(np.full((1, 2, 2), np.nan)).max() == 0


def test_large_maps_are_averaged_over_blocks():
    large = np.zeros((1, 224, 112))
    large[0, :8, :8] = 1.0
    small = quantised(large)
    assert small.shape == (1, 28, 14)
    assert (small[0, 0, 0], small.sum()) == (255, 255)
    assert quantised(np.ones((1, 30, 30))).shape == (1, 15, 15)


@pytest.fixture
def gallery():
    shown = Shown(np.array([[[1.0]], [[0.5]]]), 12.34, np.nan, "")
    sight = Sight(b"jpeg", (("cat", 0.5), ("dog", 0.25)), correct=True, maps={"gradcam": shown, "case": shown})
    return Gallery(
        ["a"],
        ["tabby"],
        {"net": {"a": sight}, "vgg_small": {"a": replace(sight, maps={"case": shown})}},
        "5%",
        total=9,
        wrong={"b"},
    )


def test_what_the_page_carries(gallery):
    content = json.loads(gzip.decompress(base64.b64decode(gallery.packed())))
    assert content["methods"] == ["CASE", "Grad-CAM"]
    assert [model["label"] for model in content["models"]] == ["net", "VGG, small"]
    one = content["models"][0]["sights"][0]
    assert (one["said"], one["correct"]) == ([["cat", 0.5], ["dog", 0.25]], True)
    assert one["maps"][0]["size"] == [1, 1]
    assert (one["maps"][0]["agreement"], one["maps"][0]["drop"]) == (12.3, None)
    assert base64.b64decode(one["maps"][0]["values"]) == bytes([255, 255])
    assert content["models"][1]["sights"][0]["maps"][1] is None  # was not measured there
    assert content["none"]["wrong"].endswith("of 1 that are so on some network, 1 are not here.")
    assert content["none"]["empty"] == "None of the 9 images is of this kind."
    assert content["none"]["right"].endswith("there are 9.")


def test_a_page_without_maps_has_no_gallery(experiment, gallery):
    background = Background({}, {}, "0")
    assert 'class="gallery"' not in render([experiment], background)
    assert "The gallery: draw the maps" not in render([experiment], background)
    page = render([replace(experiment, gallery=gallery)], background)
    assert page.count('class="gallery"') == 1
    assert gallery.packed() in page
    assert "1 of 9 images are here, among them 0 of 1 with a wrong prediction" in page
