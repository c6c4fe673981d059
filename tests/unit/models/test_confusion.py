"""What a network takes images for, on a hand-made example."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from case_saliency.errors import CaseSaliencyError
from case_saliency.models import confusion

LN3 = float(np.log(3))
# Logits of five images, of classes 0, 0, 0, 1, 2: probabilities of thirds and fifths.
LOGITS = {
    "a": (0, [LN3, 0.0, 0.0]),  # 3/5 1/5 1/5: taken for 0
    "b": (0, [0.0, LN3, 0.0]),  # 1/5 3/5 1/5: taken for 1
    "c": (0, [0.0, 0.0, 0.0]),  # equal: the lowest index, 0
    "d": (1, [0.0, 0.0, LN3]),  # taken for 2
    "e": (2, [0.0, 0.0, LN3]),  # taken for 2
}


class Echo(nn.Module):
    """A network whose logits are its input."""

    def forward(self, inputs: Tensor) -> Tensor:
        return inputs


def estimate(logits: dict[str, tuple[int, list[float]]], n_classes: int = 3) -> confusion.Confusions:
    batches = [([name], torch.tensor([values])) for name, (_, values) in logits.items()]
    return confusion.estimate(Echo(), batches, {name: label for name, (label, _) in logits.items()}, n_classes)


def test_counts_and_mean_probabilities_by_hand() -> None:
    found = estimate(LOGITS)
    assert found.counts.tolist() == [[2, 1, 0], [0, 0, 1], [0, 0, 1]]
    first = np.array([[3 / 5, 1 / 5, 1 / 5], [1 / 5, 3 / 5, 1 / 5], [1 / 3] * 3]).mean(0)
    np.testing.assert_allclose(found.mean_softmax, [first, [1 / 5, 1 / 5, 3 / 5], [1 / 5, 1 / 5, 3 / 5]], rtol=1e-6)


def test_rows_with_fewer_than_k_other_classes_are_counted() -> None:
    found = estimate(LOGITS)
    assert [found.short_rows(k) for k in (1, 2)] == [1, 3]


def test_a_class_without_images_has_zeros() -> None:
    found = estimate({"a": LOGITS["a"]})
    assert found.counts[1:].tolist() == [[0, 0, 0]] * 2
    assert found.mean_softmax[1:].tolist() == [[0, 0, 0]] * 2


def test_the_batches_do_not_matter() -> None:
    one = confusion.estimate(
        Echo(),
        [(list(LOGITS), torch.tensor([values for _, values in LOGITS.values()]))],
        {name: label for name, (label, _) in LOGITS.items()},
        3,
    )
    assert np.array_equal(one.counts, estimate(LOGITS).counts)
    assert np.array_equal(one.mean_softmax, estimate(LOGITS).mean_softmax)


@pytest.mark.parametrize(
    ("logits", "n_classes", "message"),
    [
        ({}, 3, "no image was given; the held-out split is empty"),
        ({"x": (3, [0.0, 0.0, 0.0])}, 3, "image x: label 3 found, the model has classes 0 to 2"),
        ({"x": (0, [0.0, float("nan"), 0.0])}, 3, "image x: 3 finite logits expected"),
        ({"x": (0, [0.0, 0.0])}, 3, r"image x: 3 finite logits expected, \(2,\) found"),
    ],
)
def test_what_cannot_be_counted_is_named(
    logits: dict[str, tuple[int, list[float]]], n_classes: int, message: str
) -> None:
    with pytest.raises(CaseSaliencyError, match=message):
        estimate(logits, n_classes)
