import argparse

import pytest
import torch

from case_saliency.cli.networks import load_model
from case_saliency.errors import CaseSaliencyError
from case_saliency.models import devices, networks


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


def chosen():
    cudnn = torch.backends.cudnn
    tf32 = cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
    return (*tf32, cudnn.deterministic, cudnn.benchmark, torch.get_deterministic_debug_mode())


EXACT = (False, False, True, False, 1)


def test_exactness_is_chosen_for_a_while():
    before = chosen()
    assert before != EXACT
    with devices.exactly(deterministic=True):
        assert chosen() == EXACT
    assert chosen() == before


def test_every_stage_that_loads_a_network_computes_exactly_to_its_end(monkeypatch):
    monkeypatch.setattr(networks, "load", lambda *_arguments, **how: how["device"])
    arguments = argparse.Namespace(weights="w", description="d", settings={})
    with devices.exactly(deterministic=False):
        assert load_model(arguments, "cpu") == "cpu"
        assert chosen() == EXACT
