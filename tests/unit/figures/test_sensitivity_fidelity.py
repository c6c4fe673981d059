import numpy as np
import pandas as pd
import pytest

from case_saliency.figures import sensitivity_fidelity as module
from case_saliency.figures.names import method_style

ROWS = {  # method: (role, median agreement, mean drop)
    "case": ("method", 5.0, 0.3),
    "gradcam": ("method", 60.0, 0.25),
    "scorecam": ("method", float("nan"), float("nan")),
    "random": ("control", 8.0, 0.1),
    "sobel": ("control", 100.0, 0.05),
}


@pytest.fixture
def table():
    rows = [
        {
            "model": model, "layer": "last_conv", "seed": 0, "method": method, "role": role, "n": 18,
            "median_agreement": median, "ci_low": median - 4, "ci_high": median + 4, "mean_drop": drop,
            "drop_ci_low": drop - 0.02, "drop_ci_high": drop + 0.02,
        }
        for model in ("resnet50", "vgg19_bn")
        for method, (role, median, drop) in ROWS.items()
    ]  # fmt: skip
    return pd.DataFrame(rows)


def marks(axes):
    found = [line for line in axes.lines if line.get_marker() != "None"]
    return sorted((line.get_marker(), line.get_xdata()[0], line.get_ydata()[0]) for line in found)


def test_marks_stand_at_the_tables_values(table) -> None:
    figure = module.sensitivity_fidelity(table)
    assert [axes.get_title() for axes in figure.axes] == ["ResNet-50", "VGG-19-BN"]
    expected = [(method_style(name).marker, median, drop) for name, (_, median, drop) in ROWS.items() if drop == drop]
    for axes in figure.axes:
        assert [mark for mark in marks(axes) if mark[1] == mark[1]] == sorted(expected)
    [legend] = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [method_style(name).label for name in ROWS]


def test_the_best_corner_is_below_the_threshold_and_above_every_control(table) -> None:
    axes = module.sensitivity_fidelity(table, threshold=40).axes[0]
    [corner] = axes.patches
    left, bottom, width, _ = corner.get_extents().transformed(axes.transData.inverted()).bounds
    assert left + width == pytest.approx(40)
    assert bottom == pytest.approx(0.1)
    assert "best" in {text.get_text() for text in axes.texts}
    assert [line.get_xdata()[0] for line in axes.lines if line.get_linewidth() == 0.8] == [40]


def test_every_training_has_a_mark_and_both_bars(table) -> None:
    moved = ["mean_drop", "drop_ci_low", "drop_ci_high"]
    again = table.assign(seed=1, **{name: table[name] + 0.01 for name in moved})
    axes = module.sensitivity_fidelity(pd.concat([table, again])).axes[0]
    assert len([mark for mark in marks(axes) if mark[1] == mark[1]]) == 2 * (len(ROWS) - 1)
    bars = [line.get_xydata() for line in axes.lines if line.get_linewidth() == 0.4]
    upright = sorted(tuple(bar[:, 1]) for bar in bars if bar[0, 0] == bar[1, 0] and not np.isnan(bar).any())
    drops = [drop + step for _, _, drop in ROWS.values() for step in (0, 0.01) if drop == drop]
    np.testing.assert_allclose(upright, [(drop - 0.02, drop + 0.02) for drop in sorted(drops)])
    level = sorted(tuple(bar[:, 0]) for bar in bars if bar[0, 1] == bar[1, 1] and not np.isnan(bar).any())
    assert level == sorted((x - 4, x + 4) for _, x, _ in ROWS.values() if x == x for _ in range(2))
    assert "one mark for each training" in module.caption(pd.concat([table, again]))


def test_the_axis_holds_the_intervals_but_those_of_few_images(table) -> None:
    table.loc[table["method"] == "random", ["n", "drop_ci_low", "drop_ci_high"]] = [3, -4.0, 5.0]
    low, high = module.sensitivity_fidelity(table).axes[0].get_ylim()
    assert (low, high) == pytest.approx((0, 1.05 * 0.32))


def test_the_caption_takes_its_numbers_from_the_table(table) -> None:
    text = module.caption(table.assign(n=7), threshold=45)
    assert "n = 7 images" in text
    assert "45%, the null hypothesis" in text
