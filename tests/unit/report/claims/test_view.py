import html

import pytest

from case_saliency.report.claims.view import PUBLISHED, ledger
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
    assert [(group.title, group.lines) for group in found.groups] == [
        (
            "2 claims about CASE itself",
            [
                ("not reproduced", "1", "CASE has the lowest agreement (C3)"),
                ("inconclusive", "1", "CASE passes the class-sensitivity test everywhere (C2)"),
            ],
        ),
        (
            "2 claims about other methods and networks",
            [
                ("reproduced", "1", "at DenseNet's conv2 nearly all methods pass (C4)"),
                ("inconclusive", "1", "common CAM methods fail the class-sensitivity test (C1)"),
            ],
        ),
    ]
    assert ledger([]) is None


def test_figures_without_a_source_are_not_counted_as_claims_of_the_paper():
    found = ledger([record("C9", "not reproduced"), record("C10", "partly"), record("C2", "reproduced")])
    assert found.lead == (
        "Of the paper's 1 claim about CASE itself, 1 is reproduced. "
        "Counted apart: of 2 figures without a source in the paper, 1 is partly reproduced and 1 is not reproduced."
    )


@pytest.mark.parametrize(
    ("states", "told"),
    [
        ([["holds", "holds"], ["holds"]], "reproduced"),
        ([["holds"], ["open"]], "inconclusive"),
        ([["contradicted"], ["open"]], "not reproduced"),
    ],
)
def test_what_a_claim_about_others_says_of_case_counts_every_experiment(states, told):
    about_case = [[{"name": "CASE rejects on a", "state": state} for state in found] for found in states]
    rise = {"name": "baselines rise on a", "state": "contradicted"}
    given = [
        {**record("C5", "not reproduced", experiment=name), "parts": [*parts, rise]}
        for name, parts in zip("ef", about_case, strict=True)
    ]
    found = ledger([record("C2", "reproduced"), *given])
    assert f"; that at DenseNet's norm5 CASE passes, a part of C5, is {told}." in found.lead
    assert found.groups[0].lines[-1] == (told, "", "at DenseNet's norm5 CASE passes (a part of C5)")
    assert found.groups[1].lines == [
        ("not reproduced", "1", "at DenseNet's norm5 CASE passes and most methods do not (C5)")
    ]


def test_published_experiments_that_this_answer_leaves_out_are_named(experiment):
    given = [record("C2", "reproduced", experiment=name) for name in PUBLISHED[:2]]
    assert "also counts fashion-mnist, which this one leaves out: its verdicts may differ" in ledger(given).published
    page = html.unescape(render([experiment], BACKGROUND, given))
    assert "also counts fashion-mnist" in page.split('id="claims"')[0]
    assert ledger([record("C2", "reproduced", experiment=name) for name in PUBLISHED]).published == ""


def test_the_answer_stands_before_the_words_that_it_uses(experiment):
    page = render([experiment], BACKGROUND, [record("C2", "reproduced")])
    assert page.count('class="definitions"') == 1
    assert page.index("<h1>") < page.index('class="lead"') < page.index('class="definitions"')
    alone = render([experiment], BACKGROUND)  # no claims: the words stand in the header
    assert alone.index("<h1>") < alone.index('class="definitions"') < alone.index("</header>")


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
    lead = "Of the paper's 2 claims about CASE itself, 1 is reproduced and 1 is not reproduced."
    assert html.unescape(page).index(f'<p class="lead">{lead}</p>') < page.index("CASE is class-sensitive on all 3")
