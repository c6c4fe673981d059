import numpy as np
import pytest
import torch
from torch import nn

from case_saliency.attribution.capture import capture
from case_saliency.errors import CaseSaliencyError


def slow_gradient(net, images, module, index):
    """dy_index/dA by an ordinary backward pass, image by image."""
    outputs = []
    handle = module.register_forward_hook(lambda _m, _i, output: outputs.append(output) or output.clone())
    gradients = []
    for image in images:
        logits = net(image[None])
        gradients.append(torch.autograd.grad(logits[0, index], outputs.pop())[0])
    handle.remove()
    return torch.cat(gradients)


@pytest.mark.parametrize("layer", ["stem", "norm", "relu", "conv", "relu2"])
def test_pullback_equals_ordinary_gradients(conv_net, photos, layer):
    found = capture(conv_net, photos, {"it": layer})
    cotangents = torch.eye(7)[[2, 5]].expand(4, 2, 7)
    gradients = found.layers["it"].pullback(cotangents)
    for j, index in enumerate([2, 5]):
        expected = slow_gradient(conv_net, photos, conv_net.get_submodule(layer), index)
        np.testing.assert_allclose(gradients[:, j], expected, atol=1e-6)


def test_activations_survive_in_place_operations(conv_net, photos):
    with torch.no_grad():
        expected = conv_net.norm(conv_net.stem(photos))
    found = capture(conv_net, photos, {"norm": "norm"})
    assert (expected < 0).any()
    torch.testing.assert_close(found.layers["norm"].activations, expected)


def test_several_layers_at_once_equal_one_at_a_time(conv_net, photos):
    q = torch.eye(7)[[0]].expand(4, 1, 7)
    # Named in another order than they run.
    both = capture(conv_net, photos, {"late": "conv", "early": "norm"})
    assert list(both.layers) == ["late", "early"]
    for name, path in {"late": "conv", "early": "norm"}.items():
        alone = capture(conv_net, photos, {name: path}).layers[name]
        torch.testing.assert_close(both.layers[name].activations, alone.activations)
        torch.testing.assert_close(both.layers[name].pullback(q), alone.pullback(q))


def test_logits_are_the_models(conv_net, photos):
    torch.testing.assert_close(capture(conv_net, photos, {"it": "conv"}).logits, conv_net(photos).detach())


def test_frozen_parameters(conv_net, photos):
    q = torch.eye(7)[[0]].expand(4, 1, 7)
    expected = capture(conv_net, photos, {"it": "conv"}).layers["it"].pullback(q)
    conv_net.requires_grad_(False)
    torch.testing.assert_close(capture(conv_net, photos, {"it": "conv"}).layers["it"].pullback(q), expected)


def test_data_parallel_and_channels_last(conv_net, photos):
    q = torch.eye(7)[[0]].expand(4, 1, 7)
    expected = capture(conv_net, photos, {"it": "conv"}).layers["it"]
    wrapped = nn.DataParallel(conv_net)
    for path in ("conv", "module.conv"):
        found = capture(wrapped, photos.to(memory_format=torch.channels_last), {"it": path}).layers["it"]
        torch.testing.assert_close(found.activations, expected.activations)
        torch.testing.assert_close(found.pullback(q), expected.pullback(q))


class Inner(nn.Module):
    """A layer that fails on demand."""

    fail = False

    def forward(self, x):
        if self.fail:
            raise RuntimeError("broken")
        return x


@pytest.mark.parametrize("fail", [False, True])
def test_the_model_is_left_as_it_was_found(photos, fail):
    inner = Inner()
    inner.fail = fail
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), inner, nn.Flatten(), nn.Linear(144, 3))
    net.train()
    net[1].eval()
    state = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    if fail:
        with pytest.raises(RuntimeError, match="broken"):
            capture(net, photos, {"it": "0"})
    else:
        capture(net, photos, {"it": "0"}).layers["it"].pullback(torch.ones(4, 1, 3))
    assert [part.training for part in net.modules()] == [True, True, False, True, True, True]
    assert not any(part._forward_hooks for part in net.modules())
    assert all(torch.equal(tensor, state[name]) for name, tensor in net.state_dict().items())
    assert all(p.grad is None and p.requires_grad for p in net.parameters())
    assert torch.is_grad_enabled()


def test_images_are_not_changed(photos):
    net = nn.Sequential(nn.ReLU(inplace=True), nn.Conv2d(3, 2, 3), nn.Flatten(), nn.Linear(72, 3))
    before = (photos - 0.5).clone()
    images = before.clone()
    capture(net, images, {"it": "1"})
    torch.testing.assert_close(images, before, rtol=0, atol=0)


def test_tokens_of_a_vision_transformer_become_a_grid():
    class Tokens(nn.Module):
        def forward(self, x):
            patches = x.flatten(2).transpose(1, 2)
            return torch.cat([torch.full_like(patches[:, :1], 9.0), patches], 1)

    head = nn.Linear(3, 2, bias=False)
    net = nn.Sequential(Tokens(), nn.AdaptiveAvgPool2d((1, 3)), nn.Flatten(), head)
    images = torch.arange(12.0).reshape(1, 3, 2, 2)
    layer = capture(net, images, {"it": "0"}).layers["it"]
    torch.testing.assert_close(layer.activations, images)
    gradient = layer.pullback(torch.tensor([[[1.0, 0.0]]]))
    torch.testing.assert_close(gradient[0, 0], (head.weight[0] / 5)[:, None, None].expand(3, 2, 2).detach())


class Twice(nn.Module):
    def __init__(self):
        super().__init__()
        self.relu = nn.ReLU()
        self.unused = nn.ReLU()
        self.pair = nn.Identity()
        self.head = nn.Linear(12, 2)

    def forward(self, x):
        self.pair((x, x))
        return self.head(self.relu(self.relu(x)).flatten(1))


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("rilu", "no submodule 'rilu'; did you mean 'relu'"),
        ("", "no submodule ''"),
        ("relu", "layer it: it runs more than once"),
        ("unused", "'unused' did not run"),
        ("pair", "it returns tuple, a float tensor is needed"),
        ("head", r"its output has shape \(1, 2\), no map"),
    ],
)
def test_unusable_layers(path, message):
    with pytest.raises(CaseSaliencyError, match=message):
        capture(Twice(), torch.rand(1, 3, 2, 2), {"it": path})


def test_output_that_is_not_logits(photos):
    with pytest.raises(CaseSaliencyError, match=r"its output is \(4, 2, 6, 6\), logits of shape \(4, classes\)"):
        capture(nn.Sequential(nn.Conv2d(3, 2, 3)), photos, {"it": "0"})
