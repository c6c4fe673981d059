import numpy as np
import pytest
import torch
from torch import nn

from case_saliency.attribution import contrast
from case_saliency.errors import CaseSaliencyError

LOGITS = torch.tensor([[1.0, 4.0, 3.0, 2.0]])


def test_never_confused_classes_are_ranked_by_the_logits():
    confusion = contrast.Confusion(np.array([[50, 0, 0, 0]] * 4))
    nearness = contrast.similarity("confusion", torch.tensor([[0]]), LOGITS, confusion, nn.Identity())
    assert contrast.nearest(nearness, LOGITS, torch.tensor([[[0]]]), 2).tolist() == [[[1, 2]]]


def test_equal_logits_are_ranked_by_class_index():
    logits = torch.zeros(1, 4)
    assert contrast.nearest(logits[:, None], logits, torch.tensor([[[1]]]), 3).tolist() == [[[0, 2, 3]]]


def test_weights_use_the_cosine_of_the_last_linear_layer():
    head = nn.Linear(2, 4, bias=False)
    head.weight.data = torch.tensor([[1.0, 0.0], [9.0, 9.0], [1.0, 0.1], [-1.0, 0.0]])
    net = nn.Sequential(nn.Linear(2, 2), head)
    nearness = contrast.similarity("weights", torch.tensor([[0]]), LOGITS, None, net)
    np.testing.assert_allclose(nearness[0, 0], [1, 0.5**0.5, 1 / 1.01**0.5, -1], rtol=1e-6)
    assert contrast.nearest(nearness, LOGITS, torch.tensor([[[0]]]), 2).tolist() == [[[2, 1]]]


def test_excluded_classes_never_appear():
    sets = contrast.nearest(LOGITS[:, None], LOGITS, torch.tensor([[[1, 2]]]), 2)
    assert sets.tolist() == [[[3, 0]]]


@pytest.mark.parametrize(
    ("source", "confusion", "message"),
    [
        ("confusion", None, "none was given; use source: logits"),
        ("confusion", contrast.Confusion(np.ones((3, 3))), r"shape \(3, 3\) found, the model has 4 classes"),
        ("weights", None, "needs a last linear layer with 4 outputs"),
    ],
)
def test_unusable_sources(source, confusion, message):
    with pytest.raises(CaseSaliencyError, match=message):
        contrast.similarity(source, torch.tensor([[0]]), LOGITS, confusion, nn.Identity())


def test_too_large_a_set():
    with pytest.raises(CaseSaliencyError, match="k is 4, but only 3 other classes are left; lower k"):
        contrast.nearest(LOGITS[:, None], LOGITS, torch.tensor([[[1]]]), 4)
