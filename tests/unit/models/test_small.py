"""The small networks: of their families, with maps of 8 x 8, and ready for the engine."""

import pytest
import torch
import torchvision.models as families
from torch import nn

from case_saliency.attribution import engine, registry
from case_saliency.errors import CaseSaliencyError
from case_saliency.models import building, depth, small, zoo
from case_saliency.models.train import seeded

SMALL = {
    "resnet_small": families.ResNet,
    "vgg_small": families.VGG,
    "densenet_small": families.DenseNet,
    "convnext_small": families.ConvNeXt,
}
WEIGHTS = {"resnet_small": 152_026, "vgg_small": 193_354, "densenet_small": 53_890, "convnext_small": 73_634}


def built(name: str, n_classes: int = 10) -> nn.Module:
    with seeded(0):
        return building.build(zoo.find(name), n_classes)


@pytest.mark.parametrize("name", SMALL)
def test_it_is_of_torchvisions_class_and_whole(name: str) -> None:
    network = built(name)
    assert type(network) is SMALL[name]
    tensors = [*network.parameters(), *network.buffers()]
    assert not any(tensor.is_meta for tensor in tensors)  # nothing of what was replaced is left
    assert all(tensor.isfinite().all() for tensor in tensors)
    assert sum(parameter.numel() for parameter in network.parameters()) == WEIGHTS[name]


@pytest.mark.parametrize("name", SMALL)
def test_maps_of_the_last_layers_are_8_by_8_and_earlier_ones_not_smaller(name: str) -> None:
    spec, network = zoo.find(name), built(name).eval()
    images = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    found = engine.attribute(
        network, [(["a", "b"], images)], {"a": [0, 1], "b": [2, 3]}, spec.target_layers, registry.resolve(["gradcam"])
    )
    sizes = {layer: methods["gradcam"].shape[2:] for layer, methods in found.maps.items()}
    assert sizes["last_conv"] == (8, 8)
    blocks = [sizes[layer] for layer in sorted(sizes) if layer.startswith("block")]
    assert len(blocks) >= 3
    assert blocks == sorted(blocks, reverse=True)
    assert blocks[-1] == (8, 8)


@pytest.mark.parametrize("name", SMALL)
def test_the_last_convolution_is_the_target(name: str) -> None:
    network = built(name)
    convolutions = [path for path, part in network.named_modules() if isinstance(part, nn.Conv2d)]
    assert convolutions[-1] == zoo.find(name).target_layers["last_conv"]


@pytest.mark.parametrize("name", SMALL)
def test_target_layers_are_sorted_as_a_forward_pass_computes_them(name: str) -> None:
    network, layers = built(name).eval(), zoo.find(name).target_layers
    computed: list[str] = []
    for path in set(layers.values()):
        network.get_submodule(path).register_forward_hook(lambda *_, path=path: computed.append(path))
    network(torch.zeros(1, 3, 32, 32))
    ordered = depth.by_depth(network, dict(reversed(layers.items())))
    assert dict(ordered) == dict(layers)
    assert list(dict.fromkeys(ordered.values())) == computed


def test_densenet_has_both_of_the_papers_layers() -> None:
    layers, network = zoo.find("densenet_small").target_layers, built("densenet_small")
    conv2, norm5 = (network.get_submodule(layers[name]) for name in ("conv2", "norm5"))
    assert (conv2.out_channels, norm5.num_features) == (12, 108)


@pytest.mark.parametrize("name", SMALL)
def test_the_seed_alone_decides_the_initial_weights(name: str) -> None:
    before = torch.get_rng_state()
    first, second = built(name).state_dict(), built(name).state_dict()
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(first[key], second[key]) for key in first)
    with seeded(1):
        other = building.build(zoo.find(name), 10).state_dict()
    assert not all(torch.equal(first[key], other[key]) for key in first)


@pytest.mark.parametrize("name", SMALL)
def test_the_number_of_classes_is_free(name: str) -> None:
    assert built(name, 3).eval()(torch.zeros(1, 3, 32, 32)).shape == (1, 3)


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(CaseSaliencyError, match="small network 'alexnet_small' is unknown; known are: resnet_small"):
        small.build("alexnet_small", 10)
