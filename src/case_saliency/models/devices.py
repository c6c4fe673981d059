"""Where to compute, and how exactly."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

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


@contextmanager
def exactly(deterministic: bool) -> Iterator[None]:
    """Choose as `be_exact` does while the context is open, and restore what was chosen before."""
    restore = be_exact(deterministic)
    try:
        yield
    finally:
        restore()


def be_exact(deterministic: bool) -> Callable[[], None]:
    """Choose full float32, and deterministic algorithms or the fastest ones; return what restores the choice before.

    A GPU would else round what it convolves to TF32, whose mantissa has 10 bits: confidences differ in the fourth
    digit. An operation that has no deterministic algorithm on a GPU warns and goes on.
    """
    memory: Any = torch.utils.deterministic
    filled = memory.fill_uninitialized_memory
    mode = torch.get_deterministic_debug_mode()  # unlike its alternative, its setter does not import the compiler
    cudnn, matmul = torch.backends.cudnn, torch.backends.cuda.matmul
    before = cudnn.deterministic, cudnn.benchmark, cudnn.allow_tf32, matmul.allow_tf32

    def restore() -> None:
        torch.set_deterministic_debug_mode(mode)
        cudnn.deterministic, cudnn.benchmark, cudnn.allow_tf32, matmul.allow_tf32 = before
        memory.fill_uninitialized_memory = filled

    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS is deterministic only with a fixed workspace
    torch.set_deterministic_debug_mode("warn" if deterministic else "default")
    memory.fill_uninitialized_memory = False  # only helps to find reads of unset memory, and costs 7% of a forward pass
    cudnn.deterministic, cudnn.benchmark, cudnn.allow_tf32, matmul.allow_tf32 = deterministic, False, False, False
    return restore
