"""Tables as Parquet."""

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from case_saliency.storage.bounds import check_memory
from case_saliency.storage.files import atomic
from case_saliency.storage.schema import SCHEMA_VERSION, check_version, unreadable

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

_ROWS = 2**16  # of a table, read at a time


def write_parquet(table: "pd.DataFrame", path: str | os.PathLike[str]) -> None:
    """Write a table as Parquet. The schema version is an entry of its metadata, the index is not written."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrow = pa.Table.from_pandas(table, preserve_index=False)
    arrow = arrow.replace_schema_metadata({"schema_version": str(SCHEMA_VERSION)})
    with atomic(path) as temporary:
        pq.write_table(arrow, temporary, compression="zstd")


def read_parquet(path: str | os.PathLike[str]) -> "pd.DataFrame":
    """Read what `write_parquet` wrote."""
    path = Path(path)
    try:
        arrow = _whole(path)
        table: pd.DataFrame = arrow.to_pandas()
    except Exception as error:  # on damaged files pyarrow stumbles in every way
        raise unreadable(path, error) from error
    check_version((arrow.schema.metadata or {}).get(b"schema_version"), path)
    return table


def open_parquet(path: str | os.PathLike[str]) -> "pq.ParquetFile":
    """Open a Parquet file, its text columns as numbers of texts, which is how most of them are stored.

    Raises
    ------
    OSError, TypeError, ValueError, pyarrow.ArrowException
        If it cannot be opened, holds something else than numbers and texts, a column twice, or claims more values than
        memory holds.
    """
    import pyarrow.parquet as pq

    fields, claimed = pq.read_schema(path), pq.read_metadata(path)
    if other := [field for field in fields if not _is_number(field.type) and not _is_text(field.type)]:
        raise TypeError(f"column {other[0].name} is {other[0].type}, no number and no text")
    if twice := [name for name, count in Counter(fields.names).items() if count > 1]:
        raise ValueError(f"column {twice[0]} stands twice in it")
    check_memory(8 * claimed.num_rows * claimed.num_columns)
    texts = [field.name for field in fields if _is_text(field.type)]
    return pq.ParquetFile(path, metadata=claimed, read_dictionary=texts)


def read_rows(file: "pq.ParquetFile", columns: "Sequence[str] | None" = None) -> "pa.Table":
    """Read columns of a Parquet file in parts, and no more rows than it says it has, for which memory was checked.

    What the file says of its single columns may be damaged in ways that end the process if it is asked for, and a few
    bytes of a column may unfold to any number of values, and of texts of any length.

    Raises
    ------
    OSError, ValueError, pyarrow.ArrowException
        If it cannot be read, holds another number of rows than it says, or more than memory does.
    """
    import pyarrow as pa

    parts, held, left = [], 0, file.metadata.num_rows
    for part in file.iter_batches(_ROWS, columns=columns, use_threads=False):
        left -= part.num_rows
        held += part.nbytes
        check_memory(held)
        if left < 0:
            break
        parts.append(part)
    if left:
        raise ValueError(f"it says that it has {file.metadata.num_rows} rows, and has {'more' if left < 0 else 'less'}")
    if not parts:
        return file.schema_arrow.empty_table().select(file.schema_arrow.names if columns is None else list(columns))
    return pa.Table.from_batches(parts)


def _whole(path: Path) -> "pa.Table":
    """Return a Parquet file whole, its texts written out: each counts as often as there are rows of it."""
    import pyarrow as pa
    import pyarrow.compute as pc

    with open_parquet(path) as file:
        table = read_rows(file)
    for place, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            chunks = table.column(place).chunks
            lengths = [pc.sum(pc.take(pc.binary_length(chunk.dictionary), chunk.indices)).as_py() for chunk in chunks]
            check_memory(sum(length or 0 for length in lengths))
            written_out = [chunk.dictionary_decode() for chunk in chunks]
            table = table.set_column(place, field.name, pa.chunked_array(written_out, field.type.value_type))
    return table


def _is_number(kind: "pa.DataType") -> bool:
    """Whether values take eight bytes at most; those of a column without any value do."""
    import pyarrow as pa

    tests = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_null)
    return any(test(kind) for test in tests)


def _is_text(kind: "pa.DataType") -> bool:
    """Whether values are texts, or numbers of texts."""
    import pyarrow as pa

    values = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(values) or pa.types.is_large_string(values))
