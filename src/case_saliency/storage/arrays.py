"""Tensors and arrays: safetensors, and NPY for a matrix of numbers. Nothing here reads a pickle."""

import io
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from case_saliency.errors import CaseSaliencyError
from case_saliency.storage.files import atomic, open_regular, read_bytes
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
    from safetensors import safe_open

    try:
        with open_regular(path), safe_open(path, framework="pt") as file:
            check_version((file.metadata() or {}).get("schema_version"), path)
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    except CaseSaliencyError:
        raise
    except Exception as error:  # on damaged headers safetensors stumbles in many ways
        raise unreadable(path, error) from error


def read_metadata(path: str | os.PathLike[str]) -> dict[str, str]:
    """Read the metadata that `write_tensors` was given, and the schema version."""
    from safetensors import safe_open

    try:
        with open_regular(path), safe_open(path, framework="np") as file:
            metadata = dict(file.metadata() or {})
    except Exception as error:  # as above
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

    It knows `get_shape()`, of one length at least, and a slice of it is a numpy array.
    """
    from safetensors import safe_open

    with ExitStack() as opened:
        try:
            opened.enter_context(open_regular(path))
            file = opened.enter_context(safe_open(path, framework="np"))
            check_version((file.metadata() or {}).get("schema_version"), path)
            array = file.get_slice(name)
            if 0 in array.get_shape():
                raise ValueError(f"{name} is {array.get_shape()}, without a value")  # noqa: TRY301 - told with others
            array[:0]  # types and shapes that numpy has not
        except CaseSaliencyError:
            raise
        except Exception as error:  # as above
            raise unreadable(path, error) from error
        yield array


def write_matrix(matrix: "np.ndarray[Any, Any]", path: str | os.PathLike[str]) -> None:
    """Write an array of numbers as NPY, format version 1.0, in C order. It has no place for a schema version."""
    import numpy as np

    with atomic(path) as temporary, temporary.open("wb") as file:
        np.lib.format.write_array(file, np.ascontiguousarray(matrix), version=(1, 0), allow_pickle=False)


def read_matrix(path: str | os.PathLike[str]) -> "np.ndarray[Any, Any]":
    """Read what `write_matrix` wrote; a file that holds objects is refused, for reading them would run code."""
    import numpy as np

    try:
        found: np.ndarray[Any, Any] = np.lib.format.read_array(io.BytesIO(read_bytes(path)), allow_pickle=False)
        if found.dtype.kind not in "biuf":
            raise TypeError(f"it holds {found.dtype}, no numbers")  # noqa: TRY301 - told with the others
    except Exception as error:  # on damaged headers numpy stumbles in many ways
        raise unreadable(path, error) from error
    return found
