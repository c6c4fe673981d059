"""Tables as CSV."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from case_saliency.storage.files import atomic
from case_saliency.storage.schema import SCHEMA_VERSION, check_version, unreadable

if TYPE_CHECKING:
    import pandas as pd

_FLOAT_FORMAT = "%.10g"
_TEXT = dict.fromkeys(("image_id", "file", "label_name", "sha256"), str)  # may look like numbers, such as class "007"


def write_csv(table: "pd.DataFrame", path: str | os.PathLike[str]) -> None:
    """Write a table as CSV. The schema version is a column, numbers have ten digits, the index is not written."""
    with atomic(path) as temporary:
        table.assign(schema_version=SCHEMA_VERSION).to_csv(
            temporary, index=False, float_format=_FLOAT_FORMAT, lineterminator="\n"
        )


def read_csv(path: str | os.PathLike[str]) -> "pd.DataFrame":
    """Read what `write_csv` wrote. Text stays text: only empty cells are missing values."""
    import pandas as pd

    path = Path(path)
    try:
        table = pd.read_csv(path, keep_default_na=False, na_values=[""], dtype=_TEXT)
        version = table.pop("schema_version").iloc[0] if len(table) else SCHEMA_VERSION
    except Exception as error:  # on damaged files pandas stumbles in every way
        raise unreadable(path, error) from error
    check_version(version, path)
    return table.drop(columns="schema_version", errors="ignore")
