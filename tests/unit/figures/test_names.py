import itertools

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from case_saliency.figures import names

DEFAULT = ("gradcam", "gradcam_plus_plus", "hirescam", "layercam", "case", "case_unpooled", "random", "sobel")


def test_every_known_method_has_a_colour_and_marker_of_its_own() -> None:
    styles = list(names.METHODS.values())
    assert len({(style.colour, style.marker) for style in styles}) == len(styles)
    assert len({style.label for style in styles}) == len(styles)


def test_the_default_methods_differ_in_colour_alone_and_in_marker_alone() -> None:
    assert len({names.method_style(method).colour for method in DEFAULT}) == len(DEFAULT)
    assert len({names.method_style(method).marker for method in DEFAULT}) == len(DEFAULT)


def test_no_method_is_marked_like_a_verdict() -> None:
    assert not {style.marker for style in names.METHODS.values()} & {"^", "v"}


def test_a_variant_keeps_its_name_and_its_style_does_not_depend_on_others() -> None:
    assert names.method_style("case_k5") == names.MethodStyle("case_k5", "#AA3377", "8")


def test_the_papers_method_comes_first_variants_before_controls_controls_last() -> None:
    given = ["sobel", "zz_mine", "layercam", "aa_mine", "case", "random", "gradcam", "gradcam"]
    assert names.ordered_methods(given) == ["case", "gradcam", "layercam", "aa_mine", "zz_mine", "random", "sobel"]


def test_models_are_in_the_house_order_and_unknown_ones_last() -> None:
    given = ["mine", "vgg19_bn", "efficientnet_lite2", "efficientnet_lite0"]
    assert names.ordered_models(given) == ["efficientnet_lite0", "efficientnet_lite2", "vgg19_bn", "mine"]
    assert names.model_label("vgg19_bn") == "VGG-19-BN"
    assert names.model_label("mine") == "mine"


def test_verdicts_have_different_symbols_and_words() -> None:
    assert set(names.VERDICTS) == {"class-sensitive", "undecided", "insensitive", "depends on the policy", "no image"}
    assert len({verdict.symbol for verdict in names.VERDICTS.values()}) == 5
    assert len({verdict.words for verdict in names.VERDICTS.values()}) == 5


def test_long_class_names_are_cut() -> None:
    assert names.class_label("black-and-tan coonhound, hound", width=12) == "black-and-t…"


@pytest.mark.parametrize(
    ("p", "text"), [(0.0496, ".0496"), (0.0504, ".0504"), (0.0001, ".0001"), (0.999, "1"), (0.1, ".10")]
)
def test_p_values_stay_on_their_side_of_the_level(p: float, text: str) -> None:
    assert names.format_p(p) == text


# Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB.
DEFICIENCIES = {
    "none": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}


def lab(linear):
    """CIE L*a*b* (D65) of linear sRGB."""
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ linear
    x, y, z = np.cbrt(xyz / [0.9505, 1.0, 1.089])
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
def test_the_default_methods_differ_for_colour_blind_readers(deficiency: str) -> None:
    seen = {}
    for method in DEFAULT:
        colour = np.array(to_rgb(names.method_style(method).colour))
        linear = np.where(colour <= 0.04045, colour / 12.92, ((colour + 0.055) / 1.055) ** 2.4)
        seen[method] = lab(np.clip(np.array(DEFICIENCIES[deficiency]) @ linear, 0, 1))
    assert min(np.linalg.norm(seen[a] - seen[b]) for a, b in itertools.combinations(DEFAULT, 2)) > 12
