import pytest
import torch
from torch import nn

from case_saliency.attribution import devices
from case_saliency.errors import CaseSaliencyError


def test_auto_prefers_a_gpu(monkeypatch):
    assert devices.resolve("cpu") == torch.device("cpu")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert devices.resolve("auto") == torch.device("cuda")
    assert devices.resolve("cuda:1") == torch.device("cuda:1")


@pytest.mark.parametrize("name", ["cuda", "cuda:0", "gpu", "mps"])
def test_a_device_that_is_not_there(name, monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(
        CaseSaliencyError, match=rf"device: '{name}' is not on this machine; choose auto or one of cpu$"
    ):
        devices.resolve(name)


def test_batch_size_from_memory():
    # Largest output: 4 x 256 x 256 float32 = 1 MiB, eight times that for an image; with the graph 1 MiB and 8 bytes.
    net = nn.Sequential(nn.Conv2d(3, 4, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2)).train()
    image = torch.zeros(1, 3, 256, 256)
    assert devices.fitting_batch(net, image, 40, keeps_graph=False) == 5
    assert devices.fitting_batch(net, image, 9, keeps_graph=True) == 8
    assert devices.fitting_batch(net, image, 1, keeps_graph=False) == 1
    assert devices.fitting_batch(net, image, 10**6, keeps_graph=False) == 16
    assert net.training
