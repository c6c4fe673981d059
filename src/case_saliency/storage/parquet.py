"""Tables as Parquet."""

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from case_saliency.storage.bounds import check_unfolded
from case_saliency.storage.files import atomic
from case_saliency.storage.schema import SCHEMA_VERSION, check_version, unreadable

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

_ROWS = 2**16  # of a table, read at a time
_COLUMNS = 1000  # a table has some dozens


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
        table: pd.DataFrame = arrow.to_pandas(ignore_metadata=True)
    except Exception as error:  # on damaged files pyarrow stumbles in every way
        raise unreadable(path, error) from error
    check_version((arrow.schema.metadata or {}).get(b"schema_version"), path)
    return table


def open_parquet(path: str | os.PathLike[str]) -> "pq.ParquetFile":
    """Open a Parquet file, its text columns as numbers of texts, which is how most of them are stored.

    Raises
    ------
    OSError, TypeError, ValueError, pyarrow.ArrowException
        If it cannot be opened, holds something else than numbers and texts, a column twice or too many, or claims more
        values than there can be.
    """
    import pyarrow.parquet as pq

    fields, claimed = pq.read_schema(path), pq.read_metadata(path)
    if other := [field for field in fields if not _is_number(field.type) and not _is_text(field.type)]:
        raise TypeError(f"column {other[0].name} is {other[0].type}, no number and no text")
    if twice := [name for name, count in Counter(fields.names).items() if count > 1]:
        raise ValueError(f"column {twice[0]} stands twice in it")
    if len(fields) > _COLUMNS:
        raise ValueError(f"it has {len(fields):,} columns, {_COLUMNS:,} are the most")
    check_unfolded(8 * claimed.num_rows * claimed.num_columns, Path(path).stat().st_size)
    texts = [field.name for field in fields if _is_text(field.type)]
    return pq.ParquetFile(path, metadata=claimed, read_dictionary=texts)


def read_rows(file: "pq.ParquetFile", held: int, columns: "Sequence[str] | None" = None) -> "pa.Table":
    """Read columns of a Parquet file in parts, and no more rows than it says it has, for which memory was checked.

    What the file says of its single columns may be damaged in ways that end the process if it is asked for, and a few
    bytes of a column may unfold to any number of values, and to texts of any length.

    Parameters
    ----------
    file
        The file, opened by `open_parquet`.
    held
        Its size in bytes.
    columns
        Names; None: all.

    Raises
    ------
    OSError, ValueError, pyarrow.ArrowException
        If it cannot be read, holds another number of rows than it says, more than there can be, or bytes that are no
        text.
    """
    import pyarrow as pa

    parts, unfolded, left = [], 0, file.metadata.num_rows
    rows = max(2**10, min(_ROWS, held // 2**6))  # of a small file, few: they may be long texts
    for part in file.iter_batches(rows, columns=columns, use_threads=False):
        left -= part.num_rows
        unfolded += part.nbytes
        check_unfolded(unfolded, held)
        if left < 0:
            break
        parts.append(part)
    if left:
        raise ValueError(f"it says that it has {file.metadata.num_rows} rows, and has {'more' if left < 0 else 'less'}")
    if not parts:
        return file.schema_arrow.empty_table().select(file.schema_arrow.names if columns is None else list(columns))
    table = pa.Table.from_batches(parts)
    table.validate(full=True)
    return table


def _whole(path: Path) -> "pa.Table":
    """Return a Parquet file whole, its texts written out: each counts as often as there are rows of it."""
    import pyarrow as pa
    import pyarrow.compute as pc

    held = path.stat().st_size
    with open_parquet(path) as file:
        table = read_rows(file, held)
    for place, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            chunks = table.column(place).chunks
            lengths = [pc.sum(pc.take(pc.binary_length(chunk.dictionary), chunk.indices)).as_py() for chunk in chunks]
            check_unfolded(sum(length or 0 for length in lengths), held)
            written_out = [pc.take(chunk.dictionary.cast(pa.large_string()), chunk.indices) for chunk in chunks]
            table = table.set_column(place, field.name, pa.chunked_array(written_out, pa.large_string()))
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
