"""The README says what the published tables say."""

import importlib.util
import re
from pathlib import Path

import pytest
import yaml

from case_saliency import __version__, storage

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PUBLISHED = ROOT / "docs/results/imagenet-sample"


def _load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


publish = _load(ROOT / "docs/publish.py")
SUMMARY, AGREEMENT, FIDELITY = (storage.read_table(PUBLISHED / f"{name}.csv") for name in publish.RENDERED)
DROPS = FIDELITY[FIDELITY["measure"] == "drop_relative_clipped"]


def verdicts(method):
    return set(AGREEMENT.loc[AGREEMENT["method"] == method, "verdict"])


def size(column, role):
    return AGREEMENT.loc[AGREEMENT["role"] == role, column].nunique()


HIRESCAM = AGREEMENT.set_index(["method", "model"]).loc[("hirescam", "efficientnet_lite2")]
RANDOM = DROPS[DROPS["method"] == "random"].set_index("k_percent")[["p_vs_case", "difference_to_case"]]
MEDIANS = AGREEMENT.pivot_table(index="model", columns="method", values="median_agreement")
JOINT = storage.read_table(PUBLISHED / "cross_deletion.csv")
LARGER = JOINT["k_percent"] == JOINT["k_percent"].max()
CLAIMS = {
    "seven methods and two controls on three networks (EfficientNet-Lite, ImageNet weights) and 20 photographs": (
        (size("method", "method"), size("method", "control"), size("model", "method")) == (7, 2, 3)
        and set(AGREEMENT["n_total"]) == {20}
    ),
    "CASE and CASE, unpooled are class-sensitive on all networks, and so is the random control": (
        verdicts("case") == verdicts("case_unpooled") == verdicts("random") == {"class-sensitive"}
    ),
    "It is undecided on all networks, with a larger median than CASE on each": (
        verdicts("case_heldout") == {"undecided"} and (MEDIANS["case_heldout"] > MEDIANS["case"]).all()
    ),
    "At the larger share of removed pixels CASE and CASE, unpooled are class-specific (class-sensitive and faithful to "
    "their own class) on all networks, and no control is anywhere": (
        set(JOINT.loc[LARGER & JOINT["method"].isin(["case", "case_unpooled"]), "joint_verdict"]) == {"class-specific"}
        and "class-specific" not in set(JOINT.loc[JOINT["role"] == "control", "joint_verdict"])
    ),
    "At the smaller share CASE is on one network": (
        (JOINT.loc[~LARGER & (JOINT["method"] == "case"), "joint_verdict"] == "class-specific").sum() == 1
    ),
    "Held out, CASE is faithful to its own class on all networks at the larger share": (
        set(JOINT.loc[LARGER & (JOINT["method"] == "case_heldout"), "faithful"]) == {"faithful"}
    ),
    "Grad-CAM is undecided on all networks": verdicts("gradcam") == {"undecided"},
    "HiResCAM on EfficientNet-Lite2 is rejected by the test and undecided by the interval": (
        HIRESCAM["rejects_paper"] and HIRESCAM["verdict"] == "undecided"
    ),
    "No method's confidence drop is shown to differ from CASE's after correction": (
        FIDELITY.loc[FIDELITY["role"] == "method", "p_holm"].min() >= 0.05
    ),
    "At the smaller share of removed pixels not even the random control's is, before any correction": (
        RANDOM.loc[min(RANDOM.index), "p_vs_case"].min() >= 0.05
    ),
    "at the larger share CASE's drop exceeds the random control's on all networks": (
        RANDOM.loc[max(RANDOM.index), "p_vs_case"].max() < 0.05
        and RANDOM.loc[max(RANDOM.index), "difference_to_case"].max() < 0
    ),
}


def results_section():
    section = README.split("## What it finds so far")[1].split("\n## ")[0]
    before, _, rest = section.partition(publish.BEGIN)
    return " ".join((before + rest.partition(publish.END)[2]).split())


def test_the_table_is_the_published_one():
    assert publish.replace(README, publish.published()) == README


@pytest.mark.parametrize("claim", CLAIMS)
def test_what_the_readme_says_of_the_results_is_true(claim):
    assert claim in results_section()
    assert CLAIMS[claim]


def test_the_readme_states_no_other_number():
    rest = results_section()
    for claim in CLAIMS:
        rest = rest.replace(claim, "")
    assert re.findall(r"(?<![A-Za-z])\d\S*", rest) == []


@pytest.mark.parametrize("name", ["summary", "agreement", "fidelity", "attrition"])
def test_the_published_tables_are_of_the_shipped_experiment(name):
    experiment = yaml.safe_load((ROOT / "params.yaml").read_text())["experiments"]["imagenet-sample"]
    table = storage.read_table(PUBLISHED / f"{name}.csv")
    assert list(dict.fromkeys(table["model"])) == experiment["models"]
    assert set(table["method"]) == set(experiment["methods"])


def test_a_table_is_rendered_as_people_read_it():
    [row] = SUMMARY[(SUMMARY["method"] == "sobel") & (SUMMARY["model"] == "efficientnet_lite0")].to_dict("records")
    row |= {"median_agreement": 12.34, "ci_low": 1.0, "ci_high": 49.96, "p_wilcoxon": 0.00002}
    row |= {"verdict": "class-sensitive", "mean_drop": 0.5, "drop_ci_low": -0.25, "drop_ci_high": 1.25}
    text = publish.render(SUMMARY.iloc[:0], AGREEMENT, FIDELITY)
    assert text.startswith("| method | network |")
    assert publish._row("sobel", "efficientnet_lite0", row) == (
        "| *Sobel edges* | EfficientNet-Lite0 | 12.3 [1.0, 50.0] | < .0001 | class-sensitive | 0.500 [-0.250, 1.250] |"
    )


def test_only_what_stands_between_the_markers_is_replaced():
    text = f"a\n{publish.BEGIN}\nold\n{publish.END}\nb\n"
    assert publish.replace(text, "new") == f"a\n{publish.BEGIN}\nnew\n{publish.END}\nb\n"


def test_the_citation_is_complete():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert {"cff-version", "message", "title", "authors", "type", "version", "license"} <= set(citation)
    assert citation["cff-version"] == "1.2.0"
    assert citation["version"] == __version__
    assert citation["license"] == "MIT"
    assert citation["authors"] == [{"name": "The case-saliency authors"}]
    [paper] = citation["references"]
    assert {"type", "title", "authors", "year", "identifiers"} <= set(paper)
    assert [author["family-names"] for author in paper["authors"]] == ["Williamson", "Ji", "Dwyer"]
    assert {"type": "other", "value": "arXiv:2506.07327", "description": "arXiv"} in paper["identifiers"]


def test_the_change_log_knows_this_version():
    assert f"## [{__version__}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
