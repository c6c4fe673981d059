"""Tables as CSV."""

import csv
import io
import os
from itertools import islice
from typing import TYPE_CHECKING

from case_saliency.storage.files import atomic, read_bytes
from case_saliency.storage.schema import SCHEMA_VERSION, check_version, unreadable

if TYPE_CHECKING:
    import pandas as pd

_FLOAT_FORMAT = "%.10g"
_TEXT = dict.fromkeys(("image_id", "file", "label_name", "sha256"), str)  # may look like numbers, such as class "007"
_COLUMNS = 1000  # a table has some dozens
_CELLS = 2**22  # of a small file, whose texts may have line ends


def write_csv(table: "pd.DataFrame", path: str | os.PathLike[str]) -> None:
    """Write a table as CSV. The schema version is a column, numbers have ten digits, the index is not written."""
    with atomic(path) as temporary:
        table.assign(schema_version=SCHEMA_VERSION).to_csv(
            temporary, index=False, float_format=_FLOAT_FORMAT, lineterminator="\n"
        )


def read_csv(path: str | os.PathLike[str]) -> "pd.DataFrame":
    """Read what `write_csv` wrote. Text stays text: only empty cells are missing values."""
    import pandas as pd

    try:
        content = read_bytes(path)
        _check_width(content)
        table = pd.read_csv(io.BytesIO(content), keep_default_na=False, na_values=[""], dtype=_TEXT)
        if not isinstance(table.index, pd.RangeIndex):
            raise ValueError("rows have more cells than there are columns")  # noqa: TRY301, TRY004 - told with the others
    except Exception as error:  # on damaged files pandas stumbles in every way
        raise unreadable(path, error) from error
    versions = table.pop("schema_version") if "schema_version" in table else pd.Series([None])
    if versions.isna().any() and versions.notna().any():
        raise unreadable(path, ValueError(f"row {versions.isna().argmax() + 1} is cut off, or has no schema version"))
    for version in versions.unique().tolist() if len(table) else ():
        check_version(version, path)
    return table


def _check_width(content: bytes) -> None:
    """Refuse a table of more cells than it has characters: pandas fills rows that are short, up to the first one's."""
    text = io.TextIOWrapper(io.BytesIO(content), encoding="utf-8-sig", newline="")
    rows = (row for row in csv.reader(text) if len(row) > 1 or "".join(row).strip())  # pandas passes over blank lines
    columns = max((len(row) for row in islice(rows, 2)), default=0)
    if columns > _COLUMNS:
        raise ValueError(f"it has {columns:,} columns, {_COLUMNS:,} are the most")
    lines = content.count(b"\n") + content.count(b"\r") - content.count(b"\r\n")
    if (cells := columns * lines) > max(_CELLS, len(content)):
        raise ValueError(f"{cells:,} cells cannot be in a file of {len(content):,} bytes")
