"""Tables: Parquet and CSV."""

import os
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

_FLOAT_FORMAT = "%.10g"
_ROWS = 2**20  # of a table, read at a time
_TEXT = dict.fromkeys(("image_id", "file", "label_name", "sha256"), str)  # may look like numbers, such as class "007"


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
            arrow = _read_parquet(path)
            version = (arrow.schema.metadata or {}).get(b"schema_version")
            table = arrow.to_pandas()
    except Exception as error:  # on damaged files these readers stumble in every way
        raise unreadable(path, error) from error
    check_version(version, path)
    return table.drop(columns="schema_version", errors="ignore")


def open_parquet(path: str | os.PathLike[str]) -> "pq.ParquetFile":
    """Open a Parquet file, its text columns as numbers of texts, which is how most of them are stored.

    Raises
    ------
    OSError, ValueError, pyarrow.ArrowException
        If it cannot be opened, or claims more values than memory holds.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    is_text = (pa.types.is_string, pa.types.is_large_string)
    texts = [field.name for field in pq.read_schema(path) if any(test(field.type) for test in is_text)]
    claimed = pq.read_metadata(path)
    check_memory(8 * claimed.num_rows * claimed.num_columns)
    return pq.ParquetFile(path, metadata=claimed, read_dictionary=texts)


def read_rows(file: "pq.ParquetFile", columns: "Sequence[str] | None" = None) -> "pa.Table":
    """Read columns of a Parquet file in parts, and no more rows than it says it has, for which memory was checked.

    What the file says of its single columns may be damaged in ways that end the process if it is asked for, and a few
    bytes of a column may unfold to any number of values.

    Raises
    ------
    OSError, ValueError, pyarrow.ArrowException
        If it cannot be read, or holds another number of rows than it says.
    """
    import pyarrow as pa

    parts, left = [], file.metadata.num_rows
    for part in file.iter_batches(_ROWS, columns=columns, use_threads=False):
        left -= part.num_rows
        if left < 0:
            break
        parts.append(part)
    if left:
        raise ValueError(f"it says that it has {file.metadata.num_rows} rows, and has {'more' if left < 0 else 'less'}")
    if not parts:
        return file.schema_arrow.empty_table().select(file.schema_arrow.names if columns is None else list(columns))
    return pa.Table.from_batches(parts)


def _read_parquet(path: Path) -> "pa.Table":
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
