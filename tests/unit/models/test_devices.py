import pytest
import torch

from case_saliency.errors import CaseSaliencyError
from case_saliency.models import devices


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
