"""Networks that were saved with `torch.export.save`.

Such a file is a program of its author: it is run, and reading it uses unpickling. Tensors alone are unpickled here, yet
the file still decides what is computed, and PyTorch warns of loading files from people you do not trust.
"""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from case_saliency.errors import CaseSaliencyError

_REMEDY = "write it with torch.export.save(torch.export.export(model.eval(), (images,), dynamic_shapes=...), file)"
_TENSORS_ONLY = "TORCH_FORCE_WEIGHTS_ONLY_LOAD"


@dataclass(frozen=True)
class Program:
    """An exported network with its submodules.

    `input_size` and `batch_size` are None where the program takes any.
    """

    module: nn.Module
    input_size: int | None
    batch_size: int | None


def load(path: Path) -> Program:
    """Read an exported program and rebuild its submodules, whose outputs can be watched and differentiated.

    Raises
    ------
    CaseSaliencyError
        If the file is no exported program, or the program is not one of a batch of square colour images of any number,
        or one at a time.
    """
    try:
        with _tensors_only():
            program = torch.export.load(path)
    except Exception as error:  # the reader raises whatever its parsing meets
        raise _unreadable(path, error) from error
    batch, channels, height, width = _input_shape(program, path)
    if channels not in (3, None) or height != width or batch not in (1, None):
        raise CaseSaliencyError(
            f"{path}: the program takes images of shape ({batch or 'N'}, {channels}, {height}, {width}); needed: three "
            "channels, square, and any number of them or one; export it with dynamic_shapes=({0: Dim.DYNAMIC},)"
        )
    try:
        module = torch.export.unflatten(program)
    except Exception as error:  # a damaged graph is found out here
        raise _unreadable(path, error) from error
    return Program(module, height, batch)


def _unreadable(path: Path, error: Exception) -> CaseSaliencyError:
    reason = str(error).partition("\n")[0].strip() or type(error).__name__
    return CaseSaliencyError(f"{path}: not a readable exported program ({reason}); {_REMEDY}")


def _input_shape(program: torch.export.ExportedProgram, path: Path) -> list[int | None]:
    """Return the shape of the one input; None for a dimension that is free."""
    inputs = program.graph_signature.user_inputs
    nodes = [node for node in program.graph.nodes if node.op == "placeholder" and node.name in inputs]
    shapes = [node.meta["val"].shape for node in nodes if isinstance(node.meta.get("val"), torch.Tensor)]
    if len(inputs) != 1 or len(shapes) != 1 or len(shapes[0]) != 4:
        found = [tuple(shape) for shape in shapes]
        raise CaseSaliencyError(f"{path}: the program takes {found}; one input of shape (N, 3, H, W) needed; {_REMEDY}")
    return [length if isinstance(length, int) else None for length in shapes[0]]


@contextmanager
def _tensors_only() -> Iterator[None]:
    """Let torch.load unpickle nothing but tensors, and let torch.export report by exceptions alone."""
    before, logger = os.environ.get(_TENSORS_ONLY), logging.getLogger("torch.export")
    level = logger.level
    os.environ[_TENSORS_ONLY] = "1"
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
        os.environ.pop(_TENSORS_ONLY)
        if before is not None:
            os.environ[_TENSORS_ONLY] = before
