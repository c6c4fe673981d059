"""Splits: stratified, seeded by the ids alone, never overlapping."""

from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from case_saliency.datasets.splits import stratified

SHARES = {"train": Fraction(1, 2), "validation": Fraction(1, 10), "heldout": Fraction(3, 20), "test": Fraction(1, 4)}


def test_sizes_by_hand() -> None:
    # Ten images of a class: 0, 5, 6, round(7.5) = 8 and 10 are the edges (halves go to the even number).
    found = stratified([str(number) for number in range(10)], [3] * 10, SHARES)
    assert Counter(found) == {"train": 5, "validation": 1, "heldout": 2, "test": 2}


def test_the_one_image_of_a_class_is_evaluated() -> None:
    assert stratified(["only"], [0], {"heldout": Fraction(1, 2), "test": Fraction(1, 2)}) == ["test"]


@given(labels=st.lists(st.integers(0, 4), max_size=80), seed=st.randoms(use_true_random=False))
def test_each_class_is_divided_by_its_shares_whatever_the_order(labels: list[int], seed: object) -> None:
    image_ids = [f"image-{number}" for number in range(len(labels))]
    found = dict(zip(image_ids, stratified(image_ids, labels, SHARES), strict=True))
    assert set(found.values()) <= set(SHARES)
    for label, total in Counter(labels).items():
        counts = Counter(found[name] for name, other in zip(image_ids, labels, strict=True) if other == label)
        assert all(abs(counts[split] - total * share) <= 1 for split, share in SHARES.items())
    shuffled = list(zip(image_ids, labels, strict=True))
    seed.shuffle(shuffled)  # type: ignore[attr-defined]
    names, others = [name for name, _ in shuffled], [label for _, label in shuffled]
    assert dict(zip(names, stratified(names, others, SHARES), strict=True)) == found


def test_shares_that_do_not_add_to_one_are_a_defect() -> None:
    with pytest.raises(ValueError, match="add to 1/2, expected 1"):
        stratified(["a"], [0], {"test": Fraction(1, 2)})
