"""Drawing mosaics, putting them together, and asking a network for their classes."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from case_saliency.errors import CaseSaliencyError
from case_saliency.fidelity.mosaics import Mosaic, assemble, batches, draw, exclusions, recognise


def distinct(n):
    return {f"image-{i}": 100 + i for i in range(n)}


def uses(mosaics):
    return Counter(image_id for mosaic in mosaics for image_id in mosaic.image_ids)


@given(sizes=st.lists(st.integers(1, 6), min_size=4, max_size=8), n_mosaics=st.integers(1, 12), seed=st.integers(0, 99))
def test_a_mosaic_has_four_classes_and_each_image_its_own(sizes, n_mosaics, seed):
    classes = {f"{label}-{i}": label for label, size in enumerate(sizes) for i in range(size)}
    mosaics = draw(classes, n_mosaics, seed)
    assert [mosaic.name for mosaic in mosaics] == [f"mosaic-{i}" for i in range(n_mosaics)]
    for mosaic in mosaics:
        assert len(set(mosaic.classes)) == 4
        assert tuple(classes[image_id] for image_id in mosaic.image_ids) == mosaic.classes


@given(n=st.integers(4, 30), n_mosaics=st.integers(1, 20), seed=st.integers(0, 99))
def test_images_of_different_classes_recur_equally_often_and_as_late_as_possible(n, n_mosaics, seed):
    mosaics = draw(distinct(n), n_mosaics, seed)
    counts = [uses(mosaics)[name] for name in distinct(n)]
    assert max(counts) - min(counts) <= 1
    assert max(uses(mosaics[: n // 4]).values()) == 1


def test_the_draw_depends_on_its_arguments_alone():
    first = draw(distinct(18), 20, 0)
    assert first == draw(distinct(18), 20, 0)
    assert first[:7] == draw(distinct(18), 7, 0)
    assert first != draw(distinct(18), 20, 1)


def test_every_image_comes_into_every_cell():
    cells = {(image_id, cell) for mosaic in draw(distinct(4), 100, 0) for cell, image_id in enumerate(mosaic.image_ids)}
    assert len(cells) == 16


def test_a_class_with_most_of_the_images_takes_one_cell():
    classes = {f"a-{i}": 0 for i in range(6)} | {"b": 1, "c": 2, "d": 3}
    counts = uses(draw(classes, 6, 0))
    assert [counts[name] for name in classes] == [1] * 6 + [6] * 3


def test_too_few_classes_are_told_with_numbers():
    with pytest.raises(CaseSaliencyError, match=r"5 images of 3 classes are .* needs 4 classes; lower min_confidence"):
        draw({"a": 0, "b": 1, "c": 2, "d": 0, "e": 0}, 1, 0)


def test_images_that_may_not_be_drawn():
    table = pd.DataFrame(
        {"image_id": ["a", "b", "c", "d"], "p_top1": [0.5, 0.49, 0.9, 0.1], "correct": [True, True, False, False]}
    )
    assert exclusions(table, 0.5) == {"a": "", "b": "unconfident", "c": "misclassified", "d": "misclassified"}


def test_cells_lie_row_by_row():
    images = [torch.full((3, 2, 5), float(cell)) for cell in range(4)]
    mosaic = assemble(images)
    assert mosaic.shape == (3, 4, 10)
    assert mosaic[0, ::3, ::9].tolist() == [[0, 1], [2, 3]]


def test_a_halved_mosaic_averages_pixels():
    images = [torch.arange(16.0).reshape(1, 4, 4) + 100 * cell for cell in range(4)]
    halved = assemble(images, "halved")
    assert halved.shape == (1, 4, 4)
    assert halved[0, :2].tolist() == [[2.5, 4.5, 102.5, 104.5], [10.5, 12.5, 110.5, 112.5]]


def test_an_odd_side_is_halved_across_the_border():
    images = [torch.full((1, 3, 3), float(cell)) for cell in range(4)]
    assert assemble(images, "halved")[0].tolist() == [[0, 0.5, 1], [1, 1.5, 2], [2, 2.5, 3]]


MOSAICS = [Mosaic("mosaic-0", tuple("abcd"), (0, 1, 2, 3)), Mosaic("mosaic-1", tuple("dcba"), (3, 2, 1, 0))]
IMAGES = {name: torch.full((3, 1, 1), float(value)) for name, value in zip("abcd", (1, 2, 3, 4), strict=True)}


def test_batches_follow_the_mosaics():
    [(names, first), (later, _)] = batches(MOSAICS, IMAGES, "native", batch_size=1)
    assert (names, later) == (["mosaic-0"], ["mosaic-1"])
    assert first[0, 0].tolist() == [[1, 2], [3, 4]]


def test_confidence_and_rank_by_hand():
    scores = np.log([0.4, 0.1, 0.2, 0.2, 0.1])
    seen = recognise(
        lambda images: torch.tensor(scores).expand(len(images), -1),
        batches(MOSAICS, IMAGES, "native", batch_size=2),
        MOSAICS,
    )
    assert seen.confidence == pytest.approx(np.array([[0.4, 0.1, 0.2, 0.2], [0.2, 0.2, 0.1, 0.4]]))
    assert seen.rank.tolist() == [[1, 4, 2, 2], [2, 2, 4, 1]]


def test_a_network_that_refuses_the_size_is_told():
    fixed = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3, 5))
    inputs = batches(MOSAICS, IMAGES, "native", batch_size=2)
    with pytest.raises(CaseSaliencyError, match=r"refuses mosaics of 2 x 2 pixels .* set localization.size to halved"):
        recognise(fixed, inputs, MOSAICS)


def test_a_logit_that_is_not_finite_is_told():
    inputs = batches(MOSAICS, IMAGES, "native", batch_size=2)
    with pytest.raises(CaseSaliencyError, match="mosaic-0 to mosaic-1: a logit is not finite"):
        recognise(lambda images: torch.full((len(images), 5), torch.inf), inputs, MOSAICS)
