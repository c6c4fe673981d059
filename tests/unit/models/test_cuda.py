"""On a GPU (`make test-gpu`): devices, a training that is interrupted there, and its weights on the processor."""

import numpy as np
import pytest
import torch
from interrupted import RECIPE, KilledError, killed_before

from case_saliency.models import accelerators, devices, networks, train, training
from case_saliency.provenance import environment

# Of VGG's pooling: see tests/unit/attribution/test_cuda.py.
pytestmark = [pytest.mark.gpu, pytest.mark.filterwarnings("ignore:adaptive_avg_pool2d_backward_cuda does not have")]


def test_auto_takes_the_gpu_and_the_record_names_it():
    assert devices.resolve("auto").type == "cuda"
    assert accelerators.wanted("auto")
    torch.zeros(1, device="cuda")
    told = environment.machine()
    assert told["gpus_used"] == [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    assert set(told["gpus_used"]) == set(told["gpus"])


@pytest.mark.parametrize("model", ["resnet_small", "vgg_small", "densenet_small", "convnext_small"])
def test_interrupted_training_ends_as_an_undisturbed_one(digits, tmp_path, model):
    def produce(name: str, **how: object) -> train.Trained:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        task = training.Task(model, "digits", 0, RECIPE, digits)
        paths = [folder / file for file in ("weights.safetensors", "model.json", "training.csv")]
        return training.produce(task, *paths, device="cuda", every_seconds=0, **how)

    undisturbed = produce("undisturbed")
    with pytest.raises(KilledError):
        produce("interrupted", watch=killed_before(3))
    resumed = produce("interrupted")
    for name, tensor in undisturbed.tensors.items():
        torch.testing.assert_close(resumed.tensors[name], tensor, msg=name)

    folder = tmp_path / "undisturbed"
    images = torch.randn(8, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    answers = []
    for device in ("cpu", "cuda"):
        model_there = networks.load(folder / "weights.safetensors", folder / "model.json", device=device)
        with torch.no_grad(), devices.exactly(deterministic=True):
            answers.append(model_there.module(images.to(device)).cpu().numpy())
    np.testing.assert_allclose(answers[1], answers[0], rtol=0, atol=1e-4 * np.abs(answers[0]).max())
