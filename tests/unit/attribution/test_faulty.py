"""Faulty contrast sets by hand: pooled gradients (1, 0), (0, 3), (2, 1), logits 12, -1, 20 (see conftest)."""

import numpy as np
import pytest

from case_saliency.attribution import faulty, registry

TARGET = f"{faulty.__name__}:{faulty.case_with_faulty_set.__name__}"


def drawn(run, net, image, **parameters):
    method = {"name": "it", "method": TARGET, "relu": False, **parameters}
    found = run(net, image, [[0, 2]], [method], "features")
    return found.maps["layer"]["it"], found.extras["layer"]["it"]["contrast_classes"].tolist()


def test_a_class_in_its_own_set_of_one_leaves_nothing(run, linear_net, image):
    maps, members = drawn(run, linear_net, image, fault="itself", k=1)
    assert members == [[[0], [2]]]
    np.testing.assert_allclose(maps, 0, atol=1e-6)


def test_a_class_stands_in_its_set_in_place_of_the_last_one(run, linear_net, image):
    _, members = drawn(run, linear_net, image, fault="itself", k=2)
    assert members == [[[0, 2], [2, 0]]]


def test_arbitrary_classes_are_those_of_highest_index_whatever_the_image(run, linear_net, image):
    maps, members = drawn(run, linear_net, image, fault="arbitrary", k=2)
    assert members == [[[2, 1], [2, 1]]]
    g, m = np.array([1.0, 0.0]), (np.array([2.0, 1.0]) + np.array([0.0, 3.0])) / 2
    left = g - (g @ m) / (m @ m) * m
    activations = image[0].numpy()
    np.testing.assert_allclose(maps[0, 0], np.tensordot(left, activations, 1), rtol=1e-5)


def test_both_faults_together(run, linear_net, image):
    _, members = drawn(run, linear_net, image, fault="both", k=2)
    assert members == [[[0, 2], [2, 2]]]


def test_the_faulty_method_is_in_no_registry():
    assert not any(faulty.__name__ in entry.target for entry in registry.ENTRIES.values())
    with pytest.raises(Exception, match="fault"):
        registry.resolve([{"name": "it", "method": TARGET, "fault": "none"}])
