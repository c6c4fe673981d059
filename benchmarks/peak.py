"""Print the peak memory (MB) of a process that draws the gradient family of N images: `python -m benchmarks.peak N`."""

import re
import sys
from pathlib import Path

import torch

from benchmarks import attribution, networks


def peak_mb() -> float:
    """Return the peak of this program's resident memory (Linux; rusage would give that of its parent, if larger)."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found, "no VmHWM in /proc/self/status"
    return int(found[1]) / 1024


if __name__ == "__main__":
    torch.set_num_threads(1)
    attribution.stream(networks.lite0(), int(sys.argv[1]))
    print(peak_mb())
