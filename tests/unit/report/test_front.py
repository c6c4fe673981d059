from dataclasses import replace

import pandas as pd

from case_saliency.report.front import line


def test_an_experiment_in_one_line(experiment) -> None:
    agreement = experiment.agreement.copy()
    agreement.loc[agreement["method"] == "case", "median_agreement"] = [4.0, 6.0, 9.0]
    held = agreement[agreement["method"] == "case"].assign(method="case_heldout", verdict="undecided")
    found = line(replace(experiment, agreement=pd.concat([agreement, held])))
    assert found.networks == "EfficientNet-Lite0 / EfficientNet-Lite1 / EfficientNet-Lite2"
    assert (found.images, found.counted) == ("20 images", "18")
    assert found.verdict == "class-sensitive on all 3 networks (median 4% to 9%)"
    assert found.held_out == "undecided on all 3 networks (median 4% to 9%)"
    assert found.left == ""


def test_seeds_and_many_networks_are_counted(experiment) -> None:
    agreement = experiment.agreement
    more = [agreement, agreement.assign(seed=1), agreement.assign(model="resnet50")]
    assert line(replace(experiment, agreement=pd.concat(more))).networks == "4 networks, 1 to 2 trainings each"
    assert line(replace(experiment, agreement=pd.concat(more[:2]))).verdict.startswith(
        "class-sensitive on all 6 trainings"
    )


def test_what_was_not_measured_is_said_so_or_left_out(experiment) -> None:
    without = experiment.agreement[experiment.agreement["method"] != "case"]
    found = line(replace(experiment, agreement=without))
    assert (found.verdict, found.held_out) == ("not measured", "")
