import itertools

import numpy as np
import pandas as pd
import pytest

from case_saliency.figures import circularity as module

VARIANTS = ["gradcam", "case", "case_both_in", "case_heldout", "case_matched", "case_random_direction"]
ORDER = ["case", "case_both_in", "case_heldout", "case_matched", "gradcam", "case_random_direction"]
STRENGTHS = [0.0, 0.5, 1.0]


def make(models):
    rng = np.random.default_rng(0)
    cells = [(name, np.nan) for name in VARIANTS]
    cells += list(itertools.product(("case_difference", "case_difference_heldout"), STRENGTHS))
    rows = []
    for model, (method, strength), k in itertools.product(models, cells, (5.0, 50.0)):
        median = float(rng.uniform(20, 80))
        rows.append(
            {
                "experiment": "e", "dataset": "d", "model": model, "seed": 0, "layer": "last_conv", "method": method,
                "strength": strength, "membership": "all", "k_percent": 5.0, "n": 18, "median_agreement": median,
                "ci_low": median - 15, "ci_high": median + 15, "share_left": 0.25 if method != "case" else np.nan,
                "share_ci_low": -0.1, "share_ci_high": 0.4,
                "k_removed": k, "role": "control" if method == "case_random_direction" else "method",
            }
        )  # fmt: skip
    other = {**rows[0], "membership": "both", "median_agreement": 99.0, "ci_low": 98.0, "ci_high": 99.5}
    return pd.DataFrame([*rows, other])


@pytest.fixture
def table():
    # Both settings of removed pixels repeat one agreement.
    found = make(["efficientnet_lite0", "efficientnet_lite1"])
    keys = ["model", "method", "strength", "membership"]
    repeated = ["median_agreement", "ci_low", "ci_high"]
    return found.assign(**found.groupby(keys, dropna=False)[repeated].transform("first"))


def test_variants_stand_at_the_tables_values(table) -> None:
    figure = module.circularity(table)
    for position, model in enumerate(["efficientnet_lite0", "efficientnet_lite1"]):
        axes = figure.axes[position]
        rows = table[(table["model"] == model) & table["strength"].isna() & (table["membership"] == "all")]
        rows = rows[rows["k_removed"] == 5].set_index("method")
        marks = {ORDER[int(line.get_ydata()[0])]: line.get_xdata()[0] for line in axes.lines if _marked(line)}
        assert marks == rows["median_agreement"].to_dict()
        bars = {ORDER[int(line.get_ydata()[0])]: tuple(line.get_xdata()) for line in axes.lines if _bar(line)}
        assert bars == {name: (row["ci_low"], row["ci_high"]) for name, row in rows.iterrows()}
        notes = {text.get_position()[1]: text.get_text() for text in axes.texts}
        assert notes == {-0.75: "share", **dict.fromkeys(range(1, 6), "25% [−10, 40]"), 0: "–"}
        assert [line.get_xdata()[0] for line in axes.lines if line.get_linewidth() == 0.8] == [
            rows.loc["case", "median_agreement"]
        ]
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    named = ["CASE", "CASE, both in", "CASE, held out", "CASE, matched", "Grad-CAM", "CASE, random direction"]
    assert labels == named
    assert figure.axes[0].get_yticklabels()[-1].get_fontstyle() == "italic"


def _marked(line) -> bool:
    return line.get_linestyle() == "None"


def _bar(line) -> bool:
    return line.get_linewidth() == 1.1


def test_sweeps_go_through_the_tables_values(table) -> None:
    axes = module.circularity(table).axes[2]
    rows = table[(table["model"] == "efficientnet_lite0") & (table["k_removed"] == 5)]
    for line, method in zip(axes.lines, ("case_difference", "case_difference_heldout"), strict=True):
        assert line.get_xdata().tolist() == STRENGTHS
        assert line.get_ydata().tolist() == rows.loc[rows["method"] == method, "median_agreement"].tolist()
    spans = [segment[:, 1].tolist() for bars in axes.collections for segment in bars.get_segments()]
    assert spans == rows.loc[rows["strength"].notna(), ["ci_low", "ci_high"]].to_numpy().tolist()


@pytest.mark.parametrize(("n", "shown", "columns"), [(1, 2, 1), (3, 6, 3), (7, 14, 3)])
def test_networks_wrap_into_rows(n, shown, columns) -> None:
    figure = module.circularity(make([f"net{i}" for i in range(n)]))
    assert sum(axes.axison for axes in figure.axes) == shown
    assert figure.axes[0].get_gridspec().ncols == columns
    assert figure.get_figwidth() <= 7.2


def test_an_empty_table_is_refused(table) -> None:
    with pytest.raises(ValueError, match="no rows"):
        module.circularity(table.iloc[:0])


def test_the_caption_takes_its_numbers_from_the_table(table) -> None:
    text = module.caption(table.assign(n=7), alpha=0.1)
    assert "of the top 5% of" in text
    assert "n = 7 images" in text
    assert "at least 90%" in text
    assert "between CASE and Grad-CAM, the map without contrast" in text
