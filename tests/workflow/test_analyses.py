"""Every analysis through the real workflow, on one small network that is trained here."""

import html
import importlib

import numpy as np
import pytest

from case_saliency.analyses import ANALYSES
from case_saliency.cli.main import STAGES
from case_saliency.storage.tables import read_table

METHODS = {"case", "gradcam", "random", "sobel", "identical"}
VARIANTS = {"both_in", "heldout", "matched", "random_direction", "difference", "difference_heldout"}
NAMED = dict.fromkeys(["curves", *ANALYSES], METHODS) | {
    "layers": METHODS - {"sobel", "identical"},  # which know no layer
    "contrast": {f"case_{source}_k{k}" for source in ("confusion", "logits") for k in (1, 2)},
    "circularity": {"gradcam", "case"} | {f"case_{name}" for name in VARIANTS},
    "defects": {"case", "gradcam"},  # of the paper's set
    "activity": None,  # of layers, whatever explains them
}


def figure_of(analysis):
    return "perturbation_curves" if analysis == "curves" else analysis


def table_of(project, analysis):
    return read_table(project.root / f"results/tables/digits/{analysis}.csv")


def test_every_analysis_leaves_its_scores_table_and_figure_and_nothing_is_pending(analysed):
    made = set(analysed.results())
    for name in NAMED:
        promised = {f"results/figures/digits/{figure_of(name)}.{ending}" for ending in ("pdf", "png", "svg")}
        promised |= {f"results/scores/digits/{name}/vgg_small/seed0.parquet", f"results/tables/digits/{name}.csv"}
        assert promised <= made
    assert analysed.planned() == set()


@pytest.mark.parametrize("analysis", NAMED)
def test_a_table_names_the_methods_of_its_analysis(analysed, analysis):
    table = table_of(analysed, analysis)
    assert (set(table["method"]) if "method" in table else None) == NAMED[analysis]
    assert set(table["model"]) == {"vgg_small"}


@pytest.mark.parametrize("analysis", NAMED)
def test_the_report_shows_the_figure_with_its_caption_and_the_table(analysed, analysis):
    drawn = importlib.import_module(f"case_saliency.figures.{figure_of(analysis)}")
    page = html.unescape((analysed.root / "results/report.html").read_text())
    assert drawn.caption(table_of(analysed, analysis)) in page
    assert f"digits-{analysis}.csv" in page


def test_controls_have_their_known_values(analysed):
    agreement = table_of(analysed, "agreement").set_index("method")
    assert (agreement.loc["identical", ["median_agreement", "mean_agreement", "median_agreement_paper"]] == 100).all()
    assert agreement.loc["sobel", "median_agreement_paper"] == 100
    assert agreement.loc["identical", "role"] == "control"
    scores = analysed.root / "results/scores/digits/agreement/vgg_small/seed0.parquet"
    one_map = read_table(scores).query("method in ['identical', 'sobel'] and degenerate == ''")
    assert set(one_map["agreement_paper"]) == {100}
    assert set(one_map.loc[one_map["method"] == "identical", "agreement"]) == {100}
    likeness = table_of(analysed, "similarity").set_index(["method", "measure", "resolution"])["mean"]
    assert likeness["sobel", "spearman", "input"] == pytest.approx(1)
    index = table_of(analysed, "reliability").set_index(["method", "augmentation"])["reliability"]
    assert index["sobel", "all"] == 0
    shares = table_of(analysed, "localization").set_index("method")["mean_share"]
    assert shares["sobel"] == pytest.approx(0.25)
    alike = table_of(analysed, "randomisation").query("measure == 'rank_correlation'").set_index(["method", "step"])
    assert set(alike.loc[["random", "sobel"], "mean"]) == {1}


def test_fidelity_is_measured_with_every_fill_and_the_first_is_shown_first(analysed):
    for name in ("fidelity", "cross_deletion"):
        assert list(dict.fromkeys(table_of(analysed, name)["fill"])) == ["mean", "blur", "road"]
    variants = table_of(analysed, "circularity")["fill"].dropna()
    assert list(dict.fromkeys(variants)) == ["mean"]  # with the first, the primary one, alone
    summary = table_of(analysed, "summary").set_index("method")["mean_drop"]
    drops = table_of(analysed, "fidelity").query("measure == 'drop_relative_clipped'").set_index(["fill", "method"])
    assert summary.to_dict() == drops.loc["mean", "mean"].to_dict()


def test_layers_stand_from_the_input_to_the_output(analysed):
    for name in ("layers", "activity"):
        assert list(dict.fromkeys(table_of(analysed, name)["layer"])) == ["block1", "block2", "block3", "last_conv"]


def test_confusions_are_counted_on_the_held_out_images(analysed):
    folder = analysed.root / "results/confusion/digits/vgg_small"
    confusion = np.load(folder / "seed0.npy")
    manifest = read_table(analysed.root / "data/digits/manifest.csv")
    counts = manifest[manifest["split"] == "heldout"]["label"].value_counts().sort_index()
    assert confusion.sum(axis=1).tolist() == counts.tolist()
    assert np.diag(confusion).sum() > confusion.sum() / 2  # it was trained
    assert np.load(folder / "seed0-softmax.npy").sum(axis=1) == pytest.approx(np.ones(10))
    inside = table_of(analysed, "contrast").groupby("source")["other_in_set"].max()
    assert inside["logits"] == 1 > inside["confusion"]


def test_what_a_stage_imports_at_run_time_is_among_its_inputs(analysed):
    undeclared = analysed.undeclared()
    assert set(undeclared) == set(STAGES) - {"obtain_model"}
    assert not any(undeclared.values()), undeclared


def test_a_change_reruns_one_analysis_and_the_report(analysed, tmp_path):
    project = analysed.copy(tmp_path / "project")
    project.set("reliability", "shift", to=1)
    retested = {"test reliability of digits", "plot reliability of digits", "write the report"}
    assert project.planned() == {"score reliability of digits, vgg_small, seed 0"} | retested

    project.set("reliability", "shift", to=2)
    for name in ("reliability", "circularity"):
        file = project.root / f"src/case_saliency/statistics/{name}.py"
        code = file.read_text()
        file.write_text(f"{code}\n# edited\n")
        assert project.planned() == {f"test {name} of digits", f"plot {name} of digits", "write the report"}
        file.write_text(code)
    assert project.planned() == set()
