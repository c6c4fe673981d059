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


COUNTS = np.array([[7, 2, 0, 2, 0], [0, 9, 0, 0, 0], [1, 0, 5, 0, 3], [0, 0, 4, 5, 0], [0, 0, 0, 0, 8]])
SOFTMAX = np.array(
    [
        [0.70, 0.10, 0.02, 0.15, 0.03],
        [0.01, 0.90, 0.05, 0.02, 0.02],
        [0.20, 0.01, 0.50, 0.01, 0.28],
        [0.10, 0.10, 0.30, 0.40, 0.10],
        [0.00, 0.00, 0.00, 0.00, 1.00],
    ]
)


@pytest.mark.parametrize(
    ("label", "members", "share"),
    [
        # Confused twice with 1 and with 3: the more probable one first. The third is never confused, but likelier.
        (0, [3, 1, 4], 1 / 3),
        (1, [2, 3, 4], 1.0),  # an empty row: by probability; 3 and 4 are equally probable, and 3 has the higher logit
        (2, [4, 0, 3], 1 / 3),  # 1 and 3 are equally probable, and 3 has the higher logit
        (3, [2, 4, 1], 2 / 3),  # 0, 1 and 4 are equally probable: by logit, 4, then 1
        (4, [3, 2, 1], 1.0),  # nothing is known: by the image's logits alone
    ],
)
def test_contrast_sets_from_a_confusion_matrix(label, members, share):
    logits = torch.tensor([[-1.0, 0.0, 1.0, 3.0, 2.0]])
    confusion, classes = contrast.Confusion(COUNTS, SOFTMAX), torch.tensor([[label]])
    nearness = contrast.similarity("confusion", classes, logits, confusion, nn.Identity())
    sets = contrast.nearest(nearness, logits, classes[..., None], 3)
    assert sets.tolist() == [[members]]
    assert contrast.filled(sets, classes, confusion).tolist() == [[pytest.approx(share)]]


def test_a_count_always_goes_before_a_probability():
    counts, softmax = np.array([[500, 1, 0], [0, 1, 0], [0, 0, 1]]), np.array([[0.5, 1e-6, 0.499]] * 3)
    nearness = contrast.Confusion(counts, softmax).nearness()
    assert nearness[0, 1] > nearness[0, 2]


def test_a_large_matrix_keeps_small_differences():
    # 10,000 confusions and probabilities that differ by 1e-9: single precision would see ties.
    softmax = np.array([[0.2, 0.2 + 1e-9, 0.2 + 2e-9, 0.2]] * 4)
    confusion = contrast.Confusion(np.array([[0, 10_000, 10_000, 9_999]] * 4), softmax)
    nearness = contrast.similarity("confusion", torch.tensor([[0]]), LOGITS, confusion, nn.Identity())
    assert contrast.nearest(nearness, LOGITS, torch.tensor([[[0]]]), 3).tolist() == [[[2, 1, 3]]]


def test_probabilities_of_another_shape_are_refused():
    with pytest.raises(CaseSaliencyError, match=r"shape \(2, 2\) found, \(3, 3\) expected"):
        contrast.Confusion(np.ones((3, 3)), np.ones((2, 2)))
    with pytest.raises(CaseSaliencyError, match=r"shape \(3, 2\) found, a square one expected"):
        contrast.Confusion(np.ones((3, 2)))


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
