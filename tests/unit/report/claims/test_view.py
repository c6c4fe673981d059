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


def test_a_sentence_names_the_claims_of_each_verdict():
    found = ledger([record("C1", "inconclusive"), record("C2", "reproduced"), record("C3", "inconclusive")])
    assert found.sentences == [
        (
            "e",
            "reproduced: CASE passes everywhere (C2); inconclusive: common CAM methods fail (C1), CASE has the lowest "
            "agreement (C3)",
        )
    ]
    assert ledger([]) is None


def test_the_page_shows_verdicts_and_parts(experiment):
    page = render([experiment], BACKGROUND, [record("C2", "reproduced"), record("C2", "not reproduced", "own", "f")])
    assert '<td class="claim-reproduced"><span aria-hidden="true">✔</span> reproduced<abbr' in page
    assert '<td class="claim-not-reproduced"><span aria-hidden="true">✘</span> not reproduced</td>' in page
    assert "a &lt;part&gt;" in page
    assert "held out: inconclusive (p .12)." in html.unescape(page)
    assert 'id="claims"' not in render([experiment], BACKGROUND)
