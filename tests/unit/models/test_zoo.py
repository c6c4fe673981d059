"""The registry of models agrees with the networks it describes."""

from importlib import metadata

import pytest
import torch

from case_saliency.datasets import sources
from case_saliency.errors import CaseSaliencyError
from case_saliency.models import efficientnet_lite, zoo

MODELS = pytest.mark.parametrize("spec", zoo.MODELS.values(), ids=lambda spec: spec.name)


@MODELS
def test_specification_is_complete(spec: zoo.ModelSpec) -> None:
    assert zoo.find(spec.name) is spec
    assert spec.default_layer in spec.target_layers
    assert spec.label_space == sources.DATASETS["imagenet-sample"].label_space
    assert metadata.version(spec.weights.distribution) == spec.weights.version


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
    for spec in zoo.MODELS.values():
        assert spec.transform.mean == (127 / 255,) * 3
        assert spec.transform.std == (128 / 255,) * 3
        assert spec.transform.interpolation == "bicubic"


def test_an_unknown_model_is_refused() -> None:
    with pytest.raises(CaseSaliencyError, match="model 'resnet51' is unknown; known are: efficientnet_lite0, "):
        zoo.find("resnet51")
