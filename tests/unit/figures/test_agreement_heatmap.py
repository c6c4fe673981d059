import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Annotation, Text

from case_saliency.figures import agreement_heatmap as module
from case_saliency.figures.names import VERDICTS, ordered_methods


def test_cells_hold_the_tables_medians_and_verdicts(table) -> None:
    axes = module.agreement_heatmap(table).axes[0]
    methods, models = ordered_methods(table["method"]), list(table["model"].unique())
    expected = table.pivot_table(index="method", columns="model", values="median_agreement").loc[methods, models]
    np.testing.assert_array_equal(axes.images[0].get_array(), expected)
    written = {}
    for text in axes.texts:
        x, y = text.get_position()
        written.setdefault((x, round(y)), []).append(text.get_text())
    below = {(column, len(methods)): ["n = 18 images"] for column in range(len(models))}
    assert written == below | {
        (models.index(row.model), methods.index(row.method)): [
            f"{VERDICTS[row.verdict].symbol} {row.median_agreement:.0f}%",
            _interval(f"{row.ci_low:.0f}", f"{row.ci_high:.0f}"),
        ]
        for row in table.itertuples()
    }


def _interval(low, high) -> str:
    return f"[{low}]" if low == high else f"[{low}, {high}]"


def trained(table, seeds):
    return pd.concat([table.assign(seed=seed, n=18 + seed) for seed in range(seeds)], ignore_index=True)


def test_cells_of_many_trainings_hold_interval_and_n_too(table) -> None:
    many = trained(table, 5)
    many.loc[(many["seed"] == 0) & (many["method"] == "case"), "n"] = 4
    texts = [text.get_text() for text in module.agreement_heatmap(many).axes[0].texts]
    first = table.iloc[0]
    assert f"{first.ci_low:.0f}–{first.ci_high:.0f}" in texts
    assert f"{VERDICTS[first.verdict].symbol} {first.median_agreement:.0f}" in texts
    assert "n =\n4–\n18" in texts
    assert "n =\n19" in texts


@pytest.mark.parametrize("seeds", [1, 3, 4, 7, 12])
def test_text_is_large_enough_to_read_and_keeps_to_its_cell(table, seeds) -> None:
    many = trained(table, seeds).assign(median_agreement=100.0, ci_low=67.0, ci_high=100.0, verdict="insensitive")
    many.loc[many["method"] == "case", ["median_agreement", "verdict"]] = [np.nan, "undecided"]
    figure = module.agreement_heatmap(many)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    axes = figure.axes[0]
    assert min(text.get_fontsize() for text in figure.findobj(Text) if text.get_text()) >= 5.5
    written = [text for text in axes.texts if not isinstance(text, Annotation)]
    empty, columns = (many["method"] == "case").sum(), many.groupby(["model", "seed"]).ngroups
    assert len(written) == 2 * len(many) - empty + columns  # of each cell its bounds too, of each column n
    for text in written:
        box, column = text.get_window_extent(canvas.get_renderer()), text.get_position()[0]
        left, right = (axes.transData.transform((column + side, 0))[0] for side in (-0.5, 0.5))
        assert left < box.x0 < box.x1 < right


def test_each_model_is_named_once_above_its_trainings(table) -> None:
    figure = module.agreement_heatmap(trained(table, 5))
    axes = figure.axes[0]
    named = {text.get_text(): text.xy[0] for text in axes.texts if isinstance(text, Annotation)}
    assert named == {"EfficientNet-Lite0": 2, "EfficientNet-Lite1": 7, "EfficientNet-Lite2": 12}
    assert [label.get_text() for label in axes.get_xticklabels()] == [f"seed {seed}" for seed in range(5)] * 3
    FigureCanvasAgg(figure).draw()
    seeds = max(label.get_window_extent().y1 for label in axes.get_xticklabels())
    assert all(text.get_window_extent().y0 > seeds for text in axes.texts if isinstance(text, Annotation))


def test_models_with_no_room_for_their_name_have_it_on_every_column(table) -> None:
    one = table[table["model"] == table["model"].iloc[0]]
    many = pd.concat([one.assign(model=f"a_network_with_a_long_name_{number}") for number in range(9)])
    labels = module.agreement_heatmap(many).axes[0].get_xticklabels()
    assert [label.get_text() for label in labels] == sorted(many["model"].unique())
    assert {label.get_rotation() for label in labels} == {35}


def test_the_scale_is_fixed_and_marks_the_threshold(table) -> None:
    figure = module.agreement_heatmap(table, threshold=40)
    assert figure.axes[0].images[0].get_clim() == (0, 100)
    assert list(figure.axes[1].lines[0].get_ydata()) == [40, 40]


def test_below_many_columns_it_marks_it_too(table) -> None:
    scale = module.agreement_heatmap(trained(table, 5), threshold=40).axes[1]
    assert scale.get_xlabel() == "median agreement (%)"
    assert list(scale.lines[0].get_xdata()) == [40, 40]


def test_a_cell_without_a_value_says_so(table) -> None:
    table.loc[0, ["median_agreement", "verdict"]] = [np.nan, "undecided"]
    axes = module.agreement_heatmap(table).axes[0]
    assert "no value" in {text.get_text() for text in axes.texts}


@pytest.mark.parametrize("median", [0, 25, 49, 50, 51, 75, 100])
def test_text_contrasts_with_its_cell(median) -> None:
    luminance = module._luminance(median)
    ink = 0.0176  # of style.INK
    dark, light = (luminance + 0.05) / (ink + 0.05), 1.05 / (luminance + 0.05)
    chosen = dark if luminance > module._LIGHT else light
    assert chosen == max(dark, light)
    assert chosen > 3.8


def test_the_caption_takes_its_numbers_from_the_table(table) -> None:
    text = module.caption(table.assign(n=7, k_percent=2.5), threshold=45)
    assert "top 2.5% of pixels; n = 7 images" in text
    assert "against 45%" in text


def test_a_verdict_that_depends_on_the_policy_for_empty_maps_is_marked_without_colour(table) -> None:
    assert not module.agreement_heatmap(table).axes[0].patches
    assert "policy" not in module.caption(table)
    table = table.assign(verdict_if_insensitive=table["verdict"], verdict_if_sensitive=table["verdict"])
    table.loc[0, ["verdict", "verdict_if_insensitive", "verdict_if_sensitive"]] = ["class-sensitive", "undecided", "x"]
    figure = module.agreement_heatmap(table)
    axes = figure.axes[0]
    place = (
        list(table["model"].unique()).index(table.loc[0, "model"]),
        ordered_methods(table["method"]).index(table.loc[0, "method"]),
    )
    marked = [text.get_position() for text in axes.texts if text.get_text().startswith("⇅")]
    assert [(column, round(row)) for column, row in marked] == [place]
    [outline] = axes.patches
    assert tuple(outline.get_center()) == pytest.approx(place)
    assert outline.get_linestyle() == "--"
    assert "⇅  dependent on the policy for empty maps: another verdict" in figure.get_supxlabel()
    assert f"1 of {len(table)} verdicts, ⇅ in a dashed outline, depend on the policy" in module.caption(table)
