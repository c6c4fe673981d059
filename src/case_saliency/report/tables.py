"""Whole tables for the report: printed cells that sort by value, and the table itself as a CSV download."""

import base64
from dataclasses import dataclass

import numpy as np
import pandas as pd

from case_saliency.figures.names import format_p
from case_saliency.report.meanings import MEANINGS
from case_saliency.report.packing import packed

PRINTED = 200
"""Rows up to which a table stands in the page as it is."""


@dataclass(frozen=True)
class Column:
    """A column's name, meaning and kind."""

    name: str
    meaning: str
    numeric: bool


@dataclass(frozen=True)
class TableView:
    """A table ready to print: `rows` holds (text, value to sort by) for each cell.

    Columns with the same value in every row are told once, in `constants`, and left out of `columns`. A table of more
    than `PRINTED` rows is `packed` instead, rows and download in one, and the page unpacks it when it is opened; its
    `rows` and `csv` are empty.
    """

    identifier: str
    caption: str
    file_name: str
    constants: list[tuple[str, str]]
    columns: list[Column]
    rows: list[list[tuple[str, str]]]
    csv: str
    n_rows: int
    packed: str = ""


def view(table: pd.DataFrame, identifier: str, caption: str, file_name: str) -> TableView:
    """Prepare a table; its CSV has full precision, its printed cells four significant digits."""
    constant = [name for name in table.columns if len(table) > 1 and len(table[name].drop_duplicates()) == 1]
    columns = [
        Column(str(name), MEANINGS.get(str(name), ""), pd.api.types.is_numeric_dtype(table[name].dtype))
        for name in table.columns.drop(constant)
    ]
    rows = [
        [printed(column.name, value) for column, value in zip(columns, row, strict=True)]
        for row in table.drop(columns=constant).itertuples(index=False, name=None)
    ]
    constants = [(str(name), printed(str(name), table[name].iloc[0])[0]) for name in constant]
    text = table.to_csv(index=False, lineterminator="\n")
    if len(rows) > PRINTED:
        content = packed({"rows": rows, "csv": text})
        return TableView(identifier, caption, file_name, constants, columns, [], "", len(rows), content)
    uri = "data:text/csv;charset=utf-8;base64," + base64.b64encode(text.encode()).decode("ascii")
    return TableView(identifier, caption, file_name, constants, columns, rows, uri, len(rows))


def printed(name: str, value: object) -> tuple[str, str]:
    """Return a cell as people read it, and the value to sort it by."""
    if value is None or (isinstance(value, float) and pd.isna(value)):
        return "–", ""
    if isinstance(value, bool | np.bool_):
        return ("yes" if value else "no"), str(int(value))
    if isinstance(value, float):
        return (format_p(value) if name.startswith("p_") else f"{value:.4g}"), repr(value)
    return str(value), str(value)
