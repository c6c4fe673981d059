"""The only reader and writer of artefacts: maps, tables, tensors, arrays and JSON.

Writing is atomic (a temporary file beside the target, flushed, then renamed), so that a killed process leaves no file
that looks finished, and deterministic: the same content gives the same bytes. Every artefact carries `SCHEMA_VERSION`.
"""

import glob
import hashlib
import io
import json
import os
import socket
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from case_saliency.errors import CaseSaliencyError

if TYPE_CHECKING:  # heavy libraries are imported where they are used: not every command needs them
    import numpy as np
    import pandas as pd
    import torch
    import xarray as xr

SCHEMA_VERSION = 1
_FLOAT_FORMAT = "%.10g"
_A_DAY = 24 * 3600
_TEXT = dict.fromkeys(("image_id", "file", "label_name", "sha256"), str)  # may look like numbers, such as class "007"


@contextmanager
def atomic(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` on success, delete it on any failure.

    Parameters
    ----------
    path
        The file to create or replace. Missing parent folders are made.

    Raises
    ------
    CaseSaliencyError
        If the file cannot be written (disk full, no permission); names the file and the reason.

    Examples
    --------
    >>> target = getfixture("tmp_path") / "note.txt"
    >>> with atomic(target) as temporary:
    ...     _ = temporary.write_text("whole")
    >>> target.read_text()
    'whole'
    """
    target = Path(path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        for other in target.parent.glob(f".{glob.escape(target.name)}.*.tmp*"):
            if _is_left_over(other):
                other.unlink(missing_ok=True)
        writer = f".{target.name}.{os.getpid()}@{socket.gethostname()}."
        handle, name = tempfile.mkstemp(prefix=writer, suffix=f".tmp{target.suffix}", dir=target.parent)
        os.close(handle)
    except OSError as error:
        raise CaseSaliencyError(f"cannot write {target}: {error.strerror or error}") from error
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(target)
    except OSError as error:
        raise CaseSaliencyError(
            f"cannot write {target}: {error.strerror or error}; nothing was kept, free the cause and run again"
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


def _is_left_over(temporary: Path) -> bool:
    """Whether the process that wrote a temporary file was killed; of another machine's, one day is waited for."""
    process, _, rest = temporary.name.rpartition("@")
    if not rest.startswith(f"{socket.gethostname()}."):
        with suppress(FileNotFoundError):
            return time.time() - temporary.stat().st_mtime > _A_DAY
        return False
    try:
        os.kill(int(process.rpartition(".")[2]), 0)  # signal 0 only asks whether the process is there
    except (ProcessLookupError, ValueError):
        return True
    except PermissionError:  # somebody else's process
        return False
    return False


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def sha256(path: str | os.PathLike[str]) -> str:
    """Return the SHA-256 of a file's bytes as 64 hexadecimal digits."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest(value: Any) -> str:
    """Return the SHA-256 of a JSON-serialisable value in canonical form (sorted keys, no spaces).

    Examples
    --------
    >>> digest({"b": 1, "a": 2}) == digest({"a": 2, "b": 1})
    True
    """
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def write_text(text: str, path: str | os.PathLike[str]) -> None:
    """Write `text` as UTF-8."""
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(value: Mapping[str, Any], path: str | os.PathLike[str]) -> None:
    """Write a mapping as indented JSON with `schema_version` first; NaN is refused, use None."""
    body = {"schema_version": SCHEMA_VERSION, **value}
    write_text(json.dumps(body, indent=1, ensure_ascii=False, allow_nan=False) + "\n", path)


def read_json(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read what `write_json` wrote; an unreadable file or another schema version is an error."""
    try:
        value = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise _unreadable(path, error) from error
    if not isinstance(value, dict):
        raise CaseSaliencyError(f"{path}: a JSON object was expected, found {type(value).__name__}")
    _check_version(value.get("schema_version"), path)
    return value


def write_table(table: "pd.DataFrame", path: str | os.PathLike[str]) -> None:
    """Write a table as Parquet or CSV, by the file's ending.

    The schema version is a metadata entry of a Parquet file and a column of a CSV file. The index is not written.
    """
    path = Path(path)
    if path.suffix == ".csv":
        with atomic(path) as temporary:
            table.assign(schema_version=SCHEMA_VERSION).to_csv(
                temporary, index=False, float_format=_FLOAT_FORMAT, lineterminator="\n"
            )
    elif path.suffix == ".parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        arrow = pa.Table.from_pandas(table, preserve_index=False)
        arrow = arrow.replace_schema_metadata({"schema_version": str(SCHEMA_VERSION)})
        with atomic(path) as temporary:
            pq.write_table(arrow, temporary, compression="zstd")
    else:
        raise ValueError(f"write_table: {path} must end in .csv or .parquet")


def read_table(path: str | os.PathLike[str]) -> "pd.DataFrame":
    """Read what `write_table` wrote. Text stays text: only empty cells of a CSV file are missing values."""
    import pandas as pd

    path = Path(path)
    try:
        if path.suffix == ".csv":
            table = pd.read_csv(path, keep_default_na=False, na_values=[""], dtype=_TEXT)
            version = table.pop("schema_version").iloc[0] if len(table) else SCHEMA_VERSION
        else:
            import pyarrow.parquet as pq

            arrow = pq.read_table(path)
            version = (arrow.schema.metadata or {}).get(b"schema_version")
            table = arrow.to_pandas()
    except (OSError, ValueError, KeyError) as error:
        raise _unreadable(path, error) from error
    _check_version(version, path)
    return table.drop(columns="schema_version", errors="ignore")


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
            _check_version((file.metadata() or {}).get("schema_version"), path)
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    except (OSError, SafetensorError) as error:
        raise _unreadable(path, error) from error


def read_metadata(path: str | os.PathLike[str]) -> dict[str, str]:
    """Read the metadata that `write_tensors` was given, and the schema version."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np") as file:
            metadata = dict(file.metadata() or {})
    except (OSError, SafetensorError) as error:
        raise _unreadable(path, error) from error
    _check_version(metadata.get("schema_version"), path)
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
            _check_version((file.metadata() or {}).get("schema_version"), path)
            yield file.get_slice(name)
    except (OSError, SafetensorError) as error:
        raise _unreadable(path, error) from error


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
    except (OSError, ValueError, EOFError) as error:
        raise _unreadable(path, error) from error
    return found


def write_maps(
    layers: Mapping[str, "xr.Dataset"], path: str | os.PathLike[str], attributes: Mapping[str, Any] | None = None
) -> None:
    """Write saliency maps as netCDF-4: one group for each target layer.

    Parameters
    ----------
    layers
        Target layer name -> dataset whose variables are methods with dims (image, target, y, x) at native resolution,
        with coordinates `image` (ids) and `target` (such as "top1", "top2") and the parameters in each variable's
        attrs; further variables `<method>__<name>` hold what methods note beside their maps.
    path
        File to write, ending in .nc.
    attributes
        Global attributes.
    """
    import xarray as xr

    tree = xr.DataTree.from_dict({f"/{name}": layers[name] for name in sorted(layers)})
    tree.attrs = {"schema_version": SCHEMA_VERSION, **(attributes or {})}
    encoding = {
        f"/{name}": {str(variable): {"zlib": True, "complevel": 4} for variable in dataset.data_vars}
        for name, dataset in layers.items()
    }
    content = tree.to_netcdf(engine="h5netcdf", encoding=encoding)  # in memory: HDF5 is noisy when a disk is full
    with atomic(path) as temporary:
        temporary.write_bytes(content)


@contextmanager
def open_maps(path: str | os.PathLike[str]) -> Iterator[dict[str, "xr.Dataset"]]:
    """Open a map file lazily: target layer name -> dataset (see `write_maps`)."""
    import xarray as xr

    try:
        tree = xr.open_datatree(path, engine="h5netcdf", chunks=None)
    except (OSError, ValueError, KeyError) as error:
        raise _unreadable(path, error) from error
    with tree:
        _check_version(tree.attrs.get("schema_version"), path)
        yield {name: node.to_dataset() for name, node in tree.children.items()}


def _unreadable(path: str | os.PathLike[str], error: Exception) -> CaseSaliencyError:
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return CaseSaliencyError(f"cannot read {path}: {reason}; delete it and run the workflow again to rebuild it")


def _check_version(found: Any, path: str | os.PathLike[str]) -> None:
    try:
        version = int(found)
    except (TypeError, ValueError):
        version = -1
    if version != SCHEMA_VERSION:
        raise CaseSaliencyError(
            f"{path}: schema version {found!r} found, {SCHEMA_VERSION} expected; delete it and run the workflow again"
        )
