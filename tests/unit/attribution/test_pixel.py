import numpy as np
import pytest
import torch
from torch import nn

from case_saliency.attribution import rectifiers
from case_saliency.errors import CaseSaliencyError

X = torch.linspace(-1, 1, 48).reshape(1, 3, 4, 4)
W = torch.linspace(0.5, -0.25, 96).reshape(2, 3, 4, 4)


class Power(nn.Module):
    """Logits (w_c . x)^power, whose gradient and path integral are known; `layer` passes its input on."""

    def __init__(self, power):
        super().__init__()
        self.layer = nn.Identity()
        self.power = power

    def forward(self, x):
        return torch.einsum("cdhw,ndhw->nc", W, self.layer(x)) ** self.power


def dots():
    return torch.einsum("cdhw,ndhw->nc", W, X)[0]


@pytest.mark.parametrize("power", [1, 2, 3])
def test_integrated_gradients_of_a_polynomial(run, power):
    # With u = w . x: the integral of power (a u)^(power - 1) over a in [0, 1] is u^(power - 1).
    method = {"name": "it", "method": "integrated_gradients"}
    found = run(Power(power), X, [[0, 1]], [method], "layer")
    expected = (X * W * dots()[:, None, None, None] ** (power - 1)).sum(1)
    np.testing.assert_allclose(found.maps["input"]["it"][0], expected, rtol=1e-4, atol=1e-5)
    # Completeness: attributions sum to y(x) - y(0).
    np.testing.assert_allclose(found.maps["input"]["it"][0].sum((1, 2)), dots() ** power, rtol=1e-4)
    np.testing.assert_allclose(found.extras["input"]["it"]["completeness_gap"], 0, atol=1e-3)


def test_integrated_gradients_from_another_baseline(draw):
    maps = draw(Power(1), X, [[0]], "layer", method="integrated_gradients", baseline=0.5)
    np.testing.assert_allclose(maps[0, 0], ((X[0] - 0.5) * W[0]).sum(0), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("channels", "reduce"),
    [("sum", lambda a: a.sum(0)), ("abs_sum", lambda a: a.abs().sum(0)), ("abs_max", lambda a: a.abs().amax(0))],
)
def test_input_x_gradient_and_the_reduction_of_colours(draw, channels, reduce):
    maps = draw(Power(2), X, [[0, 1]], "layer", method="input_x_gradient", channels=channels)
    for t in range(2):
        np.testing.assert_allclose(maps[0, t], reduce(X[0] * W[t] * 2 * dots()[t]), rtol=1e-4, atol=1e-5)


def test_smoothgrad_of_a_linear_model_is_its_gradient(draw):
    maps = draw(Power(1), X, [[0, 1]], "layer", method="smoothgrad", channels="sum")
    np.testing.assert_allclose(maps[0], W.sum(1), rtol=1e-4, atol=1e-6)


def test_smoothgrad_uses_the_same_noise_for_all_classes_and_batches(draw):
    def maps(images, classes, seed=0):
        return draw(Power(3), images, classes, "layer", method="smoothgrad", n_samples=3, noise=0.5, seed=seed)

    pair = maps(X, [[0, 0]])
    np.testing.assert_array_equal(pair[:, 0], pair[:, 1])
    np.testing.assert_array_equal(maps(torch.cat([X, -X]), [[0], [0]])[0, 0], pair[0, 0])
    assert (maps(X, [[0]], seed=1)[0, 0] != pair[0, 0]).any()


def test_smoothgrad_is_the_mean_over_its_copies(draw):
    # Gradient of u^2 is 2 u w, so that the map is proportional to sum_d |w_d| with the mean u as its factor.
    maps = draw(Power(2), X, [[0]], "layer", method="smoothgrad", n_samples=7, noise=0.1)
    ratio = maps[0, 0] / W[0].abs().sum(0).numpy()
    np.testing.assert_allclose(ratio, ratio[0, 0], rtol=1e-4)
    assert ratio[0, 0] == pytest.approx(2 * abs(dots()[0].item()), rel=0.2)


def test_occlusion_of_separate_squares(draw):
    # A square of a linear model takes the sum of w x in it away.
    maps = draw(Power(1), X, [[0, 1]], "layer", method="occlusion", window=2, stride=2)
    blocks = (W * X).sum(1).reshape(2, 2, 2, 2, 2).sum((2, 4))
    np.testing.assert_allclose(maps[0], blocks.repeat_interleave(2, 1).repeat_interleave(2, 2), rtol=1e-3, atol=1e-5)


def test_occlusion_larger_than_the_image(draw):
    with pytest.raises(CaseSaliencyError, match="window is 32, larger than the image of 4 pixels"):
        draw(Power(1), X, [[0]], "layer", method="occlusion")


def test_guided_backprop_by_hand(draw):
    # y = relu(3 a) - relu(-2 a + b) + relu(a) at a = 1, b = 5: all three ReLUs are on.
    net = nn.Sequential(
        nn.Conv2d(3, 3, 1, bias=False), nn.ReLU(inplace=True), nn.Flatten(), nn.Linear(3, 1, bias=False)
    )
    with torch.no_grad():
        net[0].weight.copy_(torch.tensor([[3.0, 0, 0], [-2, 1, 0], [1, 0, 0]])[..., None, None])
        net[3].weight.copy_(torch.tensor([[1.0, -1, 1]]))
    images = torch.tensor([1.0, 5.0, 0.0])[None, :, None, None]
    # Plain: 3 + 2 + 1 for the first colour, -1 for the second. Guided: the negative gradient at the second ReLU stops.
    assert draw(net, images, [[0]], "0", method="input_x_gradient")[0, 0].item() == pytest.approx(6 - 5)
    assert draw(net, images, [[0]], "0", method="guided_backprop", channels="sum")[0, 0].item() == pytest.approx(4)
    assert net[1].inplace


class Functional(nn.Module):
    def forward(self, x):
        return nn.functional.relu(x)


@pytest.mark.parametrize(
    ("layers", "found"),
    [
        ([nn.ReLU6()], "hardtanh"),
        ([nn.SiLU()], "silu"),
        ([nn.ReLU(), nn.GELU(), nn.Hardswish()], "gelu, hardswish"),
        ([nn.ReLU(), Functional()], "relu as a function"),
        ([nn.Tanh()], "no ReLU"),
    ],
)
def test_guided_backprop_refuses_other_rectifiers(draw, layers, found):
    net = nn.Sequential(nn.Conv2d(3, 2, 1), *layers, nn.Flatten(), nn.Linear(32, 2))
    with pytest.raises(CaseSaliencyError, match=f"rectifies with {found}; it needs nn.ReLU"):
        draw(net, X, [[0]], "0", method="guided_backprop")


def test_rectifiers_are_put_back_after_an_exception():
    net = nn.Sequential(nn.ReLU(inplace=True), nn.ReLU())

    def fail():
        with rectifiers.only_relu_modules(net, X):
            assert not net[0].inplace
            raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        fail()
    assert (net[0].inplace, net[1].inplace) == (True, False)
