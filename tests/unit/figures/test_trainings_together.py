"""Figures with a panel for each cell keep to a page where a network has many trainings: these share a method's row."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.markers import CARETLEFT

from case_saliency.diagnostic.defects import ALL, DEFECTS, NONE
from case_saliency.figures import (
    agreement_distributions,
    confidence_drops,
    critical_difference,
    cross_deletion,
    defects,
    equivalence,
    perturbation_curves,
)
from case_saliency.figures.names import ordered_methods

SEEDS = 5
PAGE = 9.0  # inches: a printed page within its margins
FAMILIES = ("resnet_small", "vgg_small", "densenet_small", "convnext_small")
MANY = (
    *("case_unpooled", "case_heldout", "gradcam", "gradcam_plus_plus", "hirescam", "xgradcam", "layercam", "eigencam"),
    *("ablationcam", "scorecam", "finercam", "integrated_gradients", "random", "random_channels", "sobel"),
)


def trained(table):
    """The table of one seed, five times, each a little off."""
    numbers = ["mean", "interaction", "median_agreement", "mean_rank"]
    found = []
    for seed in range(SEEDS):
        moved = {name: table[name] + 0.01 * seed for name in numbers if name in table}
        found.append(table.assign(seed=seed, **moved))
    return pd.concat(found, ignore_index=True)


def marks(axes):
    """Marks of the trainings, by row from the top: (place, value)."""
    lines = [line for line in axes.lines if line.get_markersize() == 2.8 and line.get_marker() != "None"]
    return sorted((round(float(line.get_ydata()[0]), 9), float(line.get_xdata()[0])) for line in lines)


def expected(rows, column):
    methods = ordered_methods(rows["method"])
    step = 0.56 / SEEDS
    return sorted(
        (round(methods.index(row["method"]) + step * (row["seed"] - (SEEDS - 1) / 2), 9), row[column])
        for row in rows.to_dict("records")
    )


@pytest.fixture
def drops(synthetic):
    return trained(synthetic.fidelity_table())


def test_drops_of_all_trainings_stand_in_their_methods_row(drops) -> None:
    figure = confidence_drops.confidence_drops(drops)
    assert figure.get_figheight() < PAGE
    assert [axes.get_title() for axes in figure.axes[:3]] == [f"EfficientNet-Lite{number}" for number in range(3)]
    rows = drops[(drops["measure"] == "drop_relative_clipped") & (drops["k_percent"] == 5)]
    rows = rows[rows["model"] == "efficientnet_lite0"]
    assert marks(figure.axes[0]) == expected(rows, "mean")


def test_the_least_p_of_the_trainings_is_written(drops) -> None:
    drops["p_holm"] = 0.5
    drops.loc[(drops["method"] == "gradcam") & (drops["seed"] == 3), "p_holm"] = 0.0123
    axes = confidence_drops.confidence_drops(drops).axes[0]
    methods = ordered_methods(drops["method"])
    told = {int(text.get_position()[1]): text.get_text() for text in axes.texts}
    assert told[methods.index("gradcam")] == ".0123"
    assert told[methods.index("layercam")] == ".50"
    assert "the least p of them" in confidence_drops.caption(drops)


def test_an_interval_of_few_images_does_not_take_the_axis(drops) -> None:
    drops.loc[(drops["method"] == "layercam") & (drops["seed"] == 0), "ci_high"] = 1000.0
    shown = drops[(drops["measure"] == "drop_relative_clipped") & (drops["k_percent"] == 5)]
    low, high = confidence_drops.confidence_drops(drops).axes[0].get_xlim()
    assert low < shown["mean"].min()
    assert shown["mean"].max() < high < 2 * shown["mean"].max()


def test_joint_verdicts_are_counted_over_the_trainings(synthetic) -> None:
    table = trained(synthetic.cross_deletion_table()).assign(joint_verdict="class-specific")
    table.loc[table["seed"] > 2, "joint_verdict"] = "undecided"
    figure = cross_deletion.cross_deletion(table)
    assert figure.get_figheight() < PAGE
    rows = table[(table["k_percent"] == 5) & (table["model"] == "efficientnet_lite0")]
    assert marks(figure.axes[0]) == expected(rows, "interaction")
    assert {text.get_text() for text in figure.axes[0].texts} == {"●3 ◇2"}
    assert "how many of them get which verdict" in cross_deletion.caption(table)


def test_images_of_all_trainings_lie_below_the_medians(scores, table) -> None:
    sensitive = dict.fromkeys(("verdict", "verdict_if_insensitive", "verdict_if_sensitive"), "class-sensitive")
    many, summary = trained(scores), trained(table).assign(**sensitive)
    figure = agreement_distributions.agreement_distributions(many, summary)
    assert len(figure.axes) == 3
    axes = figure.axes[0]
    rows = summary[summary["model"] == "efficientnet_lite0"]
    assert marks(axes) == expected(rows, "median_agreement")
    dots = [line for line in axes.lines if line.get_markersize() == 1.5]
    kept = many[(many["model"] == "efficientnet_lite0") & many["qualified"]].dropna(subset="agreement")
    assert sum(len(line.get_xdata()) for line in dots) == len(kept)
    assert all(line.get_rasterized() for line in dots)
    assert {text.get_text() for text in axes.texts} == {"trainings", "▼5"}


def test_ranks_of_trainings_have_rows_and_one_bar(synthetic) -> None:
    ranks = trained(synthetic.ranks_table())
    figure = critical_difference.critical_difference(ranks)
    assert figure.get_figheight() < PAGE
    axes = figure.axes[0]
    assert marks(axes) == expected(ranks[ranks["model"] == "efficientnet_lite0"], "mean_rank")
    rows = ranks[ranks["model"] == "efficientnet_lite0"]
    drawn = [line for line in axes.lines if line.get_linewidth() == 0.7]
    assert sorted(line.get_xdata()[1] - line.get_xdata()[0] for line in drawn) == pytest.approx([1.777] * len(rows))
    assert sorted(np.mean(line.get_xdata()) for line in drawn) == pytest.approx(sorted(rows["mean_rank"]))
    [bar] = [line for line in axes.lines if line.get_marker() == "|"]
    assert list(bar.get_xdata()) == [1, 1 + ranks["critical_difference"].max()]
    assert "seed 0 uppermost" in critical_difference.caption(ranks)


def test_the_interval_of_a_method_that_is_always_last_is_not_cut(synthetic) -> None:
    ranks = trained(synthetic.ranks_table())
    ranks.loc[ranks["method"] == "layercam", "mean_rank"] = float(ranks["n_methods"].max())
    ranks.loc[ranks["method"] == "case", "mean_rank"] = 1.0
    for axes in critical_difference.critical_difference(ranks).axes:
        low, high = axes.get_xlim()
        drawn = [line.get_xdata() for line in axes.lines if line.get_linewidth() == 0.7]
        assert low < min(ends[0] for ends in drawn)
        assert max(ends[1] for ends in drawn) < high


def test_ranks_without_a_complete_image_say_so(synthetic) -> None:
    ranks = trained(synthetic.ranks_table()).assign(mean_rank=float("nan"), critical_difference=float("nan"), n=0)
    texts = [text.get_text() for text in critical_difference.critical_difference(ranks).axes[0].texts]
    assert texts == ["no image has a value\nfor every method"]


def of_families(table):
    """The rows of one network, for each of the four families."""
    one = table[table["model"] == table["model"].iloc[0]]
    return pd.concat([one.assign(model=name) for name in FAMILIES], ignore_index=True)


def equivalences(**changed):
    cell = {
        "layer": "last_conv", "fill": "mean", "test": "confidence_drop", "measure": "drop_relative_clipped",
        "n_pairs": 400, "difference_to_case": 0.03, "p_tost": 0.5, "equivalent": False, "least_margin": 0.04,
        "role": "method",
    }  # fmt: skip
    keys = [(model, seed, k, name) for model in FAMILIES for seed in range(SEEDS) for k in (5.0, 50.0) for name in MANY]
    columns = ("model", "seed", "k_percent", "method")
    return pd.DataFrame([cell | dict(zip(columns, key, strict=True)) | changed for key in keys])


def test_equivalence_of_many_trainings_fits_a_page_four_networks_side_by_side() -> None:
    figure = equivalence.equivalence(equivalences())
    assert figure.get_figheight() < PAGE
    assert [axes.get_subplotspec().rowspan.start for axes in figure.axes] == [0] * 4 + [1] * 4


def test_a_mean_of_few_images_stands_as_an_arrow_at_the_edge_and_takes_no_axis() -> None:
    table = equivalences()
    few = (table["method"] == "scorecam") & (table["seed"] == 1) & (table["k_percent"] == 5)
    table.loc[few, ["n_pairs", "difference_to_case", "least_margin"]] = [2, -0.9, 3.0]
    axes = equivalence.equivalence(table).axes[0]
    low, high = axes.get_xlim()
    assert -0.1 < low < high < 0.1
    arrows = [line for line in axes.lines if line.get_marker() == CARETLEFT]
    assert [line.get_xdata()[0] for line in arrows] == [low]
    assert "An arrow at an edge" in equivalence.caption(table)
    assert "An arrow" not in equivalence.caption(equivalences())


def test_curves_of_many_trainings_fit_a_page_and_share_their_panels(synthetic) -> None:
    points, areas = (of_families(table) for table in synthetic.curves(("deletion", "insertion", "road")))
    trainings = [pd.concat([table.assign(seed=seed) for seed in range(SEEDS)]) for table in (points, areas)]
    figure = perturbation_curves.perturbation_curves(*trainings)
    assert figure.get_figheight() < PAGE
    assert len(figure.axes) == 3 * len(FAMILIES)
    drawn = [line for line in figure.axes[1].lines if len(line.get_xdata())]
    assert len(drawn) == SEEDS * len(synthetic.METHODS)
    assert "a line for each training" in perturbation_curves.caption(trainings[1])


def test_defects_of_four_networks_fit_a_page() -> None:
    cell = {"seed": 0, "layer": "late", "k_percent": 5.0, "n": 18, "value": 1.0, "significant": True,
            "ci_low": 0.5, "ci_high": 1.5}  # fmt: skip
    keys = [(model, name, what, method) for model in FAMILIES for name in (NONE, *DEFECTS, ALL)
            for what in ("agreement", "drop") for method in ("case", *MANY[2:7])]  # fmt: skip
    columns = ("model", "defect", "outcome", "method")
    table = pd.DataFrame([cell | dict(zip(columns, key, strict=True)) for key in keys])
    assert defects.defects(table).get_figheight() < PAGE
