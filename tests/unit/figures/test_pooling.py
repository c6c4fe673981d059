import pytest

from case_saliency.figures import pooling as module
from case_saliency.figures.names import model_label, ordered_methods


@pytest.fixture
def table(synthetic):
    found = synthetic.seeds_table()
    found["ci_both_low"] -= 5
    found["ci_both_high"] += 7
    return found


def test_marks_and_both_bars_stand_at_the_tables_values(table) -> None:
    figure = module.pooling(table, threshold=40)
    methods = ordered_methods(table["method"])
    visible = [axes for axes in figure.axes if axes.get_visible()]
    models = list(dict.fromkeys(table["model"]))
    assert [axes.get_title() for axes in visible] == ["All networks", *map(model_label, models[1:])]
    for axes, model in zip(visible, models, strict=True):
        rows = table[(table["model"] == model) & (table["pooled_over"] != "images")].set_index("method")
        at = {
            width: {
                methods[int(line.get_ydata()[0])]: tuple(line.get_xdata()) for line in axes.lines if _is(line, width)
            }
            for width in (0.6, 2.2)
        }
        assert at[0.6] == {name: (row["ci_both_low"], row["ci_both_high"]) for name, row in rows.iterrows()}
        assert at[2.2] == {name: (row["ci_images_low"], row["ci_images_high"]) for name, row in rows.iterrows()}
        marks = {
            methods[int(line.get_ydata()[0])]: line.get_xdata()[0] for line in axes.lines if line.get_zorder() == 4
        }
        assert marks == rows["mean_agreement"].to_dict()
        assert [line.get_xdata()[0] for line in axes.lines if line.get_linewidth() == 0.8] == [40]
        unit = "networks" if model == "all" else "trainings"
        assert axes.get_xlabel() == f"mean agreement (%)\nn = 16 images, 3 {unit}"


def test_the_caption_says_that_bars_are_cut_where_some_are(table) -> None:
    cut = "A bar is cut where it leaves the axis."
    inside = table.assign(ci_both_low=0.0, ci_both_high=100.0, ci_images_low=0.0, ci_images_high=100.0)
    assert cut not in module.caption(inside)
    assert cut in module.caption(inside.assign(ci_both_high=104.0))
    assert cut in module.caption(inside.assign(ci_images_low=-4.0))


def _is(line, width) -> bool:
    return line.get_linewidth() == width and len(line.get_xdata()) == 2


def test_one_network_has_one_panel_and_no_outer_bar(synthetic) -> None:
    one = synthetic.pooled_table().assign(n_units=1, ci_both_low=float("nan"), ci_both_high=float("nan"))
    figure = module.pooling(one)
    [axes] = figure.axes
    assert axes.get_xlabel() == "mean agreement (%)\nn = 16 images, 1 network"


def test_a_table_without_pooled_rows_is_refused(table) -> None:
    with pytest.raises(ValueError, match="no rows over networks or seeds"):
        module.pooling(table[table["pooled_over"] == "images"])


def test_the_caption_takes_its_numbers_from_the_table(table) -> None:
    table.loc[table["pooled_over"] == "networks", "n"] = 9
    text = module.caption(table, alpha=0.1)
    assert "over the n = 9 to 16 images" in text
    assert "90% interval for other images" in text
    assert "(top 5% of pixels)" in text
