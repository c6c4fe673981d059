"""Columns of many Parquet tables as one table, with no more held on the way than the rows that are asked for."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from case_saliency.storage.schema import check_version, unreadable

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_ROWS = 2**12  # of a file, decoded at a time


def read_columns(
    paths: Iterable[str | os.PathLike[str]],
    columns: Sequence[str] | None = None,
    where: Mapping[str, str] | None = None,
) -> "pd.DataFrame":
    """Read some columns and rows of Parquet files that `write_table` wrote, one file after the other.

    Parameters
    ----------
    paths
        At least one file; all have the same columns.
    columns
        Names, in the order of the result; None: all.
    where
        Column -> the text that it must hold; the other rows are passed over. None: all rows are taken.

    Returns
    -------
    pandas.DataFrame
        Text columns are categorical: a row holds the number of a text, each text is there once.

    Raises
    ------
    CaseSaliencyError
        If a file cannot be read, lacks a column, or has another schema version than this code.
    """
    import pyarrow as pa

    joined = pa.concat_tables([_read(path, columns, where or {}) for path in paths])
    found: pd.DataFrame = joined.unify_dictionaries().to_pandas(self_destruct=True)
    return found


def _read(path: str | os.PathLike[str], columns: Sequence[str] | None, where: Mapping[str, str]) -> "pa.Table":
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path, read_dictionary=_texts(path)) as file:
            schema = file.schema_arrow
            check_version((schema.metadata or {}).get(b"schema_version"), path)
            wanted = list(schema.names if columns is None else columns)
            schema = pa.schema([schema.field(name) for name in wanted])
            return pa.Table.from_batches(_batches(file, wanted, where), schema)
    except (OSError, ValueError, KeyError) as error:
        raise unreadable(path, error) from error


def _texts(path: str | os.PathLike[str]) -> list[str]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pq.read_schema(path)
    return [field.name for field in schema if pa.types.is_string(field.type) or pa.types.is_large_string(field.type)]


def _batches(file: Any, columns: Sequence[str], where: Mapping[str, str]) -> "Iterator[pa.RecordBatch]":
    import pyarrow.compute as pc

    for batch in file.iter_batches(_ROWS, columns=list(dict.fromkeys([*columns, *where])), use_threads=False):
        found = batch
        for column, text in where.items():
            found = found.filter(pc.equal(found.column(column), text))
        yield found.select(columns)
