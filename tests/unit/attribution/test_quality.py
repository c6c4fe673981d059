import numpy as np

from case_saliency.attribution import quality

A = np.random.default_rng(0).normal(size=(3, 2, 4, 4)).astype(np.float32)


def test_positive_factors_coincide():
    factors = np.array([1, 5, 0.1], dtype=np.float32)[:, None, None, None]
    found = quality.coincidences({"a": A, "b": A * factors, "c": -A, "d": A * (1 + 1e-6)})
    assert found == {"b": "a", "d": "a"}


def test_one_different_map_is_enough():
    other = A.copy()
    other[2, 1, 0, 0] += 0.1
    assert quality.coincidences({"a": A, "b": other}) == {}


def test_maps_without_content_are_no_evidence():
    zero = np.zeros_like(A)
    some = A.copy()
    some[0] = 0
    assert quality.coincidences({"zero": zero, "also_zero": zero, "some": some, "same": some.copy()}) == {
        "same": "some"
    }


def test_other_resolutions_do_not_coincide():
    assert quality.coincidences({"a": A, "b": A[..., :2]}) == {}
