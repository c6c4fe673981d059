"""Tables: Parquet and CSV."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from case_saliency.storage.files import atomic
from case_saliency.storage.schema import SCHEMA_VERSION, check_version, unreadable

if TYPE_CHECKING:
    import pandas as pd

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
            import pyarrow.parquet as pq

            arrow = pq.read_table(path)
            version = (arrow.schema.metadata or {}).get(b"schema_version")
            table = arrow.to_pandas()
    except (OSError, ValueError, KeyError) as error:
        raise unreadable(path, error) from error
    check_version(version, path)
    return table.drop(columns="schema_version", errors="ignore")
