from dataclasses import replace

import pandas as pd
import pytest

from case_saliency.report.answer import answer
from case_saliency.report.content import Settings


def verdicts_of(experiment, method, verdicts, medians=(10.0, 20.0, 30.0)):
    agreement = experiment.agreement.copy()
    rows = agreement["method"] == method
    for verdict in ("verdict", "verdict_if_insensitive", "verdict_if_sensitive"):
        agreement.loc[rows, verdict] = list(verdicts)
    agreement.loc[rows, "median_agreement"] = list(medians)
    return replace(experiment, agreement=agreement)


def test_the_headline_says_that_the_method_is_class_sensitive(experiment) -> None:
    found = answer(verdicts_of(experiment, "case", ["class-sensitive"] * 3)).headline
    assert found == (
        "CASE is class-sensitive on all 3 networks: the maps for the two likeliest classes share a median of "
        "10% to 30% of their most salient pixels, below 50%."
    )


def test_the_headline_says_that_the_method_fails(experiment) -> None:
    found = answer(verdicts_of(experiment, "case", ["insensitive"] * 3, [60, 60.2, 60.4])).headline
    assert found.startswith("CASE fails the class-sensitivity diagnostic on all 3 networks: ")
    assert found.endswith("a median of 60% of their most salient pixels, above 50%.")


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        (["undecided"] * 3, "undecided on all 3 networks:"),
        (
            ["class-sensitive", "undecided", "insensitive"],
            "class-sensitive on 1 of 3 networks, undecided on 1 of 3 networks, insensitive on 1 of 3 networks:",
        ),
        (
            ["class-sensitive", "class-sensitive", "undecided"],
            "class-sensitive on 2 of 3 networks, undecided on 1 of 3",
        ),
    ],
)
def test_the_headline_does_not_hide_a_mixed_result(experiment, verdicts, expected) -> None:
    found = answer(verdicts_of(experiment, "case", verdicts)).headline
    assert found.startswith(f"CASE gives no uniform answer, {expected}")


def test_the_headline_with_one_and_with_two_networks(experiment) -> None:
    for count, words in ((1, "the one network"), (2, "both networks")):
        models = experiment.agreement["model"].unique()[:count]
        fewer = replace(experiment, agreement=experiment.agreement[experiment.agreement["model"].isin(models)])
        assert answer(fewer).headline.startswith(f"CASE is class-sensitive on {words}: ")


def test_trainings_are_not_called_networks(experiment) -> None:
    twice = pd.concat([experiment.agreement, experiment.agreement.assign(seed=1)])
    found = answer(replace(experiment, agreement=twice)).headline
    assert found.startswith("CASE is class-sensitive on all 6 trainings (3 networks, 2 trainings each): ")


def _with(fidelity, column, **values):
    """Return the table with other values in a column: method -> those on the three networks."""
    fidelity, models = fidelity.copy(), list(dict.fromkeys(fidelity["model"]))
    for method, told in values.items():
        rows = fidelity["method"] == method
        fidelity.loc[rows, column] = fidelity.loc[rows, "model"].map(dict(zip(models, told, strict=True)))
    return fidelity


def _drops(experiment, **means):
    return answer(replace(experiment, fidelity=_with(experiment.fidelity, "mean", **means))).faithful


def test_the_front_says_where_a_control_costs_as_much_as_case(experiment) -> None:
    controls = {name: [0.1, 0.3, 0.2] for name in ("random", "sobel")}
    told = _drops(experiment, case=[0.2, 0.2, 0.2], **controls)
    assert "0.20 of its probability with CASE" in told
    assert "and 0.10 to 0.30 with the controls." in told
    assert "In 15 paired comparisons with CASE no difference is shown (two-sided tests, Holm-corrected; those" in told
    assert "of C8 are one-sided and may find more)." in told
    assert (
        " On EfficientNet-Lite1 and EfficientNet-Lite2 a control costs as much as CASE or more: there CASE is outside "
        "the best corner" in told
    )
    above = _drops(experiment, case=[0.4, 0.4, 0.4], **controls)
    assert " CASE costs more than every control on all 3 networks. Without 50%" in above
    assert "corner" not in above


def test_the_front_counts_differences_and_larger_shares_of_pixels(experiment) -> None:
    given = experiment.fidelity[experiment.fidelity["k_percent"] == 5]
    fidelity = _with(_with(given, "p_holm", gradcam=[0.001] * 3), "difference_to_case", gradcam=[0.1, -0.1, -0.1])
    fidelity.loc[fidelity["role"] == "control", "mean"] = 0.0
    larger = _with(fidelity.assign(k_percent=50.0), "mean", sobel=[0.9, 0.0, 0.0])
    told = answer(replace(experiment, fidelity=pd.concat([fidelity, larger]))).faithful
    assert "another method's drop is larger in 1 and smaller in 2 of 15; no difference is shown in the rest (" in told
    assert told.endswith(" Without 50% a control costs as much on 1 of 3 networks.")
    without = fidelity[fidelity["method"] != "case"]
    assert answer(replace(experiment, fidelity=without)).faithful == ""
    methods = fidelity[fidelity["role"] == "method"]
    assert "control" not in answer(replace(experiment, fidelity=methods)).faithful


def test_a_reference_that_was_not_measured_is_said_so(experiment) -> None:
    without = experiment.agreement[experiment.agreement["method"] != "case"]
    assert answer(replace(experiment, agreement=without)).headline == "CASE was not measured in this experiment."


def test_every_method_is_named_once_with_its_verdict(experiment) -> None:
    agreement = experiment.agreement.assign(verdict="undecided", median_agreement=50.0, p_wilcoxon_paper=0.0)
    agreement["median_agreement_paper"] = [51.5, *[50.0] * 23]
    agreement["p_wilcoxon"] = [0.5, 0.5, *[0.001] * 22]
    changed = replace(experiment, agreement=agreement)
    changed = verdicts_of(changed, "gradcam", ["class-sensitive", "class-sensitive", "undecided"], [41, 44, 49])
    changed = verdicts_of(changed, "layercam", ["insensitive"] * 3, [62, 63, 65])
    assert answer(changed).sensitivity == [
        "Class-sensitive on 2 of 3 networks, undecided on 1 of 3 networks: Grad-CAM (41% to 49%).",
        "Undecided on all 3 networks: CASE (50%); CASE, unpooled (50%); Grad-CAM++ (50%); HiResCAM (50%).",
        "Insensitive on all 3 networks: LayerCAM (62% to 65%).",
        "For scale, the controls: Random (50%); Sobel edges (50%).",
        "Equal values are resolved by the exact expectation over random orders. In the published code's order a median "
        "moves by up to 15.0 points, and the paper's test decides otherwise in 2 of 24 cells.",
    ]


def test_a_control_with_low_agreement_is_a_warning(experiment) -> None:
    changed = verdicts_of(experiment, "random", ["class-sensitive"] * 3, [2, 6, 6])
    assert answer(verdicts_of(changed, "sobel", ["insensitive"] * 3, [100] * 3)).sensitivity[-2] == (
        "For scale, the controls: Random (2% to 6%); Sobel edges (100%). Random counts as class-sensitive too: "
        "low agreement alone does not make an explanation right."
    )
    without = experiment.agreement[experiment.agreement["role"] == "method"]
    assert "control" not in answer(replace(experiment, agreement=without)).sensitivity[-1]


def test_no_difference_in_fidelity_is_not_called_equality(experiment) -> None:
    found = answer(experiment)
    assert len(found.fidelity) == 2
    assert "Of 15 paired comparisons of other methods with CASE, none shows a difference" in found.fidelity[0]
    assert "does not show that two methods are equally faithful" in found.limits[1]
    assert " 0 of them show equivalence within 0.02." in found.fidelity[0]
    equal = experiment.fidelity.assign(equivalent=experiment.fidelity["method"] == "gradcam")
    assert " 3 of them show equivalence within 0.02." in answer(replace(experiment, fidelity=equal)).fidelity[0]


def test_the_images_that_the_stated_power_takes_are_told(experiment) -> None:
    assert "80% takes 28 images" in answer(experiment).limits[1]


def test_what_the_other_policies_change_is_told_where_maps_are_degenerate(experiment) -> None:
    assert "To count these" not in answer(experiment).limits[0]
    degenerate = experiment.agreement.assign(n_degenerate=1)
    assert (
        answer(replace(experiment, agreement=degenerate))
        .limits[0]
        .endswith("To count these as full agreement, or as none, changes no verdict.")
    )
    here = degenerate["method"].isin(["hirescam", "case"]) & (degenerate["model"] == "efficientnet_lite0")
    degenerate.loc[here, "verdict_if_insensitive"] = "undecided"
    assert (
        answer(replace(experiment, agreement=degenerate))
        .limits[0]
        .endswith("changes the verdict in 2 of 24 rows (CASE, HiResCAM).")
    )


def test_a_difference_in_fidelity_is_told_with_its_direction(experiment) -> None:
    fidelity = experiment.fidelity.copy()
    here = (fidelity["k_percent"] == 5) & (fidelity["measure"] == "drop_relative_clipped")
    here &= fidelity["model"] == "efficientnet_lite1"
    fidelity.loc[here & (fidelity["method"] == "layercam"), ["p_holm", "difference_to_case"]] = [0.003, 0.1]
    fidelity.loc[here & (fidelity["method"] == "gradcam"), ["p_holm", "difference_to_case"]] = [0.00001, -0.1]
    five, fifty = answer(replace(experiment, fidelity=fidelity)).fidelity
    assert (
        "2 differ: Grad-CAM smaller than CASE on EfficientNet-Lite1 (p < .0001); "
        "LayerCAM larger than CASE on EfficientNet-Lite1 (p = .0030) (two-sided tests, Holm-corrected at 0.05)." in five
    )
    assert "none shows a difference" in fifty


def test_the_means_of_the_reference_and_of_the_controls_are_told(experiment) -> None:
    fidelity = experiment.fidelity.copy()
    fidelity["mean"] = 0.5
    fidelity.loc[fidelity["method"] == "case", "mean"] = [0.1] * 9 + [0.9] * 9
    fidelity.loc[fidelity["role"] == "control", "mean"] = 0.02
    first = answer(replace(experiment, fidelity=fidelity)).fidelity[0]
    assert first.startswith(
        "Removing the top 5% of pixels (fill: mean) costs the predicted class a mean share of 0.10 to 0.90 of its "
        "probability with CASE, and 0.02 with the controls."
    )


def test_other_fills_are_told_apart_from_the_primary_one(experiment, synthetic) -> None:
    mean = experiment.fidelity.assign(p_holm=0.5)
    mean.loc[mean["method"] == "case", ["mean", "p_holm"]] = [0.25, float("nan")]
    mean.loc[mean["role"] == "control", "mean"] = 0.02
    blur = mean.assign(fill="blur", p_holm=0.001)
    blur.loc[blur["method"] == "case", "mean"] = 0.75
    cross = synthetic.cross_deletion_table().assign(joint_verdict="undecided")
    changed = cross.assign(fill="blur")
    changed.loc[(changed["k_percent"] == 5) & (changed["method"] == "case"), "joint_verdict"] = "class-specific"
    told = answer(replace(experiment, fidelity=pd.concat([mean, blur]), cross_deletion=pd.concat([cross, changed])))
    alone = answer(replace(experiment, fidelity=mean, cross_deletion=cross)).fidelity
    assert len(told.fidelity) == len(alone) == 4
    assert all(sentence.startswith(first) for sentence, first in zip(told.fidelity, alone, strict=True))
    assert " With other fills, which are exploratory, it is: blur 0.75 (controls 0.02; " in told.fidelity[0]
    assert told.fidelity[2].endswith(" Another fill (exploratory) gives another verdict in 3 of 24 with blur.")


def test_a_control_that_costs_as_much_as_the_reference_is_not_hidden(experiment) -> None:
    fidelity = experiment.fidelity.copy()
    fidelity["mean"] = fidelity["method"].map({"case": 0.2, "random": 0.1, "sobel": 0.1}).fillna(0.3)
    assert "A control costs" not in answer(replace(experiment, fidelity=fidelity)).fidelity[0]
    here = (fidelity["model"] == "efficientnet_lite1") & (fidelity["k_percent"] == 5)
    fidelity.loc[here & (fidelity["role"] == "control"), "mean"] = [0.2, 0.3] * 3
    five, fifty = answer(replace(experiment, fidelity=fidelity)).fidelity
    assert five.endswith("A control costs as much as CASE or more: Random and Sobel edges on EfficientNet-Lite1.")
    assert "A control costs" not in fifty


def test_the_limits_name_scope_power_and_circularity(experiment) -> None:
    scope, power, circularity = answer(experiment).limits
    assert scope.startswith("Scope: 20 images and 3 models;")
    assert "2 of 20 per network are set aside as misclassified. 0 pairs of maps" in scope
    assert "with n = 18 images the sign test finds a method that falls below 50% on 75% of images" in power
    assert "with probability 0.72, less after correction" in power
    assert circularity.startswith("Circularity: CASE removes")


def test_without_labels_no_image_is_called_misclassified(experiment) -> None:
    note, scope, *_ = answer(replace(experiment, settings=Settings(labelled=False), notes=["Of two cameras."])).limits
    assert note == "Of two cameras."
    assert "no labels: all of them count" in scope
    assert "misclassified" not in scope


@pytest.mark.parametrize("source", ["confusion", None])
def test_circularity_is_claimed_only_where_it_is_certain(experiment, source) -> None:
    changed = replace(experiment, settings=Settings(contrast_source=source))
    assert len(answer(changed).limits) == 2


def test_a_drop_in_logits_is_told_as_such_and_without_the_margin(experiment) -> None:
    settings = replace(experiment.settings, measure="drop_logit")
    fidelity = experiment.fidelity[experiment.fidelity["measure"] == "drop_absolute"].assign(
        measure="drop_logit", mean=2.0
    )
    first = answer(replace(experiment, fidelity=fidelity, settings=settings)).fidelity[0]
    assert "costs the predicted class a mean of 2.00 in logits with CASE" in first
    assert "equivalence" not in first


def test_the_joint_verdict_is_told_for_each_setting(experiment, synthetic) -> None:
    cross = synthetic.cross_deletion_table().assign(joint_verdict="undecided")
    five = cross["k_percent"] == 5
    cross.loc[five & (cross["method"] == "case"), "joint_verdict"] = "class-specific"
    first = five & (cross["model"] == "efficientnet_lite0")
    cross.loc[first & (cross["method"] == "gradcam"), "joint_verdict"] = "class-specific"
    cross.loc[five & (cross["method"] == "sobel"), "joint_verdict"] = "not class-specific"
    *_, at_5, at_50 = answer(replace(experiment, cross_deletion=cross)).fidelity
    assert "(cross-deletion of the top 5%, fill: mean): on all 3 networks CASE; on 1 of 3 networks Grad-CAM." in at_5
    assert at_5.endswith("Not class-specific: on all 3 networks Sobel edges. The others are undecided.")
    assert "top 50%, fill: mean): none. Not class-specific: none." in at_50


def test_without_cross_deletion_nothing_is_said_of_it(experiment) -> None:
    assert not any("Class-specific" in sentence for sentence in answer(experiment).fidelity)


def test_verdicts_that_pairs_of_classes_do_not_share_are_told(experiment) -> None:
    assert not any(text.startswith("Fragile") for text in answer(experiment).limits)
    rows = experiment.agreement
    fragile = (rows["method"] == "layercam") & (rows["verdict"] != "undecided")
    count, definite = int(fragile.sum()), int((rows["verdict"] != "undecided").sum())
    changed = replace(experiment, agreement=rows.assign(fragile=fragile, n_pairs_of_classes=range(8, 8 + len(rows))))
    [told] = [text for text in answer(changed).limits if text.startswith("Fragile")]
    assert count > 0
    assert (
        f"over the 8 to {7 + len(rows)} pairs does not share {count} of {definite} definite verdicts (LayerCAM)" in told
    )


def test_a_verdict_that_depends_on_the_policy_for_empty_maps_does_not_stand(experiment):
    agreement = experiment.agreement.copy()
    case = agreement["method"] == "case"
    agreement.loc[case, ["verdict", "verdict_if_sensitive"]] = "class-sensitive"
    agreement.loc[case, "verdict_if_insensitive"] = "insensitive"
    headline = answer(replace(experiment, agreement=agreement)).headline
    assert "dependent on the policy for empty maps on all" in headline
    assert "class-sensitive" not in headline
