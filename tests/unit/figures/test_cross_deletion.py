import pandas as pd
import pytest

from case_saliency.figures import cross_deletion as module
from case_saliency.figures.names import ordered_methods


@pytest.fixture
def table(synthetic):
    return synthetic.cross_deletion_table()


def test_marks_and_verdicts_stand_at_the_tables_values(table) -> None:
    figure = module.cross_deletion(table)
    methods = ordered_methods(table["method"])
    assert len(figure.axes) == 6
    for position, axes in enumerate(figure.axes):
        k, model = (5, 50)[position // 3], table["model"].unique()[position % 3]
        rows = table[(table["k_percent"] == k) & (table["model"] == model)].set_index("method")
        marks = {methods[int(line.get_ydata()[0])]: line.get_xdata()[0] for line in axes.lines if _marked(line)}
        assert marks == rows["interaction"].to_dict()
        bars = {methods[int(line.get_ydata()[0])]: tuple(line.get_xdata()) for line in axes.lines if _bar(line)}
        assert bars == {name: (row["ci_low"], row["ci_high"]) for name, row in rows.iterrows()}
        symbols = {methods[int(text.get_position()[1])]: text.get_text() for text in axes.texts}
        expected = {"class-specific": "●", "undecided": "◇", "not class-specific": "○"}
        assert symbols == rows["joint_verdict"].map(expected).to_dict()
        assert [line.get_xdata()[0] for line in axes.lines if line.get_linewidth() == 0.8] == [0]
        assert axes.get_xlabel() == f"top {k}% removed, fill: mean\nmean interaction (logits)\nn = 18 images"
    assert "●  class-specific" in figure.get_supxlabel()


def test_without_an_image_there_is_no_verdict(table) -> None:
    assert "no image" not in module.cross_deletion(table).get_supxlabel()
    table.loc[table["method"] == "gradcam", ["n", "joint_verdict"]] = [0, "undecided"]
    figure = module.cross_deletion(table)
    place = ordered_methods(table["method"]).index("gradcam")
    told = {text.get_text() for axes in figure.axes for text in axes.texts if text.get_position()[1] == place}
    assert told == {"–"}
    assert "–  no image" in figure.get_supxlabel()


def _marked(line) -> bool:
    return line.get_linestyle() == "None"


def _bar(line) -> bool:
    return line.get_linewidth() == 1.1


def test_an_empty_table_is_refused(table) -> None:
    with pytest.raises(ValueError, match="no rows"):
        module.cross_deletion(table.iloc[:0])


def test_the_caption_takes_its_numbers_from_the_table(table) -> None:
    text = module.caption(table.assign(n=7), alpha=0.1)
    assert "(top 5%, 50%; fill: mean)" in text
    assert "n = 7 images" in text
    assert "90% t intervals" in text


def test_other_fills_are_open_marks_and_change_nothing_else(table) -> None:
    other = table.assign(fill="blur", interaction=table["interaction"] + 0.01)
    both = pd.concat([table, other], ignore_index=True)
    plain, figure = module.cross_deletion(table), module.cross_deletion(both)
    methods = ordered_methods(table["method"])
    assert len(figure.axes) == len(plain.axes)
    for position, axes in enumerate(figure.axes):
        k, model = (5, 50)[position // 3], table["model"].unique()[position % 3]
        rows = other[(other["k_percent"] == k) & (other["model"] == model)]
        [marks] = [line for line in axes.lines if line.get_markersize() == 2.8]
        found = dict(zip((methods[int(place)] for place in marks.get_ydata()), marks.get_xdata(), strict=True))
        assert found == rows.set_index("method")["interaction"].to_dict()
        assert marks.get_markerfacecolor() == "white"
        [bars] = axes.collections
        ends = [tuple(segment[:, 0]) for segment in bars.get_segments()]
        assert ends == list(zip(rows["ci_low"], rows["ci_high"], strict=True))
        without = [line for line in axes.lines if line is not marks]
        expected = [line.get_xydata().tolist() for line in plain.axes[position].lines]
        assert [line.get_xydata().tolist() for line in without] == expected
        assert [text.get_text() for text in axes.texts] == [text.get_text() for text in plain.axes[position].texts]
        assert "fill: mean" in axes.get_xlabel()
    assert "△  fill: blur" in figure.get_supxlabel()
    assert "with the other fills (blur), exploratory." in module.caption(both)
    assert module.caption(both).startswith(module.caption(table))
