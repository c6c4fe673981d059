"""The variants of CASE, and their scores on a network whose channel weights are its maps."""

from math import isnan

import numpy as np
import pytest
import torch
from torch import nn

from case_saliency.attribution.contrast import Confusion
from case_saliency.attribution.devices import Settings
from case_saliency.attribution.engine import attribute
from case_saliency.diagnostic.circularity import COLUMNS, memberships, named, score_variants, variants
from case_saliency.errors import CaseSaliencyError

CASE = {"name": "case", "method": "case", "source": "logits", "k": 1}
NAMES = ["gradcam", "case", "case_both_in", "case_heldout", "case_matched", "case_random_direction"]

# Rows: gradients of the classes at four channels, each lit in one cell. Logits are their sums: 10, 9, 8, 2.
WEIGHTS = np.array([[6.0, 3.0, 0.0, 1.0], [5.0, 0.0, 3.0, 1.0], [0.0, 0.0, 0.0, 8.0], [0.0, 1.0, 1.0, 0.0]])
IMAGE = torch.eye(4).reshape(1, 4, 2, 2)


@pytest.fixture
def net():
    network = nn.Sequential(nn.Identity(), nn.Flatten(), nn.Linear(16, 4, bias=False))
    spread = torch.as_tensor(WEIGHTS, dtype=torch.float32)[:, :, None].expand(-1, -1, 4)
    with torch.no_grad():
        network[-1].weight.copy_(spread.flatten(1))
    return network


def scored(net, chosen, k_percent=25.0, **keywords):
    images = IMAGE.repeat(2, 1, 1, 1)
    classes = {"a": [0, 1], "b": [0, 1]}
    found = attribute(
        net, [(["a", "b"], images)], classes, {"at": "0"}, [one.method for one in chosen],
        settings=Settings(batch_size=2), **keywords,
    )  # fmt: skip
    qualified = np.array([True, False])
    return score_variants(
        found, "at", chosen, qualified=qualified, input_size=(2, 2), k_percent=k_percent, ties="expected"
    )


def test_variants_follow_the_experiments_case():
    case = {**CASE, "source": "confusion", "k": 2, "pooled": False, "relu": False, "eps": 1e-3}
    found = variants([{"name": "gradcam", "method": "gradcam"}, case], strengths=[0, 0.5], candidates=9, seed=7)
    assert [one.name for one in found] == ["hirescam", *NAMES[1:], *["case_difference"] * 2] + [
        "case_difference_heldout"
    ] * 2
    assert [one.strength for one in found[-4:]] == [0, 0.5, 0, 0.5]
    assert all(isnan(one.strength) for one in found[:-4])
    for one in found:
        assert {name: one.method.parameters[name] for name in ("source", "k", "pooled", "relu")} == {
            "source": "confusion", "k": 2, "pooled": False, "relu": False,
        }  # fmt: skip
        assert one.method.requires == {"confusion"}
    by_name = {one.name: one.method.parameters for one in found}
    assert [by_name[name]["compared"] for name in NAMES[1:5]] == ["any", "in", "out", "matched"]
    assert {by_name[name]["eps"] for name in NAMES[1:5]} == {1e-3}
    assert by_name["case_matched"]["candidates"] == 9
    assert by_name["case_random_direction"]["seed"] == 7
    assert by_name["hirescam"]["strength"] == 0
    assert len({one.method.name for one in found}) == len(found)


def test_no_audit_without_case_as_it_is():
    with pytest.raises(CaseSaliencyError, match=r"'case' is not among the experiment's methods \(gradcam\); list it"):
        variants([{"name": "gradcam", "method": "gradcam"}], strengths=[0], candidates=5, seed=7)
    with pytest.raises(CaseSaliencyError, match=r"case has compared: out, .* set methods.case.compared to any"):
        variants([{**CASE, "compared": "out"}], strengths=[0], candidates=5, seed=7)


@pytest.mark.parametrize(
    ("sets", "expected"),
    [([[2], [1]], "both"), ([[2], [3]], "first"), ([[3], [1]], "second"), ([[3], [4]], "neither")],
)
def test_memberships(sets, expected):
    assert memberships(np.array([sets]), np.array([[1, 2]])).tolist() == [expected]


def test_scores_by_hand(net):
    table = scored(net, variants([CASE], strengths=[1], candidates=5, seed=7))
    assert list(table.columns) == list(COLUMNS[5:])
    assert table["image_id"].tolist() == ["a", "b"] * 8
    assert table["reason"].tolist() == ["", "misclassified"] * 8
    first = table[table["image_id"] == "a"].set_index("method")
    # One cell of four. Grad-CAM: both classes have their maximum at channel 0.
    assert first.loc["gradcam", "agreement"] == 100
    # g_0 = (6,3,0,1), g_1 = (5,0,3,1): <g_0, g_1> = 31, |g_0|^2 = 46, |g_1|^2 = 35.
    cosine = 31 / (46 * 35) ** 0.5
    # CASE: g_0 - 31/35 g_1 has its maximum at channel 1 (1.57, 3, ..), g_1 - 31/46 g_0 at channel 2.
    assert first.loc["case", "agreement"] == 0
    assert first.loc["case", "cosine_a"] == pytest.approx(cosine)
    assert first.loc["case", "cosine_b"] == pytest.approx(cosine)
    assert first.loc["case", "norm_ratio_a"] == pytest.approx((35 / 46) ** 0.5)
    assert first.loc["case", "pair_cosine"] == pytest.approx(-cosine, abs=1e-6)
    # Held out: m = g_2 = (0,0,0,8) takes channel 3 away: (6,3,0,0) and (5,0,3,0), maximum at channel 0 again.
    assert first.loc["case_heldout", "agreement"] == 100
    assert first.loc["case_heldout", "cosine_a"] == pytest.approx(46**-0.5)
    assert first.loc["case_heldout", "pair_cosine"] == pytest.approx(30 / (45 * 34) ** 0.5)
    # Matched: of g_2 (cosine .147) and g_3 = (0,1,1,0) (3 / sqrt(92) = .313) the latter is nearer to .773.
    assert first.loc["case_matched", "cosine_a"] == pytest.approx(3 / 92**0.5)
    assert first["compared_in"].to_dict() == {
        **dict.fromkeys(["gradcam", "case", "case_both_in", "case_random_direction", "case_difference"], "both"),
        **dict.fromkeys(["case_heldout", "case_matched", "case_difference_heldout"], "neither"),
    }
    # A difference of strength 1: g_0 - g_1 = (1,3,-3,0) and its negative, which share no maximum.
    assert first.loc["case_difference", ["agreement", "strength"]].tolist() == [0, 1]
    assert first.loc["case_difference", "pair_cosine"] == pytest.approx(-1)


def test_a_confusion_matrix_decides_who_is_in(net):
    case = {**CASE, "source": "confusion"}
    confusion = np.array([[9, 0, 5, 1], [6, 9, 0, 0], [0, 0, 9, 0], [0, 0, 0, 9]])  # 0 is taken for 2, 1 for 0
    table = scored(net, variants([case], strengths=[0], candidates=5, seed=7), confusion=Confusion(confusion))
    found = table[table["image_id"] == "a"].set_index("method")["compared_in"]
    assert found[["case", "case_both_in", "case_heldout", "case_matched"]].tolist() == [
        *("second", "both", "neither", "neither")
    ]


def test_scores_of_methods_get_the_variants_names(net):
    chosen = variants([CASE], strengths=[0.5], candidates=5, seed=7)
    table = named(scored(net, chosen).assign(method=chosen[-1].method.name), chosen)
    assert set(table["method"]) == {"case_difference_heldout"}
    assert set(table["strength"]) == {0.5}
