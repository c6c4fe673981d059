"""Tables as Parquet."""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from case_saliency.errors import CaseSaliencyError
from case_saliency.storage.bounds import check_unfolded
from case_saliency.storage.files import atomic
from case_saliency.storage.schema import SCHEMA_VERSION, check_version, unreadable

if TYPE_CHECKING:
    from typing import BinaryIO

    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

_ROWS = 2**14  # of a table, read and written at a time; files of larger groups are no smaller
_PARTS = 64  # wait as they came; each takes kilobytes, however few its rows
_COLUMNS = 1000  # a table has some dozens


def write_parquet(table: "pd.DataFrame", path: str | os.PathLike[str]) -> None:
    """Write a table as Parquet. The schema version is an entry of its metadata, the index is not written."""
    with writing_parquet(path) as write:
        write(table)


@contextmanager
def writing_parquet(path: str | os.PathLike[str]) -> "Iterator[Callable[[pd.DataFrame], None]]":
    """Write a table as Parquet part by part, as `write_parquet` writes it whole; some ten thousand rows are held.

    The file does not depend on how the rows are parted. It appears when all is written, and not at all after an error.

    Yields
    ------
    The function that takes the next rows. All parts have the columns of the first, and their types.

    Raises
    ------
    CaseSaliencyError
        If the file's name ends in something else than .parquet, or the file cannot be written.
    ValueError
        If a part has other columns, or there is none.
    """
    if Path(path).suffix != ".parquet":  # by the ending, readers choose how to read
        raise CaseSaliencyError(f"cannot write {path}: this table is written as Parquet; end its name in .parquet")
    with atomic(path) as temporary, temporary.open("wb") as file:
        rows = _Rows(file, path)
        try:
            yield rows.add
        except BaseException:
            rows.give_up()
            raise
        rows.end()


class _Rows:
    """Rows that go into a file in groups of the same number."""

    def __init__(self, file: "BinaryIO", path: str | os.PathLike[str]) -> None:
        self.file, self.path = file, path
        self.held: list[pa.Table] = []
        self.writer: pq.ParquetWriter | None = None

    def add(self, part: "pd.DataFrame") -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        if self.writer is None:
            fields = [
                field.with_type(pa.large_string()) if pa.types.is_string(field.type) else field
                for field in pa.Schema.from_pandas(part, preserve_index=False)
            ]  # which text it is depends on how pandas holds those of this part
            schema = pa.schema(fields, {"schema_version": str(SCHEMA_VERSION)})
            self.writer = pq.ParquetWriter(self.file, schema, compression="zstd")
        schema = self.writer.schema
        if list(part) != schema.names:
            raise ValueError(f"{self.path}: a part has the columns {list(part)}, the first has {schema.names}")
        self.held.append(pa.Table.from_pandas(part, schema, preserve_index=False))
        if sum(map(len, self.held)) >= _ROWS or len(self.held) >= _PARTS:
            whole = pa.concat_tables(self.held).combine_chunks()  # pages end where chunks do
            if full := len(whole) // _ROWS * _ROWS:
                self.writer.write_table(whole.slice(0, full), row_group_size=_ROWS)
            self.held = [whole.slice(full)]

    def end(self) -> None:
        import pyarrow as pa

        if self.writer is None:
            raise ValueError(f"{self.path}: no part of the table was given")
        self.writer.write_table(pa.concat_tables(self.held).combine_chunks())
        self.writer.close()

    def give_up(self) -> None:
        """Close the file, of which nothing is kept; what went wrong is told already."""
        if self.writer is not None:
            with suppress(Exception):
                self.writer.close()


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


def read_parts(
    file: "pq.ParquetFile", held: int, columns: "Sequence[str] | None" = None, groups: "Sequence[int] | None" = None
) -> "Iterator[pa.RecordBatch]":
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
    groups
        Numbers of the groups of rows; None: all.

    Raises
    ------
    OSError, ValueError, pyarrow.ArrowException
        If it cannot be read, holds another number of rows than it says, more than there can be, or bytes that are no
        text.
    """
    told = file.metadata
    said = told.num_rows if groups is None else sum(told.row_group(group).num_rows for group in groups)
    unfolded, left = 0, said
    rows = max(2**10, min(_ROWS, held // 2**6))  # of a small file, few: they may be long texts
    for part in file.iter_batches(rows, row_groups=groups, columns=columns, use_threads=False):
        left -= part.num_rows
        unfolded += part.nbytes
        check_unfolded(unfolded, held)
        if left < 0:
            break
        part.validate(full=True)
        yield part
    if left:
        raise ValueError(f"it says that it has {said} rows, and has {'more' if left < 0 else 'less'}")


def _whole(path: Path) -> "pa.Table":
    """Return a Parquet file whole, its texts written out: each counts as often as there are rows of it."""
    import pyarrow as pa
    import pyarrow.compute as pc

    held = path.stat().st_size
    with open_parquet(path) as file:
        parts = list(read_parts(file, held))
        table = pa.Table.from_batches(parts) if parts else file.schema_arrow.empty_table()
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
