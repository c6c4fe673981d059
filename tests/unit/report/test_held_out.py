"""The fair control of CASE, both compared classes held out of the contrast sets, stands beside the headline."""

from dataclasses import replace

import pandas as pd

from case_saliency.report.answer import answer
from case_saliency.report.content import Settings


def with_held_out(experiment, medians, verdicts):
    """Add a held-out variant of the reference with these medians and verdicts, one for each network."""
    case = experiment.agreement[experiment.agreement["method"] == "case"]
    told = dict.fromkeys(("verdict", "verdict_if_insensitive", "verdict_if_sensitive"), verdicts)
    added = case.assign(method="case_heldout", median_agreement=medians, **told)
    return replace(experiment, agreement=pd.concat([experiment.agreement, added], ignore_index=True))


def test_the_headline_says_what_is_left_when_the_compared_classes_are_held_out(experiment) -> None:
    found = answer(with_held_out(experiment, [18.0, 38.1, 36.2], ["undecided", "undecided", "insensitive"]))
    expected = (
        "With the compared classes held out of its contrast sets, it is undecided on 2 of 3 networks, "
        "insensitive on 1 of 3 networks (18% to 38%)."
    )
    assert found.headline.endswith(expected)
    [circularity] = [line for line in found.limits if line.startswith("Circularity")]
    assert "with both compared classes held out, the median agreement is 18% to 38% instead of " in circularity


def test_without_the_control_the_page_says_that_it_is_missing(experiment) -> None:
    found = answer(experiment)
    assert "held out" not in found.headline
    [circularity] = [line for line in found.limits if line.startswith("Circularity")]
    assert circularity.endswith("list case_heldout among the methods to see how much.")


def test_the_page_says_that_the_networks_are_not_the_papers(experiment) -> None:
    [scope] = [line for line in answer(experiment).limits if line.startswith("Scope")]
    assert "None of the networks is one of the paper's four." in scope
    theirs = replace(experiment, agreement=experiment.agreement.assign(model="resnet50"))
    [scope] = [line for line in answer(theirs).limits if line.startswith("Scope")]
    assert "paper's four" not in scope


def with_circularity(experiment, models):
    """Add the analysis of circularity for these networks."""
    rows = [
        {"model": model, "seed": 0, "layer": "last_conv", "method": method, "strength": float("nan"),
         "membership": "all", "share_left": share}
        for model in models
        for method, share in (("gradcam", 0.0), ("case", 1.0), ("case_heldout", 0.4), ("case_matched", 0.1))
    ]  # fmt: skip
    return replace(experiment, analyses={"circularity": pd.DataFrame(rows)})


def test_what_circularity_measured_stands_below_the_headline(experiment) -> None:
    assert answer(experiment).built_in == ""
    models = experiment.agreement["model"].unique()
    told = answer(with_circularity(experiment, models))
    assert told.built_in.startswith("40% of its reduction of agreement against Grad-CAM is left when the compared")
    assert "networks" not in told.built_in
    assert told.limits[-1].endswith("says how much is left without.")
    assert answer(with_circularity(experiment, models[:1])).built_in.endswith("(measured on 1 of 3 networks).")


def test_circularity_is_pointed_to_where_sets_come_from_elsewhere(experiment) -> None:
    changed = replace(with_circularity(experiment, ["resnet50"]), settings=Settings(contrast_source="confusion"))
    assert "where one of the two compared classes is among them" in answer(changed).limits[-1]
    other = replace(changed, settings=Settings(contrast_source="confusion", reference="case_unpooled"))
    assert answer(other).built_in == ""
