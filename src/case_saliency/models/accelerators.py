"""Whether a job will compute on a GPU, told without torch: the workflow plans with it."""

import os
import platform
from collections.abc import Mapping
from pathlib import Path

_DRIVERS = ("/proc/driver/nvidia/gpus", "/sys/class/kfd/kfd/topology/nodes")  # of NVIDIA, of AMD
_VISIBLE = ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES")


def wanted(device: str, root: Path = Path("/"), environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether jobs with this `compute.device` take a GPU: `auto` does where this machine has one.

    Parameters
    ----------
    device
        `auto`, `cpu`, `cuda`, `cuda:N` or `mps`.
    root
        Where the file system begins.
    environment
        Environment variables; one that makes no GPU visible hides them all.

    Examples
    --------
    >>> wanted("cuda:1"), wanted("mps"), wanted("cpu")
    (True, True, False)
    """
    return device != "cpu" and (device != "auto" or _present(root, environment))


def _present(root: Path, environment: Mapping[str, str]) -> bool:
    if any(environment.get(name) in ("", "-1") for name in _VISIBLE):
        return False
    nvidia, amd = (root / path.lstrip("/") for path in _DRIVERS)
    if any(nvidia.glob("*")) or any(_computes(node) for node in amd.glob("*/properties")):
        return True
    return platform.system() == "Darwin" and platform.machine() == "arm64"


def _computes(properties: Path) -> bool:
    """Return whether a node of AMD's driver is a GPU: the processor is a node, too, without SIMD units."""
    words = properties.read_text(encoding="utf-8").split()
    counts = dict(zip(words[::2], words[1::2], strict=False))
    return int(counts.get("simd_count", 0)) > 0
