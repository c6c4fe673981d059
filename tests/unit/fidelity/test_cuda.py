"""On a GPU (`make test-gpu`): confidence drops are those of the processor."""

import numpy as np
import pytest
import torch
import torchvision

from case_saliency.attribution import devices
from case_saliency.fidelity.drop import ConfidenceDrop

pytestmark = pytest.mark.gpu


@pytest.mark.parametrize("fill", ["mean", "blur", "noise", "road"])
def test_drops_are_those_of_the_processor(fill):
    torch.manual_seed(0)
    net = torchvision.models.resnet18(num_classes=10).eval()
    rng = np.random.default_rng(0)
    images = torch.from_numpy(rng.normal(size=(3, 3, 64, 64)).astype(np.float32))
    maps = {"m": rng.random((3, 2, 8, 8), dtype=np.float32)}

    def measure(device):
        net.to(device)
        test = ConfidenceDrop(
            predict_logits=lambda batch: net(batch.to(device)), seed=0, batch_size=4, k_percents=[5, 50], fills=[fill]
        )
        return test(
            images,
            maps,
            image_ids=list("abc"),
            class_index=np.array([[0, 1], [3, 2], [9, 5]]),
            qualified=np.ones(3, bool),
        )

    with devices.exactly(deterministic=True):
        expected, found = measure("cpu"), measure("cuda")
    for column in ("confidence", "confidence_ablated", "logit", "logit_ablated", "confidence_other_ablated"):
        np.testing.assert_allclose(found[column], expected[column], rtol=1e-4, err_msg=column)
    assert found["n_removed"].tolist() == expected["n_removed"].tolist()
