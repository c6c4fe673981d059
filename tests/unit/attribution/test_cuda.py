"""On a GPU (`make test-gpu`): the maps of the processor, the same ones twice, and a batch that does not fit."""

import logging
import warnings

import numpy as np
import pytest
import torch
import torchvision
from torch import nn

from case_saliency.attribution.contrast import Confusion
from case_saliency.attribution.devices import Settings
from case_saliency.attribution.registry import ENTRIES

# Of VGG: to as many places as there are, as here, its pooling adds nothing up, and is as exact as it is slow to say so.
pytestmark = [pytest.mark.gpu, pytest.mark.filterwarnings("ignore:adaptive_avg_pool2d_backward_cuda does not have")]

SMALL_WINDOW = {"name": "occlusion", "method": "occlusion", "window": 8, "stride": 8}
METHODS = {name: SMALL_WINDOW if name == "occlusion" else name for name in ENTRIES}
CLASSES = [[0, 1], [3, 2], [9, 5], [4, 0]]


def resnet():
    return torchvision.models.resnet18(num_classes=10), "layer3.1.conv2"


def vgg():
    features = torchvision.models.vgg.make_layers([8, "M", 16, "M", 16, 16, "M"], batch_norm=True)
    net = torchvision.models.VGG(features, num_classes=10, init_weights=False)
    net.classifier = nn.Sequential(nn.Flatten(), nn.Linear(16 * 49, 10))
    return net, "features.11"


def densenet():
    net = torchvision.models.DenseNet(growth_rate=8, block_config=(2, 2), num_init_features=8, num_classes=10)
    return net, "features.denseblock2.denselayer2.conv2"


def convnext():
    setting = [
        torchvision.models.convnext.CNBlockConfig(16, 32, 1),
        torchvision.models.convnext.CNBlockConfig(32, None, 1),
    ]
    return torchvision.models.ConvNeXt(setting, layer_scale=0.5, num_classes=10), "features.3.0.block.0"


FAMILIES = {build.__name__: build for build in (resnet, vgg, densenet, convnext)}
# Guided backpropagation needs a network whose rectifiers are all modules.
PAIRS = [
    (family, method) for family in FAMILIES for method in METHODS if method != "guided_backprop" or family == "vgg"
]


@pytest.fixture(scope="module", params=FAMILIES)
def network(request):
    """One of the paper's families with seeded random weights and statistics, a target layer, and images."""
    torch.manual_seed(0)
    net, layer = FAMILIES[request.param]()
    images = torch.randn(4, 3, 56, 56, generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        net.train()(images)
        for part in net.modules():
            if isinstance(part, nn.BatchNorm2d):
                part.bias.normal_(0, 0.2)
    return net.eval(), layer, images


@pytest.fixture
def maps(run, network):
    """Return the maps of one method on a device."""
    net, layer, images = network
    confusion = Confusion(np.random.default_rng(0).integers(1, 50, (10, 10)))

    def draw(method, device, **settings):
        found = run(
            net.to(device),
            images,
            CLASSES,
            [METHODS[method]],
            layer,
            confusion=confusion,
            settings=Settings(batch_size=4, **settings),
        )
        return next(drawn[method] for drawn in found.maps.values() if method in drawn)

    yield draw
    net.cpu()


@pytest.mark.parametrize(("network", "method"), PAIRS, indirect=["network"])
def test_maps_are_those_of_the_processor(maps, method):
    expected, found = maps(method, "cpu"), maps(method, "cuda")
    assert np.linalg.norm(found - expected) <= 2e-3 * np.linalg.norm(expected)


@pytest.mark.parametrize(("network", "method"), PAIRS, indirect=["network"])
def test_two_runs_are_equal_to_the_last_bit(maps, method):
    """A method whose operations have no deterministic algorithm would warn, and fail here by that."""
    np.testing.assert_array_equal(maps(method, "cuda"), maps(method, "cuda"))


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_mixed_precision_stays_near(maps, precision):
    exact, found = maps("gradcam", "cuda"), maps("gradcam", "cuda", precision=precision)
    correlations = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(exact, found, strict=True)]
    assert min(correlations) > 0.95
    assert not np.array_equal(exact, found)


def test_batch_that_does_not_fit_is_halved_until_it_does(run, caplog):
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(3, 64, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10)
    ).eval()
    images = torch.rand(32, 3, 256, 256, generator=torch.Generator().manual_seed(1))  # 0.5 GB after the convolution
    classes = [[0, 1]] * len(images)
    expected = run(net.cuda(), images, classes, ["gradcam"], "0", settings=Settings(batch_size=4))
    torch.cuda.empty_cache()
    share = 0.6e9 / torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction(share)
    try:
        with caplog.at_level(logging.WARNING):
            found = run(net, images, classes, ["gradcam"], "0", settings=Settings(batch_size=32))
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert "out of memory: going on with batches of" in caplog.text
    a, b = (each.maps["layer"]["gradcam"] for each in (found, expected))
    np.testing.assert_allclose(a, b, rtol=0, atol=1e-5 * np.ptp(b))


def test_memory_of_a_batch_stays_within_what_was_asked_for(run):
    torch.manual_seed(0)
    net = torchvision.models.resnet18(num_classes=10).eval().cuda()
    images = torch.rand(64, 3, 224, 224)
    torch.cuda.empty_cache()
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run(net, images, [[0, 1]] * 64, ["gradcam", "case"], "layer4", settings=Settings(memory_mb=256))
    assert torch.cuda.max_memory_allocated() - before < 256 * 2**20
