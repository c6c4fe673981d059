"""A second run does nothing; a change reruns what depends on it, and only that."""

import pytest

CLAIMS = {"decide_claims", "collect_claims"}
BESIDE = {"side_by_side", "collect_side_by_side"}
AFTER_SCORES = (
    {
        "test_hypotheses",
        "test_class_specificity",
        "summarise",
        "collect_metrics",
        "plot_agreement_heatmap",
        "plot_agreement_distributions",
        "plot_confidence_drops",
        "plot_critical_difference",
        "plot_cross_deletion",
        "plot_table",
        "report_page",
    }
    | CLAIMS
    | BESIDE
)
AGREEMENT = {"score_agreement", "plot_map_panels"} | AFTER_SCORES
SCORES = AGREEMENT | {"score_fidelity"}
MODULES = "src/case_saliency"


def test_a_second_run_does_nothing(finished):
    assert finished.pending() == set()


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (("diagnostic", "k_percent"), 10, AGREEMENT),
        (("diagnostic", "alpha"), 0.01, AFTER_SCORES),
        (("fidelity", "k_percent"), [10], {"score_fidelity"} | AFTER_SCORES),
        (("fidelity", "equivalence_margin"), 0.03, AFTER_SCORES),
        (("curves", "steps"), 4, {"report_page"}),
        (("curves", "kinds"), ["deletion"], {"report_page"}),
        (
            ("experiments", "imagenet-sample", "analyses"),
            ["curves"],
            {"score_curves", "test_curves", "plot_perturbation_curves", "report_page"} | CLAIMS,
        ),
        (("reliability", "shift"), 3, {"report_page"}),
        (("figures", "example_images"), 2, {"plot_map_panels", "report_page"}),
        (("methods", "case", "k"), 2, {"attribute"} | SCORES),
        (("methods", "case_k2"), {"method": "case", "k": 2}, {"report_page"}),
        (("seed",), 1, {"select_images", "predict", "attribute"} | SCORES),
        (("attribution", "precision"), "bfloat16", {"attribute"} | SCORES),
        (("compute", "batch_size"), 2, {"predict", "attribute"} | SCORES),
    ],
)
def test_a_changed_parameter_reruns_what_depends_on_it(project, path, value, expected):
    project.set(*path, to=value)
    assert project.pending() == expected


@pytest.mark.parametrize(
    ("module", "first", "absent"),
    [
        ("statistics/paired.py", {"test_hypotheses"}, {"score_agreement", "score_fidelity", "attribute"}),
        ("fidelity/perturb.py", {"score_fidelity"}, {"score_agreement", "attribute"}),
        ("report/page.py", {"report_page"}, {"summarise", "plot_map_panels", "plot_agreement_heatmap"}),
        ("report/templates/style.css", {"report_page"}, {"summarise", "plot_map_panels"}),
        ("models/efficientnet_lite.py", {"obtain_model", "predict", "attribute"}, {"fetch_dataset", "select_images"}),
        ("datasets/samples.py", {"fetch_dataset"}, {"obtain_model"}),
        ("storage/files.py", {"fetch_dataset", "obtain_model", "attribute", "report_page"}, set()),
        ("provenance/record.py", set(), {"attribute", "report_page"}),
    ],
)
def test_an_edited_module_reruns_the_stages_that_can_reach_it(project, module, first, absent):
    comment = "\n/* edited */\n" if module.endswith(".css") else "\n# edited\n"
    file = project.root / MODULES / module
    file.write_text(file.read_text() + comment)
    pending = project.pending()
    assert first <= pending
    assert not absent & pending


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        ("figures/agreement_heatmap.py", {"plot_agreement_heatmap", "report_page"}),
        ("attribution/case.py", {"attribute"} | SCORES),
    ],
)
def test_an_edited_figure_or_method_reruns_exactly_what_depends_on_it(project, module, expected):
    file = project.root / MODULES / module
    file.write_text(file.read_text() + "\n# edited\n")
    assert project.pending() == expected


def test_an_edited_method_reruns_its_own_family_only(project):
    file = project.root / MODULES / "attribution/controls.py"
    file.write_text(file.read_text() + "\n# edited\n")
    said = project.snakemake("--dry-run")
    assert "control family" in said
    assert "gradient family" not in said


def test_an_upgraded_package_reruns_what_computes_with_it(project):
    lock = (project.root / "requirements.lock").read_text()
    version = next(line for line in lock.splitlines() if line.startswith("seaborn=="))
    (project.root / "requirements.lock").write_text(lock.replace(version, "seaborn==99.0 \\"))
    plotting = project.pending()
    version = next(line for line in lock.splitlines() if line.startswith("torch=="))
    (project.root / "requirements.lock").write_text(lock.replace(version, "torch==99.0 \\"))
    computing = project.pending()
    assert "attribute" not in plotting
    assert {"predict", "attribute", "score_fidelity"} <= computing


@pytest.mark.parametrize(
    ("path", "rules"),
    [
        ("data/imagenet-sample/manifest.csv", {"fetch_dataset"}),
        ("results/scores/imagenet-sample/agreement/efficientnet_lite0/seed0.parquet", {"score_agreement"}),
        ("results/tables/imagenet-sample/summary.csv", {"summarise"}),
        ("results/figures/imagenet-sample/agreement_heatmap.svg", {"plot_agreement_heatmap"}),
        ("results/saliency/imagenet-sample/efficientnet_lite0/seed0/control/0-of-1.nc", {"attribute"}),
    ],
)
def test_a_deleted_output_is_made_again(project, path, rules):
    (project.root / path).unlink()
    assert rules <= project.pending()
