"""Confidence drops of a network that is simple enough to compute by hand."""

import math

import numpy as np
import pytest
import torch

from case_saliency.errors import CaseSaliencyError
from case_saliency.fidelity.drop import COLUMNS, ConfidenceDrop


class SumNetwork:
    """Two classes: the logit of class 0 is the sum of the image, that of class 1 is 0. Remembers its batches."""

    def __init__(self):
        self.batches = []

    def __call__(self, images):
        self.batches.append(images.clone())
        total = images.sum(dim=(1, 2, 3))
        return torch.stack([total, torch.zeros_like(total)], dim=1)


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def measure(images, maps, network=None, qualified=None, class_index=None, **settings):
    """Run the test; maps (N, h, w) explain one class, maps (N, 2, h, w) two."""
    n = len(images)
    test = ConfidenceDrop(
        **{"predict_logits": network or SumNetwork(), "k_percents": [50], "fills": ["mean"], "seed": 0, "batch_size": 4}
        | settings
    )
    return test(
        images,
        maps,
        image_ids=[f"image-{i}" for i in range(n)],
        class_index=np.zeros(n, dtype=int) if class_index is None else np.array(class_index),
        qualified=np.ones(n, dtype=bool) if qualified is None else np.array(qualified),
    )


IMAGE = torch.tensor([[[[0.5, -1.0, 2.0], [0.25, 0.0, 1.0]]]])
RANKED = np.array([[[5.0, 1.0, 6.0], [4.0, 2.0, 3.0]]], dtype=np.float32)


def test_drop_by_hand():
    # Sum 2.75; the top 50% are the pixels 2.0, 0.5 and 0.25, without which the sum is 0.
    table = measure(IMAGE, {"m": RANKED})
    row = table.loc[0].to_dict()
    before, after = sigmoid(2.75), 0.5
    assert table.columns.tolist() == list(COLUMNS[5:])
    assert {key: row[key] for key in ("method", "image_id", "target", "class_index", "test", "fill", "k_percent")} == {
        "method": "m",
        "image_id": "image-0",
        "target": "top1",
        "class_index": 0,
        "test": "confidence_drop",
        "fill": "mean",
        "k_percent": 50.0,
    }
    assert row["n_removed"] == 3
    assert row["confidence"] == pytest.approx(before, rel=1e-15)
    assert row["confidence_ablated"] == pytest.approx(after, rel=1e-15)
    assert row["drop_absolute"] == pytest.approx(before - after, rel=1e-14)
    assert row["drop_relative"] == pytest.approx((before - after) / before, rel=1e-14)
    assert row["drop_relative_clipped"] == row["drop_relative"]
    assert (row["logit"], row["logit_ablated"], row["drop_logit"]) == (2.75, 0, 2.75)
    assert row["other_class"] == -1
    assert np.isnan([row["confidence_other"], row["logit_other"], row["logit_other_ablated"]]).all()
    assert (row["degenerate"], row["qualified"], row["reason"]) == ("", True, "")


def test_a_rise_is_negative_and_clipped_to_zero():
    # Only the pixel of value -1 goes: the sum rises from 2.75 to 3.75.
    negative = np.array([[[1.0, 9.0, 1.0], [1.0, 1.0, 1.0]]], dtype=np.float32)
    row = measure(IMAGE, {"m": negative}, k_percents=[17]).loc[0]
    assert row["n_removed"] == 1
    assert row["drop_relative"] == pytest.approx((sigmoid(2.75) - sigmoid(3.75)) / sigmoid(2.75), rel=1e-14)
    assert row["drop_relative_clipped"] == 0
    assert row["drop_logit"] == -1


def test_follows_the_class_that_is_asked_for():
    row = measure(IMAGE, {"m": RANKED}, class_index=[1]).loc[0]
    assert row["drop_absolute"] == pytest.approx(sigmoid(-2.75) - 0.5, rel=1e-14)
    assert (row["logit"], row["logit_ablated"]) == (0, 0)


def test_the_network_sees_the_right_pixels_removed():
    # A map of 1 x 2 cells whose right cell matters: the right half of the 2 x 4 image goes, in every row.
    network = SumNetwork()
    measure(torch.ones(1, 3, 2, 4), {"m": np.array([[[0.0, 1.0]]], dtype=np.float32)}, network=network)
    assert network.batches[1].tolist() == [[[[1, 1, 0, 0], [1, 1, 0, 0]]] * 3]


def many(n=5):
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(n, 3, 8, 8, generator=generator)
    maps = {name: torch.rand(n, 4, 4, generator=generator).numpy() for name in ("a", "b")}
    return images, maps


def test_streams_in_batches_and_forwards_each_ablation_once():
    images, maps = many()
    network = SumNetwork()
    table = measure(images, maps, network, k_percents=[5, 50])
    sizes = [len(batch) for batch in network.batches]
    assert sizes == [4, 1, 4, 4, 4, 4, 4]  # 5 images, then 5 x 2 methods x 2 sizes
    assert len(table) == 20
    assert table["image_id"].tolist()[:5] == ["image-0"] * 4 + ["image-1"]
    assert table["method"].tolist()[:4] == ["a", "a", "b", "b"]


def test_a_batch_equals_its_images_one_by_one():
    images, maps = many()
    maps["a"][1] = 0
    before = images.clone()
    together = measure(
        images,
        maps,
        qualified=[True, True, False, True, True],
        class_index=[0, 1, 1, 0, 1],
        k_percents=[5, 50],
        batch_size=7,
    )
    for i in range(5):
        mine = together[together["image_id"] == f"image-{i}"]
        test = ConfidenceDrop(predict_logits=SumNetwork(), k_percents=[5, 50], fills=["mean"], seed=0, batch_size=1)
        single = test(
            images[i : i + 1],
            {name: native[i : i + 1] for name, native in maps.items()},
            image_ids=[f"image-{i}"],
            class_index=np.array([[0, 1, 1, 0, 1][i]]),
            qualified=np.array([i != 2]),
        )
        np.testing.assert_allclose(mine["drop_relative"], single["drop_relative"], rtol=1e-5, atol=1e-6)
        assert mine["degenerate"].tolist() == single["degenerate"].tolist()
    assert torch.equal(images, before)


def test_all_methods_break_ties_alike():
    native = np.zeros((1, 8, 8), dtype=np.float32)
    native[0, 2, 3] = 1
    images = torch.randn(1, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    table = measure(images, {"a": native, "b": native * 5})
    assert table["degenerate"].tolist() == ["small_support"] * 2
    assert table["drop_absolute"].notna().all()
    assert table["drop_absolute"].nunique() == 1


@pytest.mark.parametrize(("value", "kind"), [(0.0, "zero"), (2.0, "constant"), (np.nan, "nan")])
def test_a_map_that_ranks_nothing_is_marked_and_costs_no_pass(value, kind):
    network = SumNetwork()
    table = measure(IMAGE, {"empty": np.full((1, 2, 3), value), "m": RANKED}, network)
    empty, sound = table.loc[0], table.loc[1]
    assert (empty["degenerate"], sound["degenerate"]) == (kind, "")
    missing = [
        "confidence_ablated",
        "drop_absolute",
        "drop_relative",
        "drop_relative_clipped",
        "logit_ablated",
        "drop_logit",
    ]
    assert empty[missing].isna().all()
    assert empty["confidence"] == sound["confidence"]
    assert sound["drop_absolute"] == pytest.approx(sigmoid(2.75) - 0.5, rel=1e-14)
    assert sum(len(batch) for batch in network.batches) == 2


def test_images_that_do_not_qualify_are_listed_and_cost_no_pass():
    images, maps = many(3)
    network = SumNetwork()
    table = measure(images, maps, network, qualified=[True, False, False])
    out = table[table["image_id"] != "image-0"]
    assert out["reason"].tolist() == ["misclassified"] * 4
    assert out[["confidence", "confidence_ablated", "drop_absolute", "logit"]].isna().all(axis=None)
    assert sum(len(batch) for batch in network.batches) == 3


def test_nothing_qualified_and_no_images():
    images, maps = many(2)
    assert measure(images, maps, qualified=[False, False])["drop_absolute"].isna().all()
    assert len(measure(images[:0], {"a": maps["a"][:0]})) == 0


def test_logits_that_are_not_finite_name_the_image():
    images, maps = many(6)
    images[5, 0, 0, 0] = float("inf")
    with pytest.raises(CaseSaliencyError, match="image image-5: the network returns a logit that is not finite"):
        measure(images, maps)


def test_an_unknown_fill_is_named_with_the_choices():
    with pytest.raises(CaseSaliencyError, match=r"fidelity.fill: unknown \['blurr'\]; choose from \['blur', 'mean', "):
        measure(IMAGE, {"m": RANKED}, fills=["blurr"])


def test_refuses_lengths_that_do_not_fit():
    with pytest.raises(ValueError, match=r"1 image_ids, but lengths \{\"maps\['m'\]\": 2\}"):
        measure(IMAGE, {"m": np.concatenate([RANKED, RANKED])})


class TwoSums:
    """The logit of class 0 is the sum of the left half of the image, that of class 1 of the right half."""

    def __init__(self):
        self.forwarded = 0

    def __call__(self, images):
        self.forwarded += len(images)
        left, right = images.tensor_split(2, dim=3)
        return torch.stack([left.sum(dim=(1, 2, 3)), right.sum(dim=(1, 2, 3))], dim=1)


HALVES = torch.tensor([[[[1.0, 2.0, 4.0, 8.0]]]])  # class 0: 3, class 1: 12
LEFT, RIGHT = [[4.0, 3.0, 1.0, 0.5]], [[0.5, 1.0, 3.0, 4.0]]


def test_the_other_class_is_followed_through_the_same_passes():
    network = TwoSums()
    maps = np.array([[RIGHT, LEFT]])  # explains class 1 by the right half, class 0 by the left half
    own, other = measure(HALVES, {"m": maps}, network, class_index=[[1, 0]]).to_dict("records")
    assert (own["target"], own["class_index"], own["other_class"]) == ("top1", 1, 0)
    assert (own["logit"], own["logit_ablated"], own["drop_logit"]) == (12, 0, 12)
    assert (own["logit_other"], own["logit_other_ablated"]) == (3, 3)
    assert own["confidence_other"] == pytest.approx(sigmoid(-9), rel=1e-14)
    assert own["confidence_other_ablated"] == pytest.approx(sigmoid(3), rel=1e-14)
    assert (other["target"], other["class_index"], other["other_class"]) == ("top2", 0, 1)
    assert (other["logit"], other["logit_ablated"], other["drop_logit"]) == (3, 0, 3)
    assert (other["logit_other"], other["logit_other_ablated"]) == (12, 12)
    assert other["drop_absolute"] == pytest.approx(sigmoid(-9) - sigmoid(-12), rel=1e-10)
    assert network.forwarded == 3  # the image, and one ablation for each class


def test_maps_that_mark_the_same_pixels_share_a_pass():
    network = TwoSums()
    maps = {"same": np.array([[LEFT, np.multiply(LEFT, 2)]]), "different": np.array([[LEFT, RIGHT]])}
    table = measure(HALVES, maps, network, class_index=[[0, 1]])
    assert network.forwarded == 1 + 2  # whole, without the left half, without the right half
    same = table[table["method"] == "same"]
    assert same["logit_ablated"].tolist() == [0, 12]
    assert same["logit_other_ablated"].tolist() == [12, 0]
    different = table[table["method"] == "different"]
    assert different["logit_ablated"].tolist() == [0, 0]
    assert different["logit_other_ablated"].tolist() == [12, 3]


def test_a_class_without_a_map_is_still_the_others_other():
    empty = np.zeros((1, 4))
    top1, top2 = measure(HALVES, {"m": np.array([[LEFT, empty]])}, TwoSums(), class_index=[[0, 1]]).to_dict("records")
    assert (top1["drop_logit"], top1["logit_other_ablated"]) == (3, 12)
    assert (top2["degenerate"], top2["logit"], top2["logit_other"]) == ("zero", 12, 3)
    assert np.isnan([top2["drop_logit"], top2["logit_other_ablated"]]).all()


def test_all_fills_are_reproducible_and_independent_of_what_else_runs():
    images, maps = many(2)
    fills = ["mean", "blur", "noise", "road"]
    together = measure(images, maps, fills=fills, k_percents=[5, 50])
    again = measure(images, maps, fills=fills, k_percents=[5, 50])
    assert together.equals(again)
    alone = measure(images, {"b": maps["b"]}, fills=["road"], k_percents=[50], batch_size=1)
    mine = together[(together["fill"] == "road") & (together["method"] == "b") & (together["k_percent"] == 50)]
    np.testing.assert_allclose(alone["drop_logit"], mine["drop_logit"], rtol=1e-5, atol=1e-5)
    assert not np.allclose(
        measure(images, maps, fills=["noise"], seed=1)["drop_logit"],
        measure(images, maps, fills=["noise"])["drop_logit"],
    )


def test_refuses_maps_that_do_not_fit_the_classes():
    with pytest.raises(ValueError, match=r"expected \(N, 2, h, w\), one map for each class"):
        measure(HALVES, {"m": np.array([[LEFT]])}, class_index=[[0, 1]])
    with pytest.raises(ValueError, match=r"class_index of shape \(1, 3\), expected \(N, 1\) or \(N, 2\)"):
        measure(HALVES, {"m": np.array([[LEFT]])}, class_index=[[0, 1, 2]])
