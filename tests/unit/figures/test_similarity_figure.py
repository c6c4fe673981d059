import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from case_saliency.figures import similarity as module
from case_saliency.figures.names import METHODS, ordered_methods

KS = (1.0, 5.0, 50.0)


def likeness(synthetic, seeds=(0,)) -> pd.DataFrame:
    """Every median is position + k (+ 0.5 at native resolution); Spearman is position / 10, SSIM 0.05 more."""
    rows = []
    cells = [(m, s, n, p) for m in synthetic.MODELS for s in seeds for p, n in enumerate(synthetic.METHODS)]
    for model, seed, method, position in cells:
        common = {
            "experiment": "e", "dataset": "d", "model": model, "seed": seed, "layer": "last_conv", "method": method,
            "n": 18, "role": "control" if method in synthetic.CONTROLS else "method",
        }  # fmt: skip
        for resolution, shift in (("input", 0), ("native", 0.5)):
            for k in KS:
                small = resolution == "native" and k == 1
                ends = {"ci_low": position + k - 2, "ci_high": position + k + 3}
                sweep = {"measure": "agreement", "resolution": resolution, "k_percent": k, "below_one_cell": small}
                rows.append(
                    {**common, **sweep, "median": position + k + shift, **ends, "chance_median": k, "chance": k + 3}
                )
        for measure, shift in (("spearman", 0), ("ssim", 0.05)):
            mean = position / 10 + shift
            whole = {"measure": measure, "resolution": "input", "k_percent": np.nan, "below_one_cell": False}
            interval = {"mean_ci_low": mean - 0.1, "mean_ci_high": mean + 0.1}
            rows.append({**common, **whole, "mean": mean, **interval, "chance": 8 * shift})
    return pd.DataFrame(rows)


def curves(axes):
    return [line for line in axes.lines if len(line.get_xdata()) == len(KS)]


def test_lines_are_the_medians_over_k_beside_chance(synthetic) -> None:
    figure = module.similarity(likeness(synthetic))
    assert len(figure.axes) == 9
    for row, shift in ((0, 0), (1, 0.5)):
        for axes in figure.axes[3 * row : 3 * row + 3]:
            drawn = {to_hex(line.get_color()).upper(): line for line in curves(axes)}
            for position, method in enumerate(synthetic.METHODS):
                line = drawn[METHODS[method].colour]
                assert list(line.get_ydata()) == [position + k + shift for k in KS]
                assert [round(place) for place in line.get_xdata()] == [0, 1, 2]
                assert (line.get_linestyle() == "--") == (method in synthetic.CONTROLS)
            bars = {segment[0, 0]: segment[:, 1].tolist() for one in axes.collections for segment in one.get_segments()}
            for position, method in enumerate(synthetic.METHODS):
                places = drawn[METHODS[method].colour].get_xdata()
                assert [bars[place] for place in places] == [[position + k - 2, position + k + 3] for k in KS]
            chance = [line for line in curves(axes) if to_hex(line.get_color()).upper() == "#1F2429"]
            assert [list(line.get_ydata()) for line in chance] == [list(KS)]
            assert [label.get_text() for label in axes.get_xticklabels()] == ["1", "5", "50"]
    open_markers = [line for line in figure.axes[3].lines if line.get_markerfacecolor() == "white"]
    assert sorted(line.get_ydata()[0] for line in open_markers) == [position + 1.5 for position in range(8)]
    assert not [line for line in figure.axes[0].lines if line.get_markerfacecolor() == "white"]


def test_marks_of_whole_maps_are_the_means(synthetic) -> None:
    axes = module.similarity(likeness(synthetic)).axes[6]
    methods = ordered_methods(synthetic.METHODS)
    for measure, place, shift in (("filled", -0.17, 0), ("white", 0.17, 0.05)):
        marks = {line.get_ydata()[0]: line for line in axes.lines if line.get_linestyle() == "None"}
        for position, method in enumerate(synthetic.METHODS):
            mark = marks[methods.index(method) + place]
            assert mark.get_xdata()[0] == pytest.approx(position / 10 + shift)
            assert (mark.get_markerfacecolor() == "white") == (measure == "white")
    chance = [line for line in axes.lines if len(line.get_xdata()) == 2 and np.ptp(line.get_xdata()) == 0]
    assert {line.get_xdata()[0] for line in chance} >= {0, 0.4}


def test_many_panels_are_wrapped(synthetic) -> None:
    figure = module.similarity(likeness(synthetic, seeds=(0, 1)))
    assert len(figure.axes) == 3 * 6
    assert figure.get_figwidth() == pytest.approx(7.2)
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert len(titles) == 6
    assert len(set(titles)) == 6


def test_an_empty_table_is_refused(synthetic) -> None:
    with pytest.raises(ValueError, match="no rows"):
        module.similarity(likeness(synthetic).iloc[:0])


def test_the_caption_takes_its_numbers_from_the_table(synthetic) -> None:
    text = module.caption(likeness(synthetic).assign(n=7), alpha=0.1)
    assert "(1, 5, 50%)" in text
    assert "k = 1% is less than one cell" in text
    assert "n = 7 images" in text
    assert "90% BCa intervals" in text
    assert "less than one cell" not in module.caption(likeness(synthetic).assign(below_one_cell=False))
