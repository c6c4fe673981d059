"""Tensors and arrays: safetensors, and NPY for a matrix of numbers. Nothing here reads a pickle."""

import io
import os
import tokenize
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from case_saliency.storage.files import atomic
from case_saliency.storage.schema import SCHEMA_VERSION, check_version, unreadable

if TYPE_CHECKING:
    import numpy as np
    import torch


def write_tensors(
    tensors: Mapping[str, "torch.Tensor"], path: str | os.PathLike[str], metadata: Mapping[str, str] | None = None
) -> None:
    """Write named tensors as safetensors (no pickle; names sorted, contiguous)."""
    from safetensors.torch import save_file

    ordered = {name: tensors[name].detach().cpu().contiguous() for name in sorted(tensors)}
    with atomic(path) as temporary:
        save_file(ordered, temporary, {"schema_version": str(SCHEMA_VERSION), **(metadata or {})})


def read_tensors(path: str | os.PathLike[str]) -> dict[str, "torch.Tensor"]:
    """Read what `write_tensors` wrote."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            check_version((file.metadata() or {}).get("schema_version"), path)
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    except (OSError, SafetensorError) as error:
        raise unreadable(path, error) from error


def read_metadata(path: str | os.PathLike[str]) -> dict[str, str]:
    """Read the metadata that `write_tensors` was given, and the schema version."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np") as file:
            metadata = dict(file.metadata() or {})
    except (OSError, SafetensorError) as error:
        raise unreadable(path, error) from error
    check_version(metadata.get("schema_version"), path)
    return metadata


def write_arrays(arrays: "Mapping[str, np.ndarray[Any, Any]]", path: str | os.PathLike[str]) -> None:
    """Write named arrays as safetensors, as `write_tensors` does, without torch."""
    import numpy as np
    from safetensors.numpy import save_file

    ordered = {name: np.ascontiguousarray(arrays[name]) for name in sorted(arrays)}
    with atomic(path) as temporary:
        save_file(ordered, temporary, {"schema_version": str(SCHEMA_VERSION)})


@contextmanager
def open_array(path: str | os.PathLike[str], name: str) -> "Iterator[Any]":
    """Open one array of a safetensors file: the object yielded reads from the file what it is sliced by.

    It knows `get_shape()`, and a slice of it is a numpy array.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np") as file:
            check_version((file.metadata() or {}).get("schema_version"), path)
            yield file.get_slice(name)
    except (OSError, SafetensorError) as error:
        raise unreadable(path, error) from error


def write_matrix(matrix: "np.ndarray[Any, Any]", path: str | os.PathLike[str]) -> None:
    """Write an array of numbers as NPY, format version 1.0, in C order. It has no place for a schema version."""
    import numpy as np

    with atomic(path) as temporary, temporary.open("wb") as file:
        np.lib.format.write_array(file, np.ascontiguousarray(matrix), version=(1, 0), allow_pickle=False)


def read_matrix(path: str | os.PathLike[str]) -> "np.ndarray[Any, Any]":
    """Read what `write_matrix` wrote; a file that holds objects is refused, for reading them would run code."""
    import numpy as np

    try:
        found: np.ndarray[Any, Any] = np.lib.format.read_array(io.BytesIO(Path(path).read_bytes()), allow_pickle=False)
    except (OSError, ValueError, EOFError, MemoryError, tokenize.TokenError) as error:  # of headers, the last two
        raise unreadable(path, error) from error
    return found
