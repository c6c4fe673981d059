"""Each method is Grad-CAM of a score: compare with an ordinary backward pass from that score, image by image."""

import numpy as np
import pytest
import torch
from torch import nn

from case_saliency.errors import CaseSaliencyError

CLASSES = [[0, 1], [3, 2], [6, 5], [4, 0]]


def finer(y, t, _q, alpha=1.0):
    references = [c for c in (y - y[t]).abs().argsort().tolist() if c != t][:3]
    p = y.softmax(0)[references]
    return (p * (y[t] - alpha * y[references])).sum() / (p.sum() + 1e-9)


SCORES = {
    "softmax_gradcam": lambda y, t, _q: y.softmax(0)[t],
    "logprob_gradcam": lambda y, t, _q: y.log_softmax(0)[t],
    "difference_gradcam": lambda y, t, q: y[t] - y[q],
    "contrastive_gradcam": lambda y, _t, q: nn.functional.cross_entropy(y[None], torch.tensor([q])),
    "finercam": finer,
}


def gradcam_of(score, net, image, layer, t, q):
    outputs = []
    handle = net.get_submodule(layer).register_forward_hook(lambda _m, _i, out: outputs.append(out) or out.clone())
    logits = net(image[None])[0]
    handle.remove()
    (gradient,) = torch.autograd.grad(score(logits, t, q), outputs[0])
    return torch.einsum("c,chw->hw", gradient[0].mean((-2, -1)), outputs[0][0].detach())


@pytest.mark.parametrize("method", SCORES)
def test_equals_gradcam_of_the_score(draw, conv_net, photos, method):
    maps = draw(conv_net, photos, CLASSES, "conv", method=method, relu=False)
    for image, row, found in zip(photos, CLASSES, maps, strict=True):
        for t, q, drawn in zip(row, row[::-1], found, strict=True):
            expected = gradcam_of(SCORES[method], conv_net, image, "conv", t, q).numpy()
            if method == "softmax_gradcam":  # drawn without its factor p_t (1 - p_t)
                p = conv_net(image[None]).softmax(1)[0, t].item()
                expected = expected / (p * (1 - p))
            np.testing.assert_allclose(drawn, expected, rtol=1e-4, atol=1e-6)


def test_finercam_alpha(draw, conv_net, photos):
    maps = draw(conv_net, photos[:1], [[2]], "conv", method="finercam", alpha=0.6, relu=False)
    expected = gradcam_of(lambda y, t, q: finer(y, t, q, 0.6), conv_net, photos[0], "conv", 2, None)
    np.testing.assert_allclose(maps[0, 0], expected, rtol=1e-4, atol=1e-6)


def test_probability_near_one_does_not_cancel(draw, linear_net, image):
    # Logits 12, -1, 20 times 10: p_2 = 1 in float32, and the others weigh class 0 alone: (2, 1) - (1, 0) = (1, 1).
    with torch.no_grad():
        linear_net.head.weight *= 10
    maps = draw(linear_net, image, [[2]], "features", method="softmax_gradcam")
    np.testing.assert_allclose(maps[0, 0], 10 * image.sum(1)[0].numpy(), rtol=1e-5)
    assert draw(linear_net, image, [[2]], "features", method="logprob_gradcam").any()


def test_softmax_and_log_probability_coincide(run, conv_net, photos):
    found = run(conv_net, photos, CLASSES, ["softmax_gradcam", "logprob_gradcam"], "conv")
    assert found.attributes["layer"]["logprob_gradcam"]["coincides_with"] == "softmax_gradcam"


def test_difference_maps_of_a_pair_are_negatives(draw, conv_net, photos):
    maps = draw(conv_net, photos, CLASSES, "conv", method="difference_gradcam", relu=False)
    np.testing.assert_allclose(maps[:, 0], -maps[:, 1], atol=1e-7)


@pytest.mark.parametrize("method", ["difference_gradcam", "contrastive_gradcam"])
def test_rival_from_the_contrast_set(draw, conv_net, photos, method):
    top = conv_net(photos).argsort(1, descending=True)[:, :2].tolist()
    pair = draw(conv_net, photos, top, "conv", method=method, relu=False)
    alone = draw(conv_net, photos, [row[:1] for row in top], "conv", method=method, source="logits", relu=False)
    np.testing.assert_allclose(alone[:, 0], pair[:, 0], atol=1e-6)


@pytest.mark.parametrize("classes", [[[0]], [[0, 1, 2]]])
def test_a_pair_needs_two_classes(draw, conv_net, photos, classes):
    with pytest.raises(CaseSaliencyError, match="pair compares two classes"):
        draw(conv_net, photos[:1], classes, "conv", method="difference_gradcam")


def test_too_many_references(draw, conv_net, photos):
    with pytest.raises(CaseSaliencyError, match="n_references is 7, the model has 6 other classes"):
        draw(conv_net, photos[:1], [[0]], "conv", method="finercam", n_references=7)


def test_one_class_model(draw, photos):
    net = nn.Sequential(nn.Conv2d(3, 5, 3), nn.Flatten(), nn.Linear(180, 1))
    with pytest.raises(CaseSaliencyError, match="at least two classes"):
        draw(net, photos, [[0]] * 4, "0", method="softmax_gradcam")
