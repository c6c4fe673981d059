import html

from case_saliency.report.claims.view import ledger
from case_saliency.report.content import Background
from case_saliency.report.page import render

BACKGROUND = Background(parameters={}, environment={}, version="0")


def record(claim, verdict, scope="other", experiment="e"):
    return {
        "id": claim, "experiment": experiment, "verdict": verdict, "scope": scope, "ours": "p < .0001", "n": "18",
        "reason": "holds in 3 of 3 parts", "parts": [{"name": "a <part>", "state": "holds", "told": "p", "why": ""}],
        "also": [{"about": "held out", "verdict": "inconclusive", "ours": "p .12"}],
    }  # fmt: skip


def test_the_answer_is_that_of_all_experiments():
    found = ledger(
        [
            record("C1", "inconclusive"),
            record("C2", "reproduced"), record("C2", "inconclusive", experiment="f"),
            record("C3", "partly"), record("C3", "not reproduced", experiment="f"),
            record("C4", "not tested here", "none"), record("C4", "reproduced", experiment="f"),
        ]
    )  # fmt: skip
    assert found.answer == [
        ("reproduced", 1, "at DenseNet's conv2 nearly all methods pass (C4)"),
        ("not reproduced", 1, "CASE has the lowest agreement (C3)"),
        (
            "inconclusive",
            2,
            "common CAM methods fail the class-sensitivity test (C1); "
            "CASE passes the class-sensitivity test everywhere (C2)",
        ),
    ]
    assert ledger([]) is None


def test_on_whose_ground_is_said():
    assert ledger([record("C1", "partly")]).ground.startswith("No claim was tested on the networks and data that")
    told = ledger([record("C1", "partly"), record("C2", "reproduced", "own")]).ground
    assert told == "On the networks and data that they are about: C2; on others that stand for them: the rest."
    told = ledger([record("C1", "partly", experiment="digits")]).ground
    assert told.endswith("Exploratory, as seen before the rules were fixed: digits.")


def test_the_page_shows_verdicts_and_parts(experiment):
    page = render([experiment], BACKGROUND, [record("C2", "reproduced"), record("C2", "not reproduced", "own", "f")])
    assert '<td class="claim-reproduced"><span aria-hidden="true">✔</span> reproduced<abbr' in page
    assert '<td class="claim-not-reproduced"><span aria-hidden="true">✘</span> not reproduced</td>' in page
    assert "a &lt;part&gt;" in page
    assert "held out: inconclusive (p .12)." in html.unescape(page)
    assert 'id="claims"' not in render([experiment], BACKGROUND)


def test_the_page_begins_its_answer_with_the_count_of_verdicts(experiment):
    page = render([experiment], BACKGROUND, [record("C2", "reproduced"), record("C3", "not reproduced")])
    lead = "Of the paper's 2 claims, 1 is reproduced and 1 is not reproduced."
    assert html.unescape(page).index(f'<p class="lead">{lead}</p>') < page.index("CASE is class-sensitive on all 3")
