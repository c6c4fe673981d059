import numpy as np
import pytest
import torch
from torch import nn

from case_saliency.diagnostic.activity import ChannelActivity, pooled_activations

POOLED = np.array([[2.0, 0.0, 0.0, -1.0], [0.0, 2.0, 0.0, -1.0], [0.0, 4.0, 0.6, -1.0], [9.0, 9.0, 9.0, 9.0]])
LABELS = np.array([0, 0, 1, 1])
QUALIFIED = np.array([True, True, True, False])


def scored(thresholds=(0.5,), qualified=QUALIFIED):
    activity = ChannelActivity(thresholds)
    for part in (slice(0, 3), slice(3, 4)):
        activity.add(POOLED[part], LABELS[part], qualified[part])
    return activity.table("output", list("abcd"), LABELS, qualified)


def test_counts_and_fractions_are_those_of_each_image():
    table = scored((0.5, 3.0))
    assert table["n_active"].tolist() == [1, 1, 2, 4, 0, 0, 1, 4]
    assert table["active_fraction"].tolist() == [0.25, 0.25, 0.5, 1, 0, 0, 0.25, 1]
    assert table["threshold"].tolist() == [0.5] * 4 + [3.0] * 4
    assert table["reason"].tolist() == ["", "", "", "misclassified"] * 2


def test_classes_overlap_by_their_mean_activation_over_qualified_images():
    # Class 0: means (1, 1, 0, -1), channels {0, 1}; class 1 without the misclassified image: {1, 2}. One of three.
    assert scored()["class_overlap"].tolist() == pytest.approx([1 / 3] * 4)


def test_two_classes_without_active_channels_are_alike_and_a_lone_class_has_no_overlap():
    assert scored((100.0,))["class_overlap"].tolist() == [1.0] * 4
    assert scored(qualified=np.array([True, True, False, False]))["class_overlap"].isna().all()


def test_activations_that_are_not_finite_are_refused():
    with pytest.raises(ValueError, match="not finite"):
        ChannelActivity([0.5]).add(POOLED * np.nan, LABELS, QUALIFIED)


def test_activations_of_more_images_than_labels_are_refused():
    with pytest.raises(ValueError, match=r"pooled \(4, 4\), 3 labels and 4 qualified"):
        ChannelActivity([0.5]).add(POOLED, LABELS[:3], QUALIFIED)


def test_pooling_averages_the_output_and_its_positive_part():
    network = nn.Sequential(nn.Conv2d(3, 2, 1, bias=False), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    with torch.no_grad():
        network[0].weight.copy_(torch.tensor([[1.0, 0, 0], [-1.0, 0, 0]])[:, :, None, None])
    images = torch.zeros(1, 3, 2, 2)
    images[0, 0] = torch.tensor([[4.0, 0.0], [-2.0, 0.0]])
    batches = [(["a"], images), (["b"], 2 * images)]
    (first, one), (second, other) = pooled_activations(network, batches, {"conv": "0"})
    assert (first, second) == (["a"], ["b"])
    assert [found["conv", "output"].tolist() for found in (one, other)] == [[[0.5, -0.5]], [[1.0, -1.0]]]
    assert [found["conv", "rectified"].tolist() for found in (one, other)] == [[[1.0, 0.5]], [[2.0, 1.0]]]
