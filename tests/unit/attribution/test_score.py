import numpy as np
import pytest
import torch
from scipy.special import softmax

# Masks of the two channels of conftest's image are (A + 0) / 4 - 1/3... in full: (A_0 - 1) / 3 and (A_1 + 1) / 2.
# x times the first: [0, 2/3, 2, 4], [0, 1/3, 0, -1]; times the second: [0.5, 2, 1.5, 0], [0, 1, 0, 0].
LOGITS = np.array([[26 / 3, -2 / 3 - 2, 40 / 3 - 2 / 3], [4, -1.5 + 3, 8 + 1]])


@pytest.mark.parametrize("label", [0, 1, 2])
@pytest.mark.parametrize(
    ("choices", "scores"),
    [
        ({}, softmax(LOGITS, axis=0)),
        ({"weighting": "plain"}, LOGITS),
        ({"weighting": "plain", "increase": True}, LOGITS),
        ({"weighting": "plain", "score": "probability"}, softmax(LOGITS, axis=1)),
        ({"weighting": "plain", "score": "probability", "increase": True}, softmax(LOGITS, axis=1) - 1 / 3),
    ],
)
def test_by_hand(draw, linear_net, image, label, choices, scores):
    # A black image has all logits 0, probabilities 1/3.
    maps = draw(linear_net, image, [[label]], "features", method="scorecam", relu=False, **choices)
    expected = np.einsum("c,chw->hw", scores[:, label], image.numpy()[0])
    np.testing.assert_allclose(maps[0, 0], expected, rtol=1e-4, atol=1e-5)


def test_one_forward_pass_of_each_mask_for_all_classes(run, conv_net, photos):
    rows = []
    conv_net.stem.register_forward_hook(lambda _m, inputs, _out: rows.append(len(inputs[0])))
    run(conv_net, photos, [[0, 1], [3, 2], [6, 5], [4, 0]], ["scorecam"], "conv")
    assert sum(rows) == 4 + 4 * 8  # the images, and 8 masks of each


def test_constant_channel_masks_everything(draw, linear_net):
    # Its mask is 0 everywhere: the score is that of a black image, not NaN.
    maps = draw(linear_net, torch.ones(1, 2, 2, 2), [[0]], "features", method="scorecam", relu=False)
    np.testing.assert_allclose(maps, 1, rtol=1e-6)
