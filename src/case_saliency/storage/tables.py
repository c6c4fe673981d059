"""Tables: Parquet and CSV."""

import os
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
    except (OSError, ValueError, KeyError, MemoryError) as error:
        raise unreadable(path, error) from error
    check_version(version, path)
    return table.drop(columns="schema_version", errors="ignore")


def open_parquet(path: str | os.PathLike[str]) -> "pq.ParquetFile":
    """Open a Parquet file, its text columns as numbers of texts, which is how most of them are stored.

    Raises
    ------
    OSError, ValueError
        If it cannot be opened, or claims more values than memory holds.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    is_text = (pa.types.is_string, pa.types.is_large_string)
    texts = [field.name for field in pq.read_schema(path) if any(test(field.type) for test in is_text)]
    file = pq.ParquetFile(path, read_dictionary=texts)
    groups = [file.metadata.row_group(index) for index in range(file.num_row_groups)]
    columns = [group.column(index) for group in groups for index in range(group.num_columns)]
    check_memory(sum(8 * column.num_values + column.total_uncompressed_size for column in columns))
    return file


def _read_parquet(path: Path) -> "pa.Table":
    """Return a Parquet file whole, its texts written out: each counts as often as there are rows of it."""
    import pyarrow as pa
    import pyarrow.compute as pc

    with open_parquet(path) as file:
        table = file.read()
    for place, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            chunks = table.column(place).chunks
            lengths = [pc.sum(pc.take(pc.binary_length(chunk.dictionary), chunk.indices)).as_py() for chunk in chunks]
            check_memory(sum(length or 0 for length in lengths))
            written_out = [chunk.dictionary_decode() for chunk in chunks]
            table = table.set_column(place, field.name, pa.chunked_array(written_out, field.type.value_type))
    return table
