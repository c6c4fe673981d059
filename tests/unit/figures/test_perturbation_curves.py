import pytest
from matplotlib.colors import to_hex

from case_saliency.figures import perturbation_curves as module
from case_saliency.figures.names import METHODS, ordered_methods


def test_lines_are_the_mean_curves_in_the_methods_colours(synthetic) -> None:
    points, areas = synthetic.curves()
    figure = module.perturbation_curves(points, areas)
    assert len(figure.axes) == 2 * 3
    for axes in figure.axes:
        drawn = {to_hex(line.get_color()).upper(): line for line in axes.lines if len(line.get_xdata())}
        assert len(drawn) == len(synthetic.METHODS)
        bands = {to_hex(band.get_facecolor()[0]).upper(): band for band in axes.collections}
        for position, method in enumerate(synthetic.METHODS):
            line = drawn[METHODS[method].colour]
            assert list(line.get_xdata()) == [0, 0.25, 0.5, 0.75, 1]
            assert list(line.get_ydata()) == [position / 10] * 5
            assert (line.get_linestyle() == "--") == (method in synthetic.CONTROLS)
            band = bands[METHODS[method].colour].get_paths()[0].get_extents()
            assert (band.y0, band.y1) == pytest.approx((position / 10 - 0.05, position / 10 + 0.05))
    assert [axes.get_xlabel() for axes in figure.axes[::3]] == [
        "share of pixels\ndeleted\nn = 18 images",
        "share of pixels\ninserted\nn = 18 images",
    ]


def test_areas_stand_beside_their_panel_at_its_scale_in_the_order_of_the_legend(synthetic) -> None:
    points, areas = synthetic.curves(("road",))
    areas.loc[areas["method"] == "layercam", "mean"] = float("nan")
    figure = module.perturbation_curves(points, areas)
    methods = ordered_methods(synthetic.METHODS)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [METHODS[name].label for name in methods]
    [strip] = figure.axes[0].child_axes
    assert strip.get_ylim() == figure.axes[0].get_ylim() == (0, 1)
    values = {name: synthetic.METHODS.index(name) / 10 for name in methods if name != "layercam"}
    marks = {
        methods[int(line.get_xdata()[0])]: line.get_ydata()[0] for line in strip.lines if line.get_marker() != "None"
    }
    assert marks == values
    bars = {methods[int(line.get_xdata()[0])]: line.get_ydata() for line in strip.lines if line.get_marker() == "None"}
    for name, (low, high) in bars.items():
        assert (low, high) == pytest.approx((values[name] - 0.05, values[name] + 0.05))
    assert not any("nan" in text.get_text() for text in figure.axes[0].texts)


@pytest.mark.parametrize(
    ("curve", "said"), [("deletion", "mean colour"), ("insertion", "blurred"), ("road", "imputes")]
)
def test_the_caption_tells_of_the_curves_that_were_computed(synthetic, curve, said) -> None:
    text = module.caption(synthetic.curves((curve,))[1].assign(n=7))
    assert said in text
    assert sum(word in text for word in ("mean colour", "blurred", "imputes")) == 1
    assert "n = 7 images" in text
    assert "Bands are their 90% t intervals" in module.caption(synthetic.curves((curve,))[1], 0.1)
    assert "with its 90% interval" in module.caption(synthetic.curves((curve,))[1], 0.1)
