import numpy as np
import pytest

from case_saliency.figures import critical_difference as module
from case_saliency.figures.names import method_style


@pytest.fixture
def ranks(synthetic):
    return synthetic.ranks_table()


def _markers(axes):
    return [(line.get_marker(), line.get_xdata()[0]) for line in axes.lines if line.get_linestyle() == "None"]


def _bars(axes):
    return [tuple(line.get_xdata()) for line in axes.lines if line.get_linewidth() == 2.2]


def test_markers_stand_at_the_mean_ranks(ranks, synthetic) -> None:
    figure = module.critical_difference(ranks)
    panels = [axes for axes in figure.axes if axes.get_visible()]
    assert len(panels) == 3
    for axes in panels:
        assert sorted(_markers(axes)) == sorted((method_style(name).marker, r) for name, r in synthetic.RANKS.items())
        assert {line.get_ydata()[0] for line in axes.lines if line.get_linestyle() == "None"} == {0}


def test_names_stand_at_the_end_of_their_line_with_the_rank(ranks) -> None:
    axes = module.critical_difference(ranks).axes[0]
    texts = {text.get_text().strip(): text.get_position() for text in axes.texts}
    left = ["CASE, unpooled  1.50", "CASE  2.00", "HiResCAM  2.75"]
    right = ["5.50  Grad-CAM++", "5.00  LayerCAM", "4.25  Grad-CAM"]
    ends = {(line.get_xdata()[-1], line.get_ydata()[-1]) for line in axes.lines if len(line.get_xdata()) == 3}
    assert {texts[name] for name in left + right} == ends
    for side in (left, right):
        heights = [texts[name][1] for name in side]
        assert np.diff(heights).tolist() == [-1, -1]
    assert max(texts[name][0] for name in left) < 1
    assert min(texts[name][0] for name in right) > 6


def test_a_bar_joins_each_group_and_no_bar_a_method_alone(ranks) -> None:
    assert _bars(module.critical_difference(ranks).axes[0]) == [(1.5, 2.75), (2.75, 4.25), (4.25, 5.5)]
    alone = ranks.assign(groups=list("abcdef") * 3)
    assert _bars(module.critical_difference(alone).axes[0]) == []


def test_the_critical_difference_and_the_test_are_written(ranks) -> None:
    axes = module.critical_difference(ranks).axes[0]
    texts = [text.get_text() for text in axes.texts]
    assert "critical difference 1.78" in texts
    assert "n = 18 images; Friedman's test: p < .0001" in texts
    assert [tuple(line.get_xdata()) for line in axes.lines if line.get_marker() == "|"] == [(1, 1 + 1.777)]


def test_two_methods_have_no_friedman_test(ranks) -> None:
    two = ranks[ranks["method"].isin(["case", "gradcam"])].assign(mean_rank=[2.0, 1.0] * 3, p_friedman=np.nan)
    texts = [text.get_text() for text in module.critical_difference(two).axes[0].texts]
    assert "n = 18 images; too few methods for Friedman's test" in texts


def test_nothing_to_rank_is_said(ranks) -> None:
    empty = ranks.assign(n=0, mean_rank=np.nan, critical_difference=np.nan, groups=np.nan, p_friedman=np.nan)
    figure = module.critical_difference(empty)
    assert "no image has a value for every method" in [text.get_text() for text in figure.axes[0].texts]
    assert figure.axes[0].lines[:] == []


def test_the_caption_takes_its_numbers_from_the_table(ranks) -> None:
    text = module.caption(ranks.assign(n=7, k_percent=2.5), alpha=0.1)
    assert "top 2.5% of pixels; n = 7 images" in text
    assert "level 0.1 over" in text
    assert "left out" not in text
    assert "6 images that lack a value for some method are left out" in module.caption(ranks.assign(n_incomplete=2))
