"""Invariants that hold for all inputs."""

from itertools import pairwise

import numpy as np
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from case_saliency.attribution import contrast, quality
from case_saliency.attribution.case import projection
from case_saliency.attribution.registry import ENTRIES, resolve
from case_saliency.attribution.resample import upsample

VALUES = st.floats(-100, 100, width=32)
MAPS = arrays(np.float32, st.tuples(st.just(2), st.integers(1, 6), st.integers(1, 6)), elements=VALUES)
SIZES = st.tuples(st.integers(1, 20), st.integers(1, 20))


@given(MAPS, SIZES)
def test_upsampling_stays_within_the_maps_range(maps, size):
    found = upsample(maps, size)
    slack = 1e-5 * np.abs(maps).max()
    assert found.shape == (2, *size)
    assert found.min() >= maps.min() - slack
    assert found.max() <= maps.max() + slack


@given(MAPS, SIZES)
def test_upsampling_a_mirrored_map_mirrors_the_result(maps, size):
    mirrored = upsample(maps[..., ::-1], size)[..., ::-1]
    np.testing.assert_allclose(mirrored, upsample(maps, size), atol=1e-3)


VECTORS = arrays(np.float64, (2, 3, 7), elements=st.floats(-10, 10).map(lambda x: round(x, 3)))


@given(VECTORS, VECTORS)
def test_what_is_left_is_orthogonal_and_projecting_again_changes_nothing(vectors, directions):
    v, d = torch.from_numpy(vectors), torch.from_numpy(directions)
    left = v - projection(v, d, 1e-30)
    np.testing.assert_allclose((left * d).sum(-1), 0, atol=1e-8)
    np.testing.assert_allclose(projection(left, d, 1e-30), 0, atol=1e-8)
    assert (left.square().sum(-1) <= v.square().sum(-1) + 1e-8).all()


@settings(deadline=None)
@given(st.data())
def test_contrast_sets_have_k_other_classes_in_order_of_nearness(data):
    n_classes = data.draw(st.integers(3, 9))
    excluded = data.draw(st.lists(st.integers(0, n_classes - 1), min_size=1, max_size=n_classes - 1, unique=True))
    k = data.draw(st.integers(1, n_classes - len(excluded)))
    values = st.lists(st.integers(-3, 3), min_size=n_classes, max_size=n_classes)
    nearness = torch.tensor(data.draw(values), dtype=torch.float32)[None, None]
    logits = torch.tensor(data.draw(values), dtype=torch.float32)[None]
    (members,) = contrast.nearest(nearness, logits, torch.tensor(excluded)[None, None], k)[0].tolist()
    allowed = [c for c in range(n_classes) if c not in excluded]
    assert members == sorted(allowed, key=lambda c: (-nearness[0, 0, c], -logits[0, c], c))[:k]


@given(MAPS, st.floats(0.01, 100))
def test_a_positive_factor_always_coincides(maps, factor):
    assume(not ((maps != 0) & (np.abs(maps) < 1e-30)).any())  # those lose digits, or vanish
    same = {"first": maps[None], "second": maps[None] * np.float32(factor)}
    assert quality.coincidences(same) == ({"second": "first"} if maps.any() else {})


def coincidences_at_once(maps):
    """The rule, over all images: the first earlier method that is no copy itself and has the same scaled maps."""
    found, distinct = {}, {}
    for name, values in maps.items():
        scale = np.abs(values).max((-2, -1), keepdims=True)
        if np.isfinite(scale).all() and scale.any():
            unit = values / np.where(scale == 0, 1, scale)
            copied = (
                earlier
                for earlier, other in distinct.items()
                if other.shape == unit.shape and np.abs(unit - other).max() <= quality.COINCIDENCE_TOLERANCE
            )
            found[name] = next(copied, "")
            if not found[name]:
                distinct[name] = unit
    return {name: earlier for name, earlier in found.items() if earlier}


@st.composite
def similar_methods(draw):
    """Maps of one layer: most are those of another method times positive factors, some with a spoilt image."""
    shape = (draw(st.integers(1, 6)), 2, 2, 3)
    sources = [draw(arrays(np.float32, shape, elements=st.sampled_from([-1, 0, 0.5, 2]))) for _ in range(2)]
    maps = {}
    for index in range(draw(st.integers(1, 6))):
        factors = draw(arrays(np.float32, (shape[0], 1, 1, 1), elements=st.sampled_from([0.5, 1, 3])))
        values = sources[draw(st.integers(0, 1))] * factors
        change = draw(st.sampled_from([None, None, None, None, "small", 0.0, 0.25, np.nan, np.inf, -np.inf]))
        at = draw(st.integers(0, shape[0] - 1))
        if change == "small":
            values[at, 0, 0, 0] *= np.float32(1 + draw(st.sampled_from([5e-5, 2e-4])))
        elif change == 0:
            values[at] = 0
        elif change is not None:
            values[at, 0, 0, 0] = change
        if draw(st.integers(0, 9)) == 0:
            values = draw(st.sampled_from([np.zeros_like(values), values[..., :2]]))
        maps[f"method{index}"] = values
    return maps


@settings(max_examples=300)
@given(similar_methods(), st.data())
def test_coincidences_do_not_depend_on_how_images_are_cut_into_parts(maps, data):
    n_images = len(next(iter(maps.values())))
    cuts = data.draw(st.sets(st.integers(1, n_images)))
    same = quality.Coincidences()
    for start, stop in pairwise([0, *sorted(cuts | {n_images})]):
        same.add({name: values[start:stop] for name, values in maps.items()})
    assert same.found() == quality.coincidences(maps) == coincidences_at_once(maps)


@given(st.sampled_from(sorted(ENTRIES)))
def test_a_variant_with_all_parameters_spelt_out_is_the_method(name):
    (method,) = resolve([name])
    (variant,) = resolve([{"name": name, "method": name, **method.parameters}])
    assert variant == method
