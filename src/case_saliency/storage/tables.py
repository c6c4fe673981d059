"""Tables: Parquet or CSV, by the ending of the file."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from case_saliency.storage.comma_separated import read_csv, write_csv
from case_saliency.storage.parquet import read_parquet, write_parquet

if TYPE_CHECKING:
    import pandas as pd


def write_table(table: "pd.DataFrame", path: str | os.PathLike[str]) -> None:
    """Write a table as Parquet or CSV. The index is not written."""
    endings = {".csv": write_csv, ".parquet": write_parquet}
    if Path(path).suffix not in endings:
        raise ValueError(f"write_table: {path} must end in {' or '.join(endings)}")
    endings[Path(path).suffix](table, path)


def read_table(path: str | os.PathLike[str]) -> "pd.DataFrame":
    """Read what `write_table` wrote."""
    return read_csv(path) if Path(path).suffix == ".csv" else read_parquet(path)
