"""Within and between across an augmentation: by hand on four pixels, and with the engine on small networks."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from case_saliency.attribution.devices import Settings
from case_saliency.attribution.engine import attribute
from case_saliency.attribution.registry import resolve
from case_saliency.attribution.resample import upsample
from case_saliency.diagnostic import topk
from case_saliency.diagnostic.augmentation import Augmentation, augmentations
from case_saliency.diagnostic.reliability import COLUMNS, SelfAgreement, chance
from case_saliency.models.predict import predict

FLIP = Augmentation("flip", mirrored=True)
MAP_A, MAP_B = [[4, 3], [2, 1]], [[1, 3], [2, 4]]


def measured(original, changed, augmentation=FLIP, k_percent=50, qualified=None, keeps=True):
    """Measure one method, whose maps (N, 2, h, w) of images and changed images are given."""
    original, changed = (np.asarray(maps, dtype=np.float32) for maps in (original, changed))
    n = len(original)
    qualified = np.ones(n, dtype=bool) if qualified is None else np.array(qualified)
    asked = []

    def explain(batches, classes):
        [(names, images)] = batches
        asked.append((names, tuple(images.shape), dict(classes)))
        return {"layer": {"m": changed[qualified]}}

    def judge(batches, labels):
        return pd.DataFrame({"image_id": list(labels), "correct": keeps})

    scores = SelfAgreement(explain, judge, [augmentation], k_percent, 10, 0)(
        torch.zeros(n, 3, *original.shape[2:]),
        {"layer": {"m": original}},
        image_ids=[f"image-{i}" for i in range(n)],
        class_index=np.tile([7, 3], (n, 1)),
        qualified=qualified,
    )
    return scores, asked


def test_four_agreements_by_hand():
    # Top two of four. Brought back, the changed image's maps are [[1, 3], [2, 4]] for a and [[4, 1], [3, 2]] for b.
    # a: {0, 1} and {1, 3} share 1; b: {1, 3} and {0, 2} share 0; a with b': {0, 1} and {0, 2} share 1;
    # b with a': {1, 3} and {1, 3} share 2.
    scores, asked = measured([[MAP_A, MAP_B]], [[[[3, 1], [4, 2]], [[1, 4], [2, 3]]]], keeps=False)
    assert scores.columns.tolist() == list(COLUMNS[4:])
    assert scores.loc[0].to_dict() == {
        "layer": "layer", "method": "m", "image_id": "image-0", "target_a": 7, "target_b": 3, "augmentation": "flip",
        "k_percent": 50.0, "n_top": 2, "within_a": 50.0, "within_b": 0.0, "between_ab": 50.0, "between_ba": 100.0,
        "within": 25.0, "between": 75.0, "chance": 50.0, "keeps_top1": 0.0, "degenerate": "", "qualified": True,
        "reason": "",
    }  # fmt: skip
    assert asked == [(["image-0@flip"], (1, 3, 2, 2), {"image-0@flip": [7, 3]})]


def test_a_shift_is_compared_inside_the_valid_region_alone():
    # The content moves one pixel to the right: column 2 of the original and column 0 of the other have no counterpart,
    # and the highest values, which stand there, must not count.
    original = [[[[1, 5, 99], [2, 3, 99]]] * 2]
    changed = [[[[99, 1, 5], [99, 2, 3]]] * 2]
    scores, _ = measured(original, changed, Augmentation("right", right=1), k_percent=25)
    assert scores.loc[0, ["n_top", "within", "between"]].tolist() == [1, 100, 100]
    moved, _ = measured(original, [[[[99, 1, 3], [99, 2, 5]]] * 2], Augmentation("right", right=1), k_percent=25)
    assert moved.loc[0, ["within", "between"]].tolist() == [0, 0]


@pytest.mark.parametrize("where", ["a", "b", "a'", "b'"])
def test_a_degenerate_map_leaves_no_value(where):
    maps = {"a": MAP_A, "b": MAP_B, "a'": MAP_A, "b'": MAP_B, where: np.zeros((2, 2))}
    scores, _ = measured([[maps["a"], maps["b"]]], [[maps["a'"], maps["b'"]]])
    assert scores.loc[0, ["within", "between", "within_a", "between_ba"]].isna().all()
    assert scores["degenerate"].tolist() == ["zero"]
    few = {"a": MAP_A, "b": MAP_B, "a'": MAP_A, "b'": MAP_B, where: [[1, 0], [0, 0]]}
    scores, _ = measured([[few["a"], few["b"]]], [[few["a'"], few["b'"]]])
    assert (scores["degenerate"].tolist(), scores["within"].isna().all()) == (["small_support"], True)


def test_images_that_do_not_qualify_cost_no_pass():
    scores, asked = measured([[MAP_A, MAP_B]] * 3, [[MAP_A, MAP_B]] * 3, qualified=[False, True, False])
    assert asked[0][0] == ["image-1@flip"]
    assert scores["reason"].tolist() == ["misclassified", "", "misclassified"]
    assert scores[["within", "keeps_top1"]].isna().any(axis=1).tolist() == [True, False, True]
    none, asked = measured([[MAP_A, MAP_B]], [[MAP_A, MAP_B]], qualified=[False])
    assert (len(none), asked, none["degenerate"].tolist()) == (1, [], [""])


class Pooled(nn.Module):
    """Channel means of a 3 x 3 convolution, and class weights on them: no position is special but the border."""

    def __init__(self, symmetric):
        super().__init__()
        generator = torch.Generator().manual_seed(1)
        self.conv = nn.Conv2d(3, 6, 3, padding=1, padding_mode="replicate")
        self.head = nn.Linear(6, 5)
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.copy_(torch.randn(parameter.shape, generator=generator))
            if symmetric:
                self.conv.weight.copy_((self.conv.weight + self.conv.weight.flip(-1)) / 2)

    def forward(self, images):
        return self.head(self.conv(images).relu().mean((-2, -1)))


def on_network(methods, symmetric=True, shift=2):
    network, images = Pooled(symmetric).eval(), torch.rand(6, 3, 20, 24, generator=torch.Generator().manual_seed(2))
    methods = resolve(methods)
    classes = np.tile([0, 1], (6, 1))
    names = [f"photo-{i}" for i in range(6)]

    def explain(batches, explained):
        return attribute(network, batches, explained, {"conv": "conv"}, methods, settings=Settings(batch_size=8)).maps

    maps = explain([(names, images)], {name: [0, 1] for name in names})
    measure = SelfAgreement(
        explain, lambda batches, labels: predict(network, batches, labels), augmentations(shift, (20, 24)), 10, 50, 0
    )
    return measure(images, maps, image_ids=names, class_index=classes, qualified=np.ones(6, dtype=bool)), maps, network


def test_a_symmetric_network_agrees_with_itself_under_a_flip_and_its_classes_as_in_the_original():
    scores, maps, network = on_network([{"name": "signed", "method": "gradcam", "relu": False}, "sobel"])
    flipped = scores[scores["augmentation"] == "flip"].set_index(["method", "image_id"])
    np.testing.assert_allclose(flipped["within"], 100)
    a, b = (upsample(maps["conv"]["signed"][:, t], (20, 24)).reshape(6, -1) for t in (0, 1))
    expected = topk.overlap(a, b, [topk.top_size(480, 10)], "expected")[:, 0]
    np.testing.assert_allclose(flipped.loc["signed", "between"], expected)
    assert (flipped.loc["signed", "between"] < 100).all()
    with torch.inference_mode():
        images = torch.rand(6, 3, 20, 24, generator=torch.Generator().manual_seed(2))
        keeps = [float(network(one[None].flip(-1)).argmax() == 0) for one in images]
    assert flipped.loc["signed", "keeps_top1"].tolist() == keeps


def test_controls_get_their_known_values():
    scores, _, _ = on_network(["eigencam", "sobel", "random"], symmetric=False)
    means = scores.groupby("method")[["within", "between", "chance"]].mean()
    one_map = scores[scores["method"].isin(["eigencam", "sobel"])]
    assert one_map["within"].equals(one_map["between"])  # the same map for both classes: an index of 0 exactly
    # Noise of the changed image is its own: were it the same, a shift would leave it in place and within be high.
    random = scores[scores["method"] == "random"]
    assert len(random) == 30
    assert means.loc["random", "within"] == pytest.approx(means.loc["random", "chance"], abs=4)
    assert means.loc["random", "between"] == pytest.approx(means.loc["random", "chance"], abs=4)
    assert not (random["within"] == 100).any()


def test_chance_of_the_native_and_of_the_inputs_resolution():
    size = (56, 56)
    coarse = chance(FLIP, (7, 7), size, 5, 400, 0)
    again = [
        topk.overlap(*(upsample(random.random((200, 7, 7)), size).reshape(200, -1) for _ in "ab"), [156], "expected")
        for random in [np.random.default_rng(3)]
    ]
    standard_error = np.std(again[0]) / np.sqrt(200) * np.sqrt(1.5)
    assert coarse == pytest.approx(np.mean(again[0]), abs=4 * standard_error)
    assert coarse > 6.5
    assert chance(Augmentation("up", down=-2), size, size, 5, 1, 0) == pytest.approx(100 * 151 / (54 * 56))
    assert chance(FLIP, (7, 7), size, 5, 400, 0) == coarse != chance(FLIP, (7, 7), size, 5, 400, 1)
