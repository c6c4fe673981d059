import pandas as pd
import pytest

from case_saliency.figures import randomisation as module
from case_saliency.figures.names import ordered_methods


@pytest.fixture
def table(synthetic):
    return synthetic.randomisation_table()


def test_lines_and_bars_stand_at_the_tables_values(table, synthetic) -> None:
    figure = module.randomisation(table)
    shown = table[table["measure"] == "rank_correlation"]
    methods = ordered_methods(table["method"])
    assert len(figure.axes) == len(synthetic.MODELS)
    for axes, model in zip(figure.axes, synthetic.MODELS, strict=True):
        lines = [line for line in axes.lines if line.get_marker() != "None" and len(line.get_xdata())]
        for method, (line, other), bars in zip(
            methods, zip(lines[::2], lines[1::2], strict=True), axes.collections, strict=True
        ):
            rows = shown[(shown["model"] == model) & (shown["method"] == method)].sort_values("step")
            assert line.get_ydata().tolist() == rows["mean"].tolist()
            assert [round(x) for x in line.get_xdata()] == rows["step"].tolist()
            assert list(other.get_ydata()) == rows["between_images"].iloc[:1].tolist()
            assert other.get_markerfacecolor() == "none"
            ends = [sorted(segment[:, 1]) for segment in bars.get_segments()]
            assert ends == rows[["ci_low", "ci_high"]].to_numpy().tolist()
        labels = [label.get_text() for label in axes.get_xticklabels()]
        assert labels == ["none", "28%", "99.7%", "all", "other\nimage"]


def test_panels_stand_three_in_a_row(table) -> None:
    one = table[table["model"] == table["model"].iloc[0]]
    assert len(module.randomisation(one).axes) == 1
    figure = module.randomisation(pd.concat([table, table.assign(seed=1)], ignore_index=True))
    assert [axes.get_visible() for axes in figure.axes] == [True] * 6
    figure = module.randomisation(pd.concat([table, one.assign(seed=1)], ignore_index=True))
    assert [axes.get_visible() for axes in figure.axes] == [True] * 4 + [False] * 2


def test_an_empty_table_is_refused(table) -> None:
    with pytest.raises(ValueError, match="no rows"):
        module.randomisation(table.iloc[:0])


def test_the_caption_takes_its_n_from_the_table(table) -> None:
    assert "n = 7 images" in module.caption(table.assign(n=7))
