"""Columns of many Parquet tables as one table, read one column at a time: little more is held than the result."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from case_saliency.storage.parquet import open_parquet, read_rows
from case_saliency.storage.schema import check_version, unreadable

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


def read_columns(
    paths: Iterable[str | os.PathLike[str]],
    columns: Sequence[str] | None = None,
    where: Mapping[str, str] | None = None,
) -> "pd.DataFrame":
    """Read some columns and rows of Parquet files that `write_parquet` wrote, one file below the other.

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
        Text columns are categorical: a row holds the number of a text, and each text is there once.

    Raises
    ------
    CaseSaliencyError
        If a file cannot be read, lacks a column, or has another schema version than this code.
    """
    import pandas as pd

    tables = [_Table(path) for path in paths]
    kept = [table.kept(where or {}) for table in tables]
    names = tables[0].names if columns is None else columns
    return pd.DataFrame({name: _column(tables, name, kept) for name in names}, copy=False)


class _Table:
    """A file whose columns are read as they are asked for, its texts as numbers of texts.

    It is open only while one is read: an experiment may have more shards than a process may have files open.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        import pyarrow as pa

        self.path = path
        with self.explained(), open_parquet(path) as file:
            self.metadata, schema = file.metadata, file.schema_arrow
        check_version((schema.metadata or {}).get(b"schema_version"), path)
        self.names: list[str] = schema.names
        self.texts = [field.name for field in schema if pa.types.is_dictionary(field.type)]

    def column(self, name: str, kept: "pa.ChunkedArray | None" = None) -> "pa.ChunkedArray":
        import pyarrow.parquet as pq

        if name not in self.names:
            raise unreadable(self.path, KeyError(f"column {name} is missing"))
        with self.explained(), pq.ParquetFile(self.path, metadata=self.metadata, read_dictionary=self.texts) as file:
            found = read_rows(file, Path(self.path).stat().st_size, [name]).column(0)
        return found if kept is None else found.filter(kept)

    def kept(self, where: Mapping[str, str]) -> "pa.ChunkedArray | None":
        """Return which rows hold the texts; None: all."""
        import pyarrow.compute as pc

        kept = None
        for name, text in where.items():
            with self.explained():
                same = pc.equal(self.column(name), text)
            kept = same if kept is None else pc.and_(kept, same)
        return kept

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Tell of the file whatever goes wrong with it."""
        import pyarrow as pa

        try:
            yield
        except (OSError, TypeError, ValueError, MemoryError, pa.ArrowException) as error:
            raise unreadable(self.path, error) from error


def _column(tables: Sequence[_Table], name: str, kept: "Sequence[pa.ChunkedArray | None]") -> Any:
    """Return a column of all files as pandas has it."""
    import pyarrow as pa

    found = [table.column(name, rows) for table, rows in zip(tables, kept, strict=True)]
    for table, column in zip(tables, found, strict=True):
        if column.type != found[0].type:
            other = f"column {name} is {column.type}, and {found[0].type} in {tables[0].path}"
            raise unreadable(table.path, TypeError(other))
    with tables[0].explained():  # of several files, the first is named
        joined = pa.chunked_array([chunk for column in found for chunk in column.chunks], found[0].type)
        return joined.unify_dictionaries().to_pandas()
