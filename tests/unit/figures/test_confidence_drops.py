import pandas as pd
import pytest

from case_saliency.figures import confidence_drops as module
from case_saliency.figures.names import format_p, ordered_methods


@pytest.fixture
def drops(synthetic):
    return synthetic.fidelity_table()


def test_marks_stand_at_the_tables_values(drops) -> None:
    figure = module.confidence_drops(drops)
    methods = ordered_methods(drops["method"])
    assert len(figure.axes) == 6
    for position, axes in enumerate(figure.axes):
        k, model = (5, 50)[position // 3], drops["model"].unique()[position % 3]
        keep = (drops["k_percent"] == k) & (drops["model"] == model) & (drops["measure"] == "drop_relative_clipped")
        rows = drops[keep].set_index("method")
        means = {methods[int(line.get_ydata()[0])]: line.get_xdata()[0] for line in axes.lines if _marked(line)}
        assert means == rows["mean"].to_dict()
        bars = {methods[int(line.get_ydata()[0])]: tuple(line.get_xdata()) for line in axes.lines if _bar(line)}
        assert bars == {name: (row["ci_low"], row["ci_high"]) for name, row in rows.iterrows()}
        assert [line.get_xdata()[0] for line in axes.lines if line.get_linewidth() == 0.8] == [rows.loc["case", "mean"]]
        assert axes.get_xlabel() == f"top {k}% removed, fill: mean\nmax(c − c′, 0) / c, mean share\nn = 18 images"


def _marked(line) -> bool:
    return line.get_linestyle() == "None"


def _bar(line) -> bool:
    return line.get_linewidth() == 1.1


def test_p_values_stand_beside_every_method_but_the_reference(drops) -> None:
    drops["p_holm"] = range(len(drops))
    drops["p_holm"] /= len(drops)
    axes = module.confidence_drops(drops, reference="gradcam").axes[0]
    shown = drops[(drops["measure"] == "drop_relative_clipped") & (drops["k_percent"] == 5)]
    shown = shown[(shown["model"] == "efficientnet_lite0") & (shown["method"] != "gradcam")]
    methods = ordered_methods(drops["method"])
    expected = {methods.index(row.method): format_p(row.p_holm) for row in shown.itertuples()}
    assert {text.get_position()[1]: text.get_text() for text in axes.texts if text.get_text() != "Holm p"} == expected


def test_another_measure_shows_its_own_rows(drops) -> None:
    absolute = drops.assign(mean=drops["mean"] + (drops["measure"] == "drop_absolute"))
    axes = module.confidence_drops(absolute, measure="drop_absolute").axes[0]
    assert all(line.get_xdata()[0] > 1 for line in axes.lines if _marked(line))
    assert axes.get_xlabel().endswith("c − c′, mean probability\nn = 18 images")


def test_a_measure_without_rows_is_refused(drops) -> None:
    with pytest.raises(ValueError, match="no rows"):
        module.confidence_drops(drops[drops["measure"] == "drop_absolute"])


def test_the_caption_takes_its_numbers_from_the_table(drops) -> None:
    text = module.caption(drops.assign(n=7), reference="gradcam", alpha=0.1)
    assert "90% t intervals" in text
    assert "(top 5%, 50%; fill: mean)" in text
    assert "n = 7 images" in text
    assert "the mean of Grad-CAM" in text


def test_a_drop_of_logits_is_not_called_a_fraction(drops) -> None:
    logits = drops[drops["measure"] == "drop_absolute"].assign(measure="drop_logit")
    assert "\ny − y′, mean logits\n" in module.confidence_drops(logits, measure="drop_logit").axes[0].get_xlabel()
    text = module.caption(logits, measure="drop_logit")
    assert "y is the logit of the top-1 class" in text
    assert "the drop is y − y′. A larger" in text


def test_other_fills_are_open_marks_and_change_nothing_else(drops) -> None:
    other = drops.assign(fill="blur", mean=drops["mean"] + 0.01)
    both = pd.concat([drops, other], ignore_index=True)
    plain, figure = module.confidence_drops(drops), module.confidence_drops(both)
    methods = ordered_methods(drops["method"])
    assert len(figure.axes) == len(plain.axes)
    for position, axes in enumerate(figure.axes):
        k, model = (5, 50)[position // 3], drops["model"].unique()[position % 3]
        rows = other[
            (other["k_percent"] == k) & (other["model"] == model) & (other["measure"] == "drop_relative_clipped")
        ]
        [marks] = [line for line in axes.lines if line.get_markersize() == 2.8]
        found = dict(zip((methods[int(place)] for place in marks.get_ydata()), marks.get_xdata(), strict=True))
        assert found == rows.set_index("method")["mean"].to_dict()
        assert marks.get_markerfacecolor() == "white"
        without = [line for line in axes.lines if line is not marks]
        expected = [line.get_xydata().tolist() for line in plain.axes[position].lines]
        assert [line.get_xydata().tolist() for line in without] == expected
        assert [text.get_text() for text in axes.texts] == [text.get_text() for text in plain.axes[position].texts]
        assert "fill: mean" in axes.get_xlabel()
    assert "△  fill: blur" in figure.get_supxlabel()
    assert "with the other fills (blur), exploratory." in module.caption(both)
    assert module.caption(both).startswith(module.caption(drops))
