import torch
from torch import nn

from case_saliency.attribution import devices


def test_batch_size_from_memory():
    # Largest output: 4 x 256 x 256 float32 = 1 MiB, eight times that for an image; with the graph 1 MiB and 8 bytes.
    net = nn.Sequential(nn.Conv2d(3, 4, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2)).train()
    image = torch.zeros(1, 3, 256, 256)
    assert devices.fitting_batch(net, image, 40, keeps_graph=False) == 5
    assert devices.fitting_batch(net, image, 9, keeps_graph=True) == 8
    assert devices.fitting_batch(net, image, 1, keeps_graph=False) == 1
    assert devices.fitting_batch(net, image, 10**6, keeps_graph=False) == 16
    assert net.training
