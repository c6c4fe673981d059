"""Randomised networks that are small enough to know their maps."""

import copy
from collections import OrderedDict

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from case_saliency.attribution import engine, seeding
from case_saliency.attribution.devices import Settings
from case_saliency.attribution.registry import resolve
from case_saliency.diagnostic.randomisation import COLUMNS, Randomisation
from case_saliency.diagnostic.resemblance import MEASURES, resemblance
from case_saliency.errors import CaseSaliencyError
from case_saliency.models import cascade

IDS = ("a", "b", "c")
CLASSES = {"a": [0, 1], "b": [2, 0], "c": [1, 2]}
SIGNED = {"name": "gradcam", "relu": False}  # rectified, the map of a small network may be empty
PHOTOS = torch.rand(3, 3, 12, 12, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def net() -> nn.Module:
    torch.manual_seed(0)
    layers = OrderedDict(
        stem=nn.Conv2d(3, 6, 3, padding=1),
        norm=nn.BatchNorm2d(6),
        relu=nn.ReLU(),
        conv=nn.Conv2d(6, 8, 3, padding=1),
        pool=nn.AdaptiveAvgPool2d(2),
        flatten=nn.Flatten(),
        drop=nn.Dropout(0.5),
        head=nn.Linear(32, 5),
    )
    return nn.Sequential(layers).eval()


def design(*methods, **changed) -> Randomisation:
    settings = {
        "layers": {"last": "conv"},
        "methods": resolve(methods),
        "steps": 2,
        "how": "permute",
        "seed": 3,
        "k_percent": 10,
        "ties": "expected",
        "settings": Settings(batch_size=4),
    }
    return Randomisation(**settings | changed)


def score(net, *methods, batches=((IDS, PHOTOS),), passed_over=(), **changed) -> pd.DataFrame:
    return design(*methods, **changed).score(net, batches, CLASSES, passed_over)


def compared(table, comparison, **where) -> pd.DataFrame:
    found = table[table["comparison"] == comparison]
    for name, value in where.items():
        found = found[found[name] == value]
    return found.reset_index(drop=True)


def test_the_scores_are_those_of_maps_by_a_network_randomised_by_hand(net):
    table = score(net, "hirescam")
    assert table["step"].max() == 3  # head; conv and norm; stem
    changed = copy.deepcopy(net)
    for step, parts in enumerate((["head"], ["conv", "norm"], ["stem"]), start=1):
        cascade.randomise(
            changed,
            parts,
            "permute",
            lambda path: int(seeding.generator(3, "randomisation", "b", path).integers(2**63)),
        )
        intact, after = (
            engine.attribute(n, [(["b"], PHOTOS[1:2])], {"b": [2, 0]}, {"last": "conv"}, resolve(["hirescam"])).maps[
                "last"
            ]["hirescam"][0]
            for n in (net, changed)
        )
        size = {"input_size": (12, 12), "k_percent": 10, "ties": "expected"}
        found = compared(table, "intact", image_id="b", step=step)
        assert found["target"].tolist() == ["top1", "top2"]
        pd.testing.assert_frame_equal(found[list(MEASURES)], resemblance(intact, after, **size)[list(MEASURES)])
        both = compared(table, "other_class", image_id="b", step=step)
        expected = resemblance(after[:1], after[1:], **size)
        pd.testing.assert_frame_equal(both[list(MEASURES)], expected[list(MEASURES)])


def test_only_the_classifiers_rows_move_at_the_first_step(net):
    # HiResCAM at the layer before global pooling and a linear head is sum_k w_ck A_k / cells: known by hand.
    flat = nn.Sequential(OrderedDict(conv=nn.Conv2d(3, 4, 1), pool=nn.AdaptiveAvgPool2d(1), flat=nn.Flatten()))
    flat.add_module("head", nn.Linear(4, 5))
    table = score(flat.eval(), {"name": "hirescam", "relu": False}, steps=1)
    moved = copy.deepcopy(flat)
    seed = int(seeding.generator(3, "randomisation", "a", "head").integers(2**63))
    cascade.randomise(moved, ["head"], "permute", lambda _: seed)
    with torch.no_grad():
        activations = flat.conv(PHOTOS[:1])[0]
        before, after = (torch.einsum("jk,khw->jhw", n.head.weight[[0, 1]], activations) for n in (flat, moved))
    expected = resemblance(before.numpy(), after.numpy(), input_size=(12, 12), k_percent=10, ties="expected")
    found = compared(table, "intact", image_id="a", step=1)
    assert found["rank_correlation"].tolist() == pytest.approx(expected["rank_correlation"].tolist(), abs=1e-4)
    assert found["share"].tolist() == [25 / 41, 25 / 41]


def test_what_does_not_depend_on_the_network_stays_the_same_exactly(net):
    table = compared(score(net, "sobel", "random"), "intact")
    assert (table[["rank_correlation", "rank_correlation_absolute", "ssim"]] == 1).all(axis=None)
    assert (table.loc[table["method"] == "sobel", "layer"] == "input").all()


def test_what_depends_on_the_layers_below_alone_survives_the_classifier(net):
    table = compared(score(net, "eigencam"), "intact")
    assert (table.loc[table["step"] <= 1, "rank_correlation"] == 1).all()
    assert (table.loc[table["step"] > 1, "rank_correlation"] < 1).all()


def test_step_zero_is_the_intact_network_itself(net):
    first = compared(score(net, SIGNED), "intact", step=0)
    assert (first["ssim"] == 1).all()
    assert (first[["share", "response"]] == [0, 1]).all(axis=None)


def test_shares_rise_to_all_parameters_and_the_response_changes(net):
    steps = compared(score(net, "gradcam"), "intact", image_id="a", target="top1")
    total = 6 * 27 + 6 + 12 + 8 * 54 + 8 + 165
    assert steps["share"].tolist() == pytest.approx([0, 165 / total, (165 + 440 + 12) / total, 1])
    changed = copy.deepcopy(net)
    seed = int(seeding.generator(3, "randomisation", "a", "head").integers(2**63))
    cascade.randomise(changed, ["head"], "permute", lambda _: seed)
    with torch.no_grad():
        moved, still = ((n(PHOTOS[:1]) - n(torch.zeros(1, 3, 12, 12))).norm() for n in (changed, net))
    assert steps["response"][1] == pytest.approx(float(moved / still), rel=1e-5)


def test_the_original_is_left_as_it_was(net):
    net.train()
    before = copy.deepcopy(net.state_dict())
    for how in ("permute", "reinitialise"):
        score(net, "gradcam", how=how)
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert all(part.training for part in net.modules())
    assert all(not (part._forward_hooks or part._forward_pre_hooks) for part in net.modules())


def test_a_score_depends_on_the_seed_and_not_on_the_batch(net):
    methods = ("gradcam", "case")
    whole = score(net, *methods)
    pd.testing.assert_frame_equal(whole, score(net, *methods))
    split = [([name], PHOTOS[place : place + 1]) for place, name in enumerate(IDS)]
    pd.testing.assert_frame_equal(whole, score(net, *methods, batches=split))
    alone = score(net, *methods, batches=split[1:2])
    same = whole[(whole["image_id"] == "b") & (whole["comparison"] != "other_image")].reset_index(drop=True)
    pd.testing.assert_frame_equal(same, alone)
    other = score(net, *methods, seed=4)
    assert not np.allclose(*(compared(t, "intact", step=3)["response"] for t in (whole, other)))


def test_every_image_has_random_weights_of_its_own(net):
    same = torch.cat([PHOTOS[:1]] * 2)
    table = score(net, "gradcam", batches=[(["a", "b"], same)])
    a, b = (compared(table, "intact", image_id=name, step=1)["response"].iloc[0] for name in ("a", "b"))
    assert a != b


def test_other_images_are_the_mean_over_all_pairs_of_intact_maps(net):
    table = score(net, "hirescam")
    found = engine.attribute(net, [(IDS, PHOTOS)], CLASSES, {"last": "conv"}, resolve(["hirescam"]))
    maps = found.maps["last"]["hirescam"]
    pairs = resemblance(maps[[1, 1], 1], maps[[0, 2], 1], input_size=(12, 12), k_percent=10, ties="expected")
    row = compared(table, "other_image", image_id="b", target="top2").iloc[0]
    assert row[list(MEASURES)].tolist() == pytest.approx(pairs[list(MEASURES)].mean().tolist(), abs=1e-4)
    assert row["degenerate"] == ""
    single = score(net, "hirescam", batches=[(IDS[:1], PHOTOS[:1])])
    assert compared(single, "other_image").empty


class Broken(nn.Linear):
    """A classifier whose initialisation is no use: all its weights become `value`."""

    value = 0.0

    def reset_parameters(self) -> None:
        nn.init.constant_(self.weight, self.value)
        nn.init.constant_(self.bias, self.value)


@pytest.mark.parametrize(("value", "kind", "response"), [(0.0, "zero", 0.0), (float("inf"), "nan", float("nan"))])
def test_networks_that_say_nothing_are_told(net, value, kind, response):
    head = Broken(32, 5)
    head.load_state_dict(net.head.state_dict())
    head.value = value
    net.head = head
    table = compared(score(net, "gradcam", "sobel", how="reinitialise"), "intact", step=1)
    cams = table[table["method"] == "gradcam"]
    assert (cams["degenerate"] == kind).all()
    assert cams[list(MEASURES)].isna().all(axis=None)
    assert cams["response"].tolist() == pytest.approx([response] * 6, nan_ok=True)
    edges = table[table["method"] == "sobel"]
    assert (edges["degenerate"] == ("nan" if kind == "nan" else "")).all()


def test_images_that_were_passed_over_have_rows_without_scores(net):
    table = score(net, "gradcam", passed_over=["wrong"])
    wrong = table[table["image_id"] == "wrong"]
    assert len(wrong) == len(table) / 4
    assert (wrong["reason"] == "misclassified").all()
    assert not wrong["qualified"].any()
    assert wrong[list(MEASURES)].isna().all(axis=None)
    assert set(COLUMNS) - set(table) == {"experiment", "dataset", "model", "seed"}


def test_no_image_at_all_is_an_error(net):
    with pytest.raises(CaseSaliencyError, match="no image is classified correctly"):
        score(net, "gradcam", batches=())
