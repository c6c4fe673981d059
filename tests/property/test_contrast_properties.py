"""What holds of every contrast set, whatever the logits, the classes and the nearness."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from case_saliency.attribution import contrast

N_CLASSES = 8
fast = settings(max_examples=60, deadline=None, derandomize=True)


@st.composite
def sets(draw):
    """Nearness (ties included), logits, a pair of classes, and k."""
    values = st.lists(st.integers(0, 4), min_size=N_CLASSES, max_size=N_CLASSES)
    near = torch.tensor([[draw(values), draw(values)]], dtype=torch.float32)
    logits = torch.tensor([draw(values)], dtype=torch.float32)
    pair = draw(st.permutations(range(N_CLASSES)))[:2]
    return near, logits, torch.tensor([pair]), draw(st.integers(1, N_CLASSES - 2))


@fast
@given(sets())
def test_members_are_k_other_classes_and_the_compared_one_where_it_belongs(drawn):
    near, logits, pair, k = drawn
    own, other = pair[..., None], pair.flip(1)[..., None]
    free = contrast.nearest(near, logits, own, k)[0].tolist()
    both_in = contrast.nearest(near, logits, own, k, forced=other)[0].tolist()
    out = contrast.nearest(near, logits, torch.cat([own, other], -1), k)[0].tolist()
    first, second = pair[0].tolist()
    for (mine, theirs), *found in zip([(first, second), (second, first)], free, both_in, out, strict=True):
        assert all(len(set(members)) == k and mine not in members for members in found)
        as_it_comes, forced, held_out = found
        assert theirs in forced
        assert theirs not in held_out
        if theirs in as_it_comes:
            assert forced == as_it_comes
            assert [member for member in as_it_comes if member != theirs] == held_out[: k - 1]
        else:
            assert forced == [*as_it_comes[:-1], theirs]
            assert held_out == as_it_comes


@fast
@given(st.integers(0, 2**32 - 1), st.integers(2, 6))
def test_projecting_each_vector_off_the_other_turns_their_cosine_around(seed, size):
    a, b = np.random.default_rng(seed).normal(size=(2, size))
    left, right = a - (a @ b) / (b @ b) * b, b - (a @ b) / (a @ a) * a
    cosine = (a @ b) / np.sqrt((a @ a) * (b @ b))
    np.testing.assert_allclose(left @ right, -(a @ b) * (1 - cosine**2), atol=1e-9)
    np.testing.assert_allclose(left @ left, (a @ a) * (1 - cosine**2), atol=1e-9)
    np.testing.assert_allclose(right @ right, (b @ b) * (1 - cosine**2), atol=1e-9)
