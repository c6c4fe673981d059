import pytest

from case_saliency.figures import seeds as module
from case_saliency.figures.names import model_label, ordered_methods


@pytest.fixture
def table(synthetic):
    return synthetic.seeds_table()


def _at(line):
    return round(line.get_ydata()[0])


def test_dots_marks_bars_and_counts_stand_at_the_tables_values(table) -> None:
    figure = module.seeds(table, threshold=40)
    methods = ordered_methods(table["method"])
    for axes, model in zip(figure.axes, table["model"].unique()[1:], strict=True):
        assert axes.get_title() == model_label(model)
        rows = table[table["model"] == model]
        pooled = rows[rows["pooled_over"] == "seeds"].set_index("method")
        dots = {name: [] for name in methods}
        for line in axes.lines:
            if line.get_markersize() == 2.6:
                dots[methods[_at(line)]].append(line.get_xdata()[0])
        of_seeds = rows[rows["pooled_over"] == "images"].groupby("method")["mean_agreement"].agg(list)
        assert dots == of_seeds.to_dict()
        marks = {methods[_at(line)]: line.get_xdata()[0] for line in axes.lines if line.get_markeredgewidth() == 0.6}
        assert marks == pooled["mean_agreement"].to_dict()
        bars = {methods[_at(line)]: tuple(line.get_xdata()) for line in axes.lines if line.get_linewidth() == 1.1}
        assert bars == {name: (row["ci_units_low"], row["ci_units_high"]) for name, row in pooled.iterrows()}
        assert [line.get_xdata()[0] for line in axes.lines if line.get_linewidth() == 0.8] == [40]


def test_the_margin_says_in_how_many_trainings_the_tests_reject(table) -> None:
    axes = module.seeds(table).axes[0]
    methods = ordered_methods(table["method"])
    texts = {(text.get_position()[0], text.get_position()[1]): text.get_text() for text in axes.texts}
    assert (texts[1.02, -0.75], texts[1.22, -0.75]) == ("paper", "Holm")
    pooled = table[table["pooled_over"] == "seeds"].drop_duplicates("method").set_index("method")
    for place, name in enumerate(methods):
        low, control = pooled.loc[name, "mean_agreement"] < 40, pooled.loc[name, "role"] == "control"
        assert texts[1.02, place] == ("3/3" if low else "0/3")
        assert texts[1.22, place] == ("–" if control else "2/3" if low else "0/3")


def test_trainings_without_an_image_are_not_counted(table) -> None:
    names = ["n_rejects_paper", "n_rejects_holm", "n_class_sensitive", "n_undecided", "n_insensitive"]
    seeds = table["pooled_over"] == "seeds"
    table.loc[seeds & (table["method"] == "gradcam"), names] = [1, 0, 1, 0, 0]
    table.loc[seeds & (table["method"] == "layercam"), names] = [0, 0, 0, 0, 0]
    axes = module.seeds(table).axes[0]
    methods = ordered_methods(table["method"])
    texts = {(text.get_position()[0], text.get_position()[1]): text.get_text() for text in axes.texts}
    assert [texts[x, methods.index("gradcam")] for x in (1.02, 1.22)] == ["1/1", "0/1"]
    assert [texts[x, methods.index("layercam")] for x in (1.02, 1.22)] == ["–", "–"]
    assert "of the trainings that have an image which counts (–: none has) the hypothesis" in module.caption(table)


def test_the_caption_says_so_only_where_some_have_none(table) -> None:
    assert "of the trainings the hypothesis" in module.caption(table)


@pytest.mark.parametrize(("n_models", "shape", "width"), [(1, (1, 1), 3.5), (2, (1, 2), 7.2), (4, (2, 3), 7.2)])
def test_networks_are_wrapped_into_lines(synthetic, n_models, shape, width) -> None:
    names = ("resnet_small", "vgg_small", "densenet_small", "convnext_small")[:n_models]
    figure = module.seeds(synthetic.seeds_table(names, 5))
    visible = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_title() for axes in visible] == [model_label(name) for name in names]
    assert visible[0].get_subplotspec().get_gridspec().get_geometry() == shape
    assert figure.get_figwidth() == width
    assert visible[0].get_xlabel() == "mean agreement (%)\nn = 16 images, 5 trainings"


def test_networks_with_one_training_have_no_panel(synthetic) -> None:
    with pytest.raises(ValueError, match="no rows"):
        module.seeds(synthetic.pooled_table())


def test_the_caption_takes_its_numbers_from_the_table(table, synthetic) -> None:
    text = module.caption(table, threshold=40, alpha=0.1)
    assert "top 5% of pixels) of each of 3 trainings" in text
    assert "over the n = 16 images" in text
    assert "90% t interval" in text
    assert "at least 40%" in text
    assert text.endswith("3 trainings could never reject (its least one-sided p is 0.125): the tests are over images.")
    table.loc[table["method"] == "case", "n"] = 12
    assert "n = 12 to 16 images" in module.caption(table)
    assert "never reject" not in module.caption(synthetic.seeds_table(n_seeds=5))
