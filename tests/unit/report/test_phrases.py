import pandas as pd

from case_saliency.report.phrases import compared, estimates, networks, where

MODELS = ("resnet50", "vgg19_bn", "densenet201", "convnext_large")


def table(**rows):
    """Rows for each method: so many of the networks, each with a difference to the reference."""
    return pd.DataFrame(
        [
            {"model": model, "seed": 0, "layer": "last_conv", "method": method, "difference_to_case": difference,
             "p_holm": 0.01}
            for method, (count, difference) in rows.items()
            for model in MODELS[:count]
        ]
    )  # fmt: skip


def test_networks_are_counted() -> None:
    assert [networks(1, 1), networks(2, 2), networks(3, 3), networks(0, 3)] == [
        "the one network", "both networks", "all 3 networks", "0 of 3 networks",
    ]  # fmt: skip


def test_methods_are_grouped_by_on_how_many_networks_they_are_found() -> None:
    whole = table(case=(4, 0.0), gradcam=(4, 0.0), layercam=(4, 0.0))
    found = table(layercam=(4, 0.0), case=(4, 0.0), gradcam=(1, 0.0))
    assert where(found, whole) == "on all 4 networks CASE; LayerCAM; on 1 of 4 networks Grad-CAM"
    assert where(found.iloc[:0], whole) == "none"
    layers = pd.concat([whole, whole.assign(layer="early")])
    assert where(found, layers).startswith("on 4 of 8 networks and layers CASE")


def test_differences_are_counted_where_networks_are_many() -> None:
    whole = table(gradcam=(4, 0.1), layercam=(4, 0.1))
    found = pd.concat([table(gradcam=(3, 0.1)), table(layercam=(1, -0.1))])
    assert compared(found, whole, "CASE") == (
        "4 differ: larger than CASE on 3 of 4 networks Grad-CAM; smaller than CASE on 1 of 4 networks LayerCAM"
    )
    few = whole[whole["model"] == "resnet50"]
    assert compared(few.iloc[:1], few, "CASE") == "1 differs: Grad-CAM larger than CASE on ResNet-50 (p = .0100)"
    assert compared(few.iloc[:0], few, "CASE") == "none differs"
    names = ("gradcam", "layercam", "hirescam", "xgradcam", "eigencam", "scorecam", "occlusion")
    many = table(**dict.fromkeys(names, (1, -0.1)))
    assert compared(many, many, "CASE").startswith("7 differ: smaller than CASE on the one network Grad-CAM; HiResCAM")


def test_a_missing_interval_is_said_to_be_missing() -> None:
    rows = pd.DataFrame({"mean": [0.5], "low": [float("nan")], "high": [float("nan")]})
    assert estimates(rows, "mean", "low", "high", "{:.1f}") == "0.5 (no interval)"
