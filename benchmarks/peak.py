"""Print the peak memory (MB) of a process that draws the gradient family of N images: `python -m benchmarks.peak N`."""

import sys

import torch

from benchmarks import attribution, networks
from benchmarks.stage_clock import peak_mb

if __name__ == "__main__":
    torch.set_num_threads(1)
    attribution.stream(networks.lite0(), int(sys.argv[1]))
    print(peak_mb())
