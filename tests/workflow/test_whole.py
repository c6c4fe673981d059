"""The whole chain: what it leaves, that it is reproducible, and that each stage's inputs are all declared."""

import json

from case_saliency import storage
from case_saliency.storage.tables import read_table


def test_everything_promised_is_there_and_says_what_was_run(finished):
    made = set(finished.results())
    assert "results/saliency/imagenet-sample/efficientnet_lite0/seed0/gradient/0-of-1.nc" in made
    assert {f"results/figures/imagenet-sample/agreement_heatmap.{e}" for e in ("pdf", "png", "svg")} <= made
    summary = read_table(finished.root / "results/tables/imagenet-sample/summary.csv")
    assert list(summary["method"]) == ["gradcam", "case", "random"]
    page = (finished.root / "results/report.html").read_text()
    assert "EfficientNet-Lite0" in page
    assert (finished.root / "results/workflow-report.html").stat().st_size > 100_000


def test_every_image_is_accounted_for(finished):
    tables = finished.root / "results/tables/imagenet-sample"
    attrition = read_table(tables / "attrition.csv")
    counts = attrition.groupby(["model", "method", "stage", "k_percent", "fill"])["n"].sum()
    assert set(counts) == {3}


def test_curves_and_fills_are_one_switch_away(project):
    project.set("fidelity", "fill", to=["mean", "road"])
    project.set("experiments", "imagenet-sample", "analyses", to=["curves"])
    project.set("curves", "kinds", to=["deletion", "insertion"])
    project.set("curves", "steps", to=3)
    project.snakemake()
    tables = project.root / "results/tables/imagenet-sample"
    points = read_table(tables / "curve_points.csv")
    assert set(points["test"]) == {"deletion", "insertion"}
    assert set(points["step"]) == {0, 1, 2, 3}
    assert set(read_table(tables / "curves.csv")["measure"]) == {"auc", "auc_normalised", "auc_other"}
    assert set(read_table(tables / "cross_deletion.csv")["fill"]) == {"mean", "road"}
    assert (project.root / "results/figures/imagenet-sample/perturbation_curves.pdf").exists()
    page = (project.root / "results/report.html").read_text()
    assert "Perturbation curves: areas and paired tests" in page


def test_every_output_has_a_record_whose_hashes_chain(finished):
    records = [json.loads(file.read_text()) for file in (finished.root / "results/provenance").rglob("*.json")]
    made = {entry["path"]: entry["sha256"] for record in records for entry in record["outputs"]}
    for record in records:
        assert record["status"] == "completed"
        for entry in [*record["inputs"], *record["outputs"]]:
            assert storage.sha256(finished.root / entry["path"]) == entry["sha256"]
            assert made[entry["path"]] == entry["sha256"]
    files = {name for name in finished.results() if not name.startswith("data/imagenet-sample/images/")}
    assert files <= set(made)


def test_what_a_stage_imports_at_run_time_is_among_its_inputs(finished):
    undeclared = finished.undeclared()
    assert set(undeclared) == {
        "fetch_dataset",
        "obtain_model",
        "select_images",
        "predict",
        "attribute",
        "score_agreement",
        "score_fidelity",
        "test_hypotheses",
        "test_class_specificity",
        "summarise",
        "collect_metrics",
        "decide_claims",
        "collect_claims",
        "side_by_side",
        "collect_side_by_side",
        "plot",
        "report",
    }
    assert not any(undeclared.values()), undeclared


def test_stages_that_compute_with_tables_alone_import_no_torch(finished):
    heavy = finished.heavy()
    computing = {"fetch_dataset", "obtain_model", "predict", "attribute", "score_fidelity", "plot", "report"}
    assert {stage for stage, packages in heavy.items() if "torch" in packages} <= computing
    assert {"select_images", "score_agreement", "test_hypotheses", "collect_metrics"} <= heavy.keys()
    assert "pandas" not in heavy["collect_metrics"]
