"""The registry of models agrees with the networks it describes."""

from importlib import metadata
from pkgutil import resolve_name

import pytest
import torch

from case_saliency.datasets.packages import PackagedFile
from case_saliency.errors import CaseSaliencyError
from case_saliency.models import efficientnet_lite, zoo

MODELS = pytest.mark.parametrize("spec", zoo.MODELS.values(), ids=lambda spec: spec.name)


@MODELS
def test_specification_is_complete(spec: zoo.ModelSpec) -> None:
    assert zoo.find(spec.name) is spec
    assert spec.default_layer in spec.target_layers
    trained = isinstance(spec.weights, zoo.Trained)
    assert (spec.label_space, spec.n_classes) == ((None, None) if trained else ("imagenet-1k", 1000))
    if isinstance(spec.weights, PackagedFile):
        assert metadata.version(spec.weights.distribution) == spec.weights.version


@MODELS
def test_target_layers_and_classifier_are_parts_of_the_network(spec: zoo.ModelSpec) -> None:
    n_classes = spec.n_classes or 7
    with torch.device("meta"):  # no memory, no time
        network = resolve_name(spec.builder)(spec.architecture, n_classes)
    for path in spec.target_layers.values():
        network.get_submodule(path)
    if spec.classifier is not None:
        assert network.get_submodule(spec.classifier).out_features == n_classes


def test_a_model_is_trained_unless_published_weights_know_the_classes() -> None:
    assert not zoo.is_trained("efficientnet_lite0", "imagenet-sample")
    assert not zoo.is_trained("densenet201", "imagenet")
    assert zoo.is_trained("densenet201", "cifar100")
    assert zoo.is_trained("resnet_small", "digits")
    assert not zoo.is_trained("resnet50", "folder")  # the user's classes are checked when they are known


@pytest.mark.parametrize(
    ("name", "input_size", "resize", "map_size"),
    [("efficientnet_lite0", 224, 256, 7), ("efficientnet_lite1", 240, 274, 8), ("efficientnet_lite2", 260, 297, 9)],
)
def test_last_conv_is_the_last_convolution_before_the_pooling(
    name: str, input_size: int, resize: int, map_size: int, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = zoo.MODELS[name]
    assert (spec.transform.input_size, spec.transform.resize) == (input_size, resize)
    network = efficientnet_lite.build(spec.architecture, spec.n_classes).eval()
    called: list[tuple[torch.nn.Module, torch.Size]] = []
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d):
            module.register_forward_hook(lambda module, _, output: called.append((module, output.shape)))
    with torch.inference_mode():
        logits = network(torch.zeros(1, 3, input_size, input_size))
    last, shape = called[-1]
    assert last is network.get_submodule(spec.target_layers["last_conv"])
    assert shape == (1, 1280, map_size, map_size)
    assert logits.shape == (1, spec.n_classes)
    assert capsys.readouterr().out == ""  # the package prints on paths that are not taken here


def test_mean_and_standard_deviation_are_those_of_the_lite_models() -> None:
    for spec in (zoo.MODELS[f"efficientnet_lite{number}"] for number in range(3)):
        assert spec.transform.mean == (127 / 255,) * 3
        assert spec.transform.std == (128 / 255,) * 3
        assert spec.transform.interpolation == "bicubic"


def test_an_unknown_model_is_refused() -> None:
    with pytest.raises(CaseSaliencyError, match="model 'resnet51' is unknown; known are: convnext_large, "):
        zoo.find("resnet51")
