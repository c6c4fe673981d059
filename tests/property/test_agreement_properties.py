"""Invariants of the agreement scores of arbitrary maps."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from case_saliency.diagnostic.agreement import score_agreement

maps = arrays(
    np.float32,
    (2, 2, 3, 3),
    elements=st.one_of(st.integers(-2, 3).map(float), st.just(0.0), st.just(float("nan"))),
)
fast = settings(max_examples=60, deadline=None, derandomize=True)


def score(values, k_percents):
    return score_agreement(
        values,
        image_ids=["a", "b"],
        targets=np.array([[0, 1], [1, 0]]),
        qualified=np.array([True, True]),
        input_size=(6, 6),
        k_percents=k_percents,
    )


@fast
@given(maps)
def test_a_score_is_a_percentage_or_has_a_named_defect(values):
    table = score(values, [5, 30, 100])
    assert table["agreement"].isna().tolist() == (table["degenerate"] != "").tolist()
    assert table["agreement"].dropna().between(0, 100 + 1e-9).all()


@fast
@given(maps)
def test_swapping_the_classes_changes_nothing(values):
    there, back = score(values, [5, 30]), score(values[:, ::-1], [5, 30])
    np.testing.assert_allclose(there["agreement"], back["agreement"], rtol=1e-12)
    assert there["degenerate"].tolist() == back["degenerate"].tolist()
