"""Top-1 and top-2: hand-computed on a linear network, and on the real ones."""

import math
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
import torch

from case_saliency.datasets import images
from case_saliency.errors import CaseSaliencyError
from case_saliency.models import networks
from case_saliency.models.predict import predict


class FirstRow(torch.nn.Module):
    """The logits are the pixels of the first row of the first channel."""

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return inputs[:, 0, 0]


def batches(*logits: list[float], size: int = 2) -> Iterator[tuple[list[str], torch.Tensor]]:
    rows = torch.tensor(logits)[:, None, None].expand(-1, 3, 2, -1)
    for start in range(0, len(logits), size):
        chunk = rows[start : start + size]
        yield [f"image{start + offset}" for offset in range(len(chunk))], chunk


def labels(*values: int) -> dict[str, int]:
    return {f"image{index}": value for index, value in enumerate(values)}


def test_hand_computed_probabilities() -> None:
    # softmax of log(1), log(6), log(3) is 1/10, 6/10, 3/10
    table = predict(FirstRow(), batches([0.0, math.log(6), math.log(3)]), labels(1))
    assert table.to_dict("records") == [
        {
            "image_id": "image0",
            "label": 1,
            "top1": 1,
            "top2": 2,
            "p_top1": pytest.approx(0.6, abs=1e-7),
            "p_top2": pytest.approx(0.3, abs=1e-7),
            "logit_top1": pytest.approx(math.log(6), abs=1e-7),
            "logit_top2": pytest.approx(math.log(3), abs=1e-7),
            "correct": True,
        }
    ]
    assert table.dtypes[["label", "top1", "top2", "correct"]].astype(str).tolist() == ["int64"] * 3 + ["bool"]


def test_softmax_is_taken_in_float64() -> None:
    # In float32, 1 / (1 + exp(-20)) rounds to 1.
    table = predict(FirstRow(), batches([20.0, 0.0]), labels(0))
    assert table.loc[0, "p_top1"] == 1 / (1 + math.exp(-20)) < 1
    assert table.loc[0, "p_top2"] == pytest.approx(math.exp(-20) / (1 + math.exp(-20)), rel=1e-15)


def test_large_logits_do_not_overflow() -> None:
    table = predict(FirstRow(), batches([1e30, -1e30, 1e30]), labels(0))
    assert table.loc[0, ["top1", "top2", "p_top1", "p_top2"]].tolist() == [0, 2, 0.5, 0.5]


@pytest.mark.parametrize(
    ("logits", "top1", "top2"),
    [([1.0, 1.0, 1.0], 0, 1), ([0.0, 5.0, 5.0], 1, 2), ([5.0, 0.0, 5.0], 0, 2), ([2.0, 1.0, 3.0, 2.0], 2, 0)],
)
def test_of_equal_logits_the_lower_class_index_ranks_first(logits: list[float], top1: int, top2: int) -> None:
    table = predict(FirstRow(), batches(logits), labels(0))
    assert (table.loc[0, "top1"], table.loc[0, "top2"]) == (top1, top2)


def test_batches_change_nothing() -> None:
    logits = [[3.0, 1.0, 2.0], [0.0, 1.0, 5.0], [1.0, 2.0, 0.0]]
    whole = predict(FirstRow(), batches(*logits, size=3), labels(0, 0, 1))
    pd.testing.assert_frame_equal(predict(FirstRow(), batches(*logits, size=1), labels(0, 0, 1)), whole)
    assert whole["image_id"].tolist() == ["image0", "image1", "image2"]
    assert whole["correct"].tolist() == [True, False, True]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_logit_that_is_not_finite_names_the_image(value: float) -> None:
    with pytest.raises(CaseSaliencyError, match="image image1: 1 of 2 logits are NaN or infinite"):
        predict(FirstRow(), batches([1.0, 0.0], [0.0, value]), labels(0, 0))


@pytest.mark.parametrize("label", [-1, 2])
def test_a_label_out_of_range_names_the_image(label: int) -> None:
    with pytest.raises(CaseSaliencyError, match=f"image image0: label {label} found, the model has classes 0 to 1"):
        predict(FirstRow(), batches([1.0, 0.0]), labels(label))


@pytest.mark.parametrize(
    ("model", "mistakes"),
    [
        ("efficientnet_lite0", {"imagenet_06_609": 436, "imagenet_07_609": 511}),
        ("efficientnet_lite1", {"imagenet_07_609": 511, "imagenet_14_129": 127}),
        ("efficientnet_lite2", {"imagenet_07_609": 511, "imagenet_14_129": 127}),
    ],
)
def test_pretrained_networks_classify_18_of_the_20_photographs(
    model: str,
    mistakes: dict[str, int],
    imagenet_sample: tuple[Path, pd.DataFrame],
    obtained: Callable[[str], tuple[Path, Path]],
) -> None:
    """This also shows that the class indices in the file names are in the order of the networks' logits."""
    folder, manifest = imagenet_sample
    loaded = networks.load(*obtained(model))
    table = predict(
        loaded.module,
        images.batches(folder, manifest, loaded.transform, batch_size=10),
        dict(zip(manifest["image_id"], manifest["label"], strict=True)),
    )
    wrong = table[~table["correct"]]
    assert table["correct"].sum() == 18
    assert dict(zip(wrong["image_id"], wrong["top1"], strict=True)) == mistakes
    assert (table["p_top1"] > table["p_top2"]).all()
