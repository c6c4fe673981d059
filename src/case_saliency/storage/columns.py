"""Rows of many Parquet tables as one table, of which as little is held as is asked for."""

import os
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from copy import copy
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from case_saliency.storage.cells import numbered
from case_saliency.storage.parquet import open_parquet, read_parts
from case_saliency.storage.schema import check_version, unreadable

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

ROWS = 2**14
"""Rows that `StoredRows.blocks` holds at a time, more only of a cell that has more: some megabytes.

A group of rows is read for each block that it has a cell of: fewer rows a block are read more often, though never more
often than there are cells."""

_Cell = tuple[Any, ...]
_Place = tuple[int, int]  # file, group of rows


def read_columns(
    paths: Iterable[str | os.PathLike[str]],
    columns: Sequence[str] | None = None,
    where: Mapping[str, str | Collection[str]] | None = None,
) -> "pd.DataFrame":
    """Read some columns and rows of Parquet files that `write_parquet` wrote, one file below the other.

    Parameters
    ----------
    paths, columns, where
        See `StoredRows`.

    Returns
    -------
    pandas.DataFrame
        Text columns are categorical: a row holds the number of a text, and each text is there once.

    Raises
    ------
    CaseSaliencyError
        If a file cannot be read, lacks a column, or has another schema version than this code.
    """
    return StoredRows(paths, columns, where).read()


class StoredRows:
    """Rows of Parquet files that `write_parquet` wrote, one file below the other, read as they are asked for.

    Parameters
    ----------
    paths
        At least one file; all have the same columns.
    columns
        Names, in the order of what is read; None: all.
    where
        Column -> the text that it must hold, or one of several; the other rows are passed over. None: all rows are
        taken.

    Raises
    ------
    CaseSaliencyError
        If a file cannot be read, lacks a column, or has another schema version than this code; also of the methods.
    """

    def __init__(
        self,
        paths: Iterable[str | os.PathLike[str]],
        columns: Sequence[str] | None = None,
        where: Mapping[str, str | Collection[str]] | None = None,
    ) -> None:
        self._files = [_File.of(path) for path in paths]
        self._columns = list(self._files[0].fields if columns is None else columns)
        self._where = {name: [told] if isinstance(told, str) else list(told) for name, told in (where or {}).items()}
        for file in self._files:
            file.check(self._files[0], [*self._columns, *self._where])

    def read(self) -> "pd.DataFrame":
        """Read all rows, see `read_columns`."""
        return self._read(self._places())

    def where(self, column: str, text: str) -> "StoredRows":
        """Return the rows of these whose column holds a text."""
        found = copy(self)
        found._where = self._where | {column: [text]}
        return found

    def blocks(self, keys: Sequence[str]) -> "Iterator[pd.DataFrame]":
        """Yield the rows in blocks of whole cells, about as many rows at a time as `ROWS`.

        Parameters
        ----------
        keys
            Columns whose values make a cell; a missing value is one, too.

        Yields
        ------
        Cells in order of appearance, each in one block with all of its rows; the rows of a block are in the order of
        the files. Text columns are categorical.
        """
        if sum(file.rows for file in self._files) <= ROWS:
            yield self.read()
            return
        found: dict[_Cell, dict[_Place, int]] = defaultdict(dict)  # how many rows of a cell lie where
        for place in self._places():
            numbers, cells = _named(self._read([place], keys), keys)
            for cell, count in zip(cells, np.bincount(numbers), strict=True):
                found[cell][place] = int(count)
        for cells in _packed({cell: sum(counts.values()) for cell, counts in found.items()}):
            yield self._read(sorted({place for cell in cells for place in found[cell]}), only=(keys, set(cells)))

    def _places(self) -> list[_Place]:
        return [(number, group) for number, file in enumerate(self._files) for group in range(file.groups)]

    def _read(
        self,
        places: Sequence[_Place],
        columns: Sequence[str] | None = None,
        only: tuple[Sequence[str], Collection[_Cell]] | None = None,
    ) -> "pd.DataFrame":
        """Read groups of rows: those of some cells, of which the names of the columns are given; None: all."""
        import pyarrow as pa

        names = self._columns if columns is None else list(columns)
        keys, cells = only or ((), ())
        needed = list(dict.fromkeys([*names, *self._where, *keys]))
        kept = []
        for number, of_file in groupby(places, itemgetter(0)):
            for part in self._files[number].parts([group for _, group in of_file], needed):
                rows = [part.column(name).to_pandas().isin(texts).to_numpy() for name, texts in self._where.items()]
                if only:
                    numbers, here = _named(part.select(keys).to_pandas(), keys)
                    rows.append(np.array([cell in cells for cell in here], dtype=bool)[numbers])
                part = part.select(names)
                kept.append(part.filter(pa.array(np.logical_and.reduce(rows))) if rows else part)
        with self._files[0].explained():  # of several files, the first is named
            table = pa.Table.from_batches(kept, self._files[0].schema(names))
            found: pd.DataFrame = table.unify_dictionaries().to_pandas(ignore_metadata=True)
        return found


def _named(rows: "pd.DataFrame", keys: Sequence[str]) -> "tuple[npt.NDArray[np.int64], list[_Cell]]":
    """Return the number of each row's cell and the names of the cells, None for a missing value."""
    import pandas as pd

    numbers = numbered(rows, keys)
    _, first = np.unique(numbers, return_index=True)
    names = rows[list(keys)].iloc[first].itertuples(index=False, name=None)
    return numbers, [tuple(None if pd.isna(value) else value for value in name) for name in names]


def _packed(rows: Mapping[_Cell, int]) -> Iterator[list[_Cell]]:
    """Yield cells in order, as many at a time as have `ROWS` rows together, or one that has more."""
    block: list[_Cell] = []
    held = 0
    for cell, count in rows.items():
        if block and held + count > ROWS:
            yield block
            block, held = [], 0
        block.append(cell)
        held += count
    if block:
        yield block


@dataclass(frozen=True)
class _File:
    """A file that is read part by part, its texts as numbers of texts.

    It is open only meanwhile: an experiment may have more shards than a process may have files open.
    """

    path: str | os.PathLike[str]
    metadata: "pq.FileMetaData"
    fields: "dict[str, pa.Field]"

    @classmethod
    def of(cls, path: str | os.PathLike[str]) -> "_File":
        with _explained(path), open_parquet(path) as file:
            metadata, schema = file.metadata, file.schema_arrow
        check_version((schema.metadata or {}).get(b"schema_version"), path)
        return cls(path, metadata, {field.name: field for field in schema})

    @property
    def rows(self) -> int:
        return int(self.metadata.num_rows)

    @property
    def groups(self) -> int:
        return int(self.metadata.num_row_groups)

    def explained(self) -> AbstractContextManager[None]:
        """Tell of the file whatever goes wrong with it."""
        return _explained(self.path)

    def check(self, first: "_File", columns: Iterable[str]) -> None:
        """Refuse a file that lacks a column, or has one of another type than the first file."""
        for name in columns:
            if name not in self.fields:
                raise unreadable(self.path, KeyError(f"column {name} is missing"))
            if (mine := self.fields[name].type) != (its := first.fields[name].type):
                raise unreadable(self.path, TypeError(f"column {name} is {mine}, and {its} in {first.path}"))

    def schema(self, columns: Sequence[str]) -> "pa.Schema":
        import pyarrow as pa

        return pa.schema([self.fields[name] for name in columns])

    def parts(self, groups: Sequence[int], columns: Sequence[str]) -> "Iterator[pa.RecordBatch]":
        """Read columns of groups of rows in parts."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        texts = [name for name, field in self.fields.items() if pa.types.is_dictionary(field.type)]
        with self.explained(), pq.ParquetFile(self.path, metadata=self.metadata, read_dictionary=texts) as file:
            yield from read_parts(file, Path(self.path).stat().st_size, columns, groups)


@contextmanager
def _explained(path: str | os.PathLike[str]) -> Iterator[None]:
    import pyarrow as pa

    try:
        yield
    except (OSError, TypeError, ValueError, MemoryError, pa.ArrowException) as error:
        raise unreadable(path, error) from error
