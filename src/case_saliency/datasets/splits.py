"""Splits that are part of a dataset: seeded, stratified by class, the same for everyone."""

import hashlib
from collections.abc import Mapping, Sequence
from fractions import Fraction

SEED = 0
"""Of every split. It is a constant, not a parameter: networks trained on a split and results on another stay apart."""


def stratified(image_ids: Sequence[str], labels: Sequence[int], shares: Mapping[str, Fraction]) -> list[str]:
    r"""Divide images into splits within each class.

    The n images of a class are ranked by the SHA-256 of ``split:<SEED>:<image_id>``. Split j takes the ranks from
    round(n S_{j-1}) to round(n S_j), with S_j the sum of the first j shares. So the choice depends on the ids and
    labels alone, not on the order of the rows, and a split's size in a class differs from its share by less than 1.

    Parameters
    ----------
    image_ids
        Unique names.
    labels
        Class index of each image.
    shares
        Split -> share of each class; they add to 1.

    Returns
    -------
    list of str
        The split of each image.

    Examples
    --------
    >>> stratified(list("abcd"), [0, 0, 1, 1], {"heldout": Fraction(1, 2), "test": Fraction(1, 2)})
    ['heldout', 'test', 'test', 'heldout']
    """
    if sum(shares.values()) != 1:
        raise ValueError(f"stratified: shares {dict(shares)} add to {sum(shares.values())}, expected 1")
    members: dict[int, list[int]] = {}
    for position, label in enumerate(labels):
        members.setdefault(int(label), []).append(position)
    found = [""] * len(image_ids)
    for positions in members.values():
        ranked = sorted(positions, key=lambda position: _rank(image_ids[position]))
        start, total = 0, Fraction(0)
        for split, share in shares.items():
            total += share
            stop = round(len(ranked) * total)
            for position in ranked[start:stop]:
                found[position] = split
            start = stop
    return found


def _rank(image_id: str) -> bytes:
    return hashlib.sha256(f"split:{SEED}:{image_id}".encode()).digest()
