import importlib.util
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from case_saliency.report.claims import rules
from case_saliency.report.claims.deciding import DECIDE
from case_saliency.report.claims.ledger import CLAIMS, VERDICTS, decide
from case_saliency.report.claims.writing import markdown

spec = importlib.util.spec_from_file_location("rules_tests", Path(__file__).with_name("test_rules.py"))
rules_tests = importlib.util.module_from_spec(spec)
spec.loader.exec_module(rules_tests)


def records(**changed):
    return decide(replace(rules_tests.densenet(*["class-sensitive"] * 6, seeds=5), **changed))


def test_every_claim_has_a_rule_and_a_record():
    assert list(CLAIMS) == list(DECIDE) == [record["id"] for record in records()]
    assert {record["verdict"] for record in records()} <= set(VERDICTS)
    json.dumps(records(), allow_nan=False)


def test_a_figure_is_without_a_source_where_the_paper_has_none():
    told = {identifier: "the paper has" in claim.paper for identifier, claim in CLAIMS.items()}
    assert {identifier: claim.subject == "no source" for identifier, claim in CLAIMS.items()} == told
    for record in records():
        assert record["subject"] == CLAIMS[record["id"]].subject


def test_what_a_claim_about_others_says_of_case_is_found_among_its_parts():
    found = decide(rules_tests.at_norm5("class-sensitive", *["insensitive"] * 5, rises=rules_tests.RISING))
    [c5] = [record for record in found if record["id"] == "C5"]
    short, begin = CLAIMS["C5"].on_case
    assert [part["name"].startswith(begin) for part in c5["parts"]].count(True) == 1
    assert f"- ✔ **reproduced**: {short} (a part of C5)" in markdown(found)


def test_where_a_claim_was_not_made_the_record_says_so():
    scopes = {record["id"]: record["scope"] for record in records()}
    assert scopes["C6"] == "other"
    assert scopes["C7"] == "none"  # not tested
    cells = [
        rules_tests.cell("densenet201", name, "class-sensitive", seed, "conv2")
        for seed in range(5)
        for name in rules_tests.PAPERS_SET
    ]
    layers = {"main": {"densenet201": "conv2"}, "conv2": {"densenet201": "conv2"}, "norm5": {"densenet201": "norm5"}}
    own = decide(replace(rules_tests.of_cells(*cells), dataset="cifar100", **layers))
    assert {record["id"]: record["scope"] for record in own}["C6"] == "own"


def test_the_page_has_the_verdict_of_every_claim_and_experiment():
    page = markdown([*records(), *records(experiment="f")])
    assert "over the experiments e, f, each of which counts:" in page
    others = sum(record["verdict"] == "reproduced" and record["subject"] == "others" for record in records())
    group = page.split("5 claims about other methods and networks:")[1].split("2 figures without a source")[0]
    assert f"✔ **{others} reproduced**" in group
    assert "| C10 (no source in the paper): +28%" in page
    assert "| C6: C4 is stable across five training seeds. | ✔ reproduced\\* | ✔ reproduced\\* |" in page
    assert page.count("\n## ") == len(CLAIMS)
    for claim in CLAIMS.values():
        assert claim.rule in page


@pytest.mark.parametrize(
    "text",
    [
        f"at least {rules.FAILING} of the 5 baselines are insensitive",
        f"at least {rules.NEARLY_ALL} of 6 methods reject",
        f"at least {rules.MOST_BASELINES} of 5 baselines have an interval that does not begin below 50",
        f"an interval below {rules.SPARSE:g} at every threshold".replace("0.5", ".5"),
        f"+{rules.SENSITIVITY_GAIN:.0%} class sensitivity, +{rules.FIDELITY_GAIN:.0%} fidelity",
    ],
)
def test_the_numbers_of_the_rules_are_those_of_the_plan(text):
    assert text in (Path(__file__).parents[4] / "docs/analysis-plan.md").read_text()


def test_the_rules_are_one_page_and_nothing_else_decides():
    folder = Path(rules.__file__).parent
    assert len(Path(rules.__file__).read_text().splitlines()) <= 200
    for file in [*folder.glob("deciding/*.py"), folder / "parts.py", folder / "ledger.py"]:
        assert not re.search(r"\bstate\(|holds=|contradicted=", file.read_text()), file


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("C1", f"at least {rules.FAILING} of the {len(rules.BASELINES)} baselines"),
        ("C4", f"at least {rules.NEARLY_ALL} of {len(rules.PAPERS_SET)} methods"),
        ("C5", f"at least {rules.MOST_BASELINES} of {len(rules.BASELINES)} baselines"),
        ("C7", f"an interval below {rules.SPARSE:g}".replace("0.5", ".5")),
    ],
)
def test_the_words_of_a_rule_have_its_numbers(rule, text):
    assert text in CLAIMS[rule].rule


def test_the_plan_names_the_same_methods():
    plan = (Path(__file__).parents[4] / "docs/analysis-plan.md").read_text()
    papers, extended = (plan.split(mark)[1].split("\n- ")[0] for mark in ("The paper's set:", "The extended set adds"))
    assert set(re.findall(r"`(\w+)`", papers)) == set(rules_tests.PAPERS_SET)
    assert set(re.findall(r"`(\w+)`", extended)) == set(rules_tests.EXTENDED)


def test_small_p_values_are_written_as_statements():
    cases = [
        decide(rules_tests.at_norm5("class-sensitive", *["insensitive"] * 5, rises=rules_tests.RISING)),
        records(
            pairs=rules_tests.pd.DataFrame([rules_tests.pair("densenet_small", "gradcam")]),
            fidelity=rules_tests.pd.DataFrame([rules_tests.drop("densenet_small", "gradcam", noninferior=1e-6)]),
        ),
    ]
    told = json.dumps(cases)
    assert "p < .0001" in told
    assert not re.search(r"p = <|p [.\d]", told)


def test_c1_says_how_many_baselines_were_measured():
    cells = [rules_tests.cell("resnet_small", name, "insensitive") for name in rules.BASELINES[:3]]
    [c1] = [record for record in decide(rules_tests.of_cells(*cells)) if record["id"] == "C1"]
    assert c1["ours"].endswith("5 in the claim, by network: 3 of 3")
