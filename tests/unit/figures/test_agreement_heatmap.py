import numpy as np
import pandas as pd
import pytest

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


def test_cells_of_many_trainings_hold_interval_and_n_too(table) -> None:
    many = pd.concat([table.assign(seed=seed, n=18 + seed) for seed in range(3)])
    many.loc[(many["seed"] == 0) & (many["method"] == "case"), "n"] = 4
    texts = [text.get_text() for text in module.agreement_heatmap(many).axes[0].texts]
    first = table.iloc[0]
    assert f"{first.ci_low:.0f}–{first.ci_high:.0f}" in texts
    assert "n =\n4–\n18" in texts
    assert "n =\n19" in texts


def test_the_scale_is_fixed_and_marks_the_threshold(table) -> None:
    figure = module.agreement_heatmap(table, threshold=40)
    assert figure.axes[0].images[0].get_clim() == (0, 100)
    assert list(figure.axes[1].lines[0].get_ydata()) == [40, 40]


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
