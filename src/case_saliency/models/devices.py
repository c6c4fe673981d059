"""Where to compute."""

import torch

from case_saliency.errors import CaseSaliencyError


def resolve(name: str) -> torch.device:
    """Return the device called `auto`, `cpu`, `cuda`, `cuda:N` or `mps`; `auto` prefers cuda, then mps.

    Raises
    ------
    CaseSaliencyError
        If the name is none of these or the machine has no such device.
    """
    n_cuda = torch.cuda.device_count()
    mps = torch.backends.mps.is_available()
    if name == "auto":
        name = "cuda" if n_cuda else "mps" if mps else "cpu"
    present = ["cpu", *(["cuda"] if n_cuda else []), *(f"cuda:{i}" for i in range(n_cuda)), *(["mps"] if mps else [])]
    if name not in present:
        raise CaseSaliencyError(f"device: {name!r} is not on this machine; choose auto or one of {', '.join(present)}")
    return torch.device(name)
