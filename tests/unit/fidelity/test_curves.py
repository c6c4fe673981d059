"""Curves of networks that are simple enough to follow by hand."""

import math

import numpy as np
import pytest
import torch

from case_saliency.errors import CaseSaliencyError
from case_saliency.fidelity.curves import COLUMNS, CURVES, PerturbationCurves
from case_saliency.fidelity.fills import FILLS, blurred
from case_saliency.fidelity.perturb import fill_generator, tie_order, top_mask


class SumNetwork:
    """Two classes: the logit of class 0 is the sum of the image, that of class 1 is 1. Counts what it forwards."""

    def __init__(self):
        self.batches = []

    def __call__(self, images):
        self.batches.append(images.clone())
        total = images.sum(dim=(1, 2, 3))
        return torch.stack([total, torch.ones_like(total)], dim=1)

    @property
    def forwarded(self):
        return sum(len(batch) for batch in self.batches)


def measure(images, maps, curves=("deletion",), network=None, qualified=None, class_index=None, **settings):
    n = len(images)
    defaults = {"predict_logits": network or SumNetwork(), "curves": list(curves), "steps": 4, "seed": 0}
    test = PerturbationCurves(**defaults | {"batch_size": 4} | settings)
    return test(
        images,
        maps,
        image_ids=[f"image-{i}" for i in range(n)],
        class_index=np.array([[0, 1]] * n) if class_index is None else np.array(class_index),
        qualified=np.ones(n, dtype=bool) if qualified is None else np.array(qualified),
    )


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


IMAGE = torch.tensor([[[[0.5, -1.0, 2.0, 0.25]]]])
RANKED = np.array([[[[3.0, 1.0, 4.0, 2.0]], [[0.0, 1.0, 0.0, 0.0]]]])  # pixels in the order 2, 0, 3, 1


def test_deletion_by_hand():
    table = measure(IMAGE, {"m": RANKED})
    assert table.columns.tolist() == list(COLUMNS[5:])
    logits = [1.75, -0.25, -0.75, -1, 0]
    assert table["logit"].tolist() == logits
    assert table["confidence"].tolist() == pytest.approx([sigmoid(y - 1) for y in logits], rel=1e-14)
    assert table["logit_other"].tolist() == [1] * 5
    assert table["confidence_other"].tolist() == pytest.approx([sigmoid(1 - y) for y in logits], rel=1e-14)
    assert table["fraction"].tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert (table["confidence_intact"] == table.at[0, "confidence"]).all()
    first = table.loc[0, ["method", "image_id", "target", "class_index", "other_class", "test", "fill", "step"]]
    assert first.tolist() == ["m", "image-0", "top1", 0, 1, "deletion", "mean", 0]


def test_insertion_by_hand():
    blur = blurred(IMAGE[0])[0, 0].tolist()
    whole = IMAGE[0, 0, 0].tolist()
    expected, seen = [sum(blur)], list(blur)
    for pixel in (2, 0, 3, 1):
        seen[pixel] = whole[pixel]
        expected.append(sum(seen))
    table = measure(IMAGE, {"m": RANKED}, ["insertion"])
    assert table["logit"].tolist() == pytest.approx(expected, rel=1e-6)
    assert (table["confidence_intact"] == table["confidence"].iloc[-1]).all()


def many(n=5):
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(n, 3, 8, 8, generator=generator)
    maps = {name: torch.rand(n, 2, 4, 4, generator=generator).numpy() for name in ("a", "b")}
    return images, maps


@pytest.mark.parametrize("name", CURVES)
def test_every_point_equals_its_own_ablation(name):
    images, maps = many(2)
    maps["a"] = np.round(maps["a"])  # many ties
    table = measure(images, maps, [name], steps=7)
    curve = CURVES[name]
    for row in table.itertuples():
        i = int(row.image_id[-1])
        n = row.step * 64 // 7
        native = torch.from_numpy(maps[row.method][i, :1])[None]
        values = torch.nn.functional.interpolate(native, size=(8, 8), mode="bilinear")[0, 0].numpy()
        top = np.zeros((8, 8), dtype=bool)
        if n:
            top = top_mask(values, n, tie_order(0, row.image_id, 64))
        removed = torch.from_numpy(~top if curve.insert else top)
        ablated = FILLS[curve.fill](images[i], fill_generator(0, row.image_id))(removed)
        assert row.n_changed == n == top.sum()
        assert row.logit == pytest.approx(float(ablated.sum()), abs=1e-4)


def test_ends_are_forwarded_once_and_batches_are_full():
    images, maps = many(3)
    network = SumNetwork()
    measure(images, maps, ["deletion", "insertion"], network, steps=5, batch_size=7)
    # for each image: whole, no pixel with either fill, and 4 inner steps of 2 curves and 2 maps
    assert network.forwarded == 3 * (1 + 2 + 4 * 2 * 2)
    assert [len(batch) for batch in network.batches] == [7] * 8 + [1]


def test_a_batch_equals_its_images_one_by_one_and_inputs_stay():
    images, maps = many(4)
    maps["a"][1, 0] = 0
    before = images.clone(), {name: native.copy() for name, native in maps.items()}
    classes, qualified = [[0, 1], [1, 0], [0, 1], [1, 0]], [True, True, False, True]
    together = measure(images, maps, CURVES, qualified=qualified, class_index=classes)
    assert together.equals(measure(images, maps, CURVES, qualified=qualified, class_index=classes))
    for i in range(4):
        test = PerturbationCurves(predict_logits=SumNetwork(), curves=list(CURVES), steps=4, seed=0, batch_size=1)
        single = test(
            images[i : i + 1],
            {name: native[i : i + 1] for name, native in maps.items()},
            image_ids=[f"image-{i}"],
            class_index=np.array([classes[i]]),
            qualified=np.array([qualified[i]]),
        )
        mine = together[together["image_id"] == f"image-{i}"].reset_index(drop=True)
        for column in ("confidence", "logit", "confidence_other", "logit_other", "confidence_intact"):
            np.testing.assert_allclose(mine[column], single[column], rtol=1e-5, atol=1e-5)
        assert mine[["method", "test", "step", "degenerate"]].equals(single[["method", "test", "step", "degenerate"]])
    assert torch.equal(images, before[0])
    assert all(np.array_equal(maps[name], native) for name, native in before[1].items())


def test_a_map_that_ranks_nothing_and_an_image_that_does_not_qualify_have_no_points():
    images, maps = many(2)
    maps["a"][0] = 2.0
    network = SumNetwork()
    table = measure(images, maps, network=network, qualified=[True, False])
    points = ["confidence", "logit", "confidence_intact", "confidence_other", "logit_other"]
    assert table.loc[table["degenerate"] == "constant", points].isna().all(axis=None)
    assert table.loc[table["reason"] == "misclassified", points].isna().all(axis=None)
    sound = table[(table["method"] == "b") & table["qualified"]]
    assert sound[points].notna().all(axis=None)
    assert network.forwarded == 2 + 3
    constant = {"a": np.ones((2, 2, 4, 4))}
    network = SumNetwork()
    assert measure(images, constant, network=network)[points].isna().all(axis=None)
    assert network.forwarded == 0


def test_one_class_alone():
    table = measure(IMAGE, {"m": RANKED[:, 0]}, class_index=[0])
    assert table["logit"].tolist() == [1.75, -0.25, -0.75, -1, 0]
    assert (table["other_class"] == -1).all()
    assert table[["confidence_other", "logit_other"]].isna().all(axis=None)


def test_nothing_to_measure():
    images, maps = many(1)
    assert len(measure(images[:0], {"a": maps["a"][:0]}, class_index=np.zeros((0, 2), dtype=int))) == 0


def test_refuses_unknown_curves_and_too_many_steps():
    with pytest.raises(CaseSaliencyError, match=r"curves: unknown \['delete'\]; choose from \['deletion', "):
        measure(IMAGE, {"m": RANKED}, ["delete"])
    with pytest.raises(CaseSaliencyError, match=r"curves: steps is 5, more than the 4 pixels"):
        measure(IMAGE, {"m": RANKED}, steps=5)
