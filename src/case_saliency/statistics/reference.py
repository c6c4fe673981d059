"""A fresh run's tables beside published ones: for each number equal, within a stated tolerance, or different.

Numbers are told apart by kind, see `kind` and `TOLERANCES`; the reasons stand in docs/verify.md.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

Kind = Literal["conclusion", "text", "count", "p", "interval", "estimate"]
Numbers = npt.NDArray[np.float64]
State = Literal["equal", "within", "different"]

KEYS = (
    *("claim", "experiment", "dataset", "model", "seed", "layer", "method", "defect", "pooled_over", "test", "measure"),
    *("fill", "k_percent", "stage", "reason", "augmentation", "rank_a", "rank_b", "step", "resolution", "strength"),
    *("membership", "k_removed", "source", "k", "combined", "kind", "threshold", "size", "outcome", "item", "quantity"),
)
"""Columns that name a row, of whatever table."""

UNITS = ("measure", "outcome", "quantity")
"""Those of them that tell what the numbers of a row are: rows that differ in one may have other units."""

CONCLUSIONS = (
    *("verdict", "verdict_if_insensitive", "verdict_if_sensitive", "agreement_verdict", "joint_verdict", "faithful"),
    *("rejects_paper", "equivalent"),
)
"""Columns that say what follows from the numbers."""

SMALL_P = 1e-4
"""Two p-values below this count as within tolerance of each other: their digits say nothing."""

TOLERANCES: Mapping[Kind, float] = {
    "conclusion": 0.0,
    "text": 0.0,
    "count": 0.0,
    "p": 0.1,
    "interval": 0.01,
    "estimate": 0.005,
}
"""Kind -> tolerance: of a p-value as a share of the larger one, of other numbers of the largest finite value that
the column has in that unit (`UNITS`)."""

_ENDS = ("_low", "_high", "_lowest", "_highest", "_se")
_CELL = ["table", "row", "column", "kind", "reference", "fresh", "difference", "tolerance", "state"]


@dataclass(frozen=True)
class Comparison:
    """One table beside its published version.

    Attributes
    ----------
    cells
        One row for each value of the reference that the fresh table has: table, row (its key in words), column, kind,
        reference, fresh, difference (absolute; NaN where one is text, empty or infinite), tolerance, and state.
    missing
        Rows and columns of the reference that the fresh table lacks, in words.
    added
        Those that it has beyond the reference.
    """

    cells: pd.DataFrame
    missing: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)


def kind(name: str, values: "pd.Series[float]") -> Kind:
    """Return what kind of column this is, by its name and type.

    Examples
    --------
    >>> numbers = pd.Series([0.5])
    >>> [kind(name, numbers) for name in ("p_holm", "n_pairs", "ci_low", "verdict", "mean")]
    ['p', 'count', 'interval', 'conclusion', 'estimate']
    """
    if name in CONCLUSIONS:
        return "conclusion"
    if not pd.api.types.is_numeric_dtype(values.dtype):
        return "text"
    if name == "p" or name.startswith("p_"):
        return "p"
    if name.startswith("n_") or name == "n" or values.dtype.kind in "biu":
        return "count"
    return "interval" if name.endswith(_ENDS) else "estimate"


def compare(fresh: pd.DataFrame, reference: pd.DataFrame, name: str) -> Comparison:
    """Compare a table with its published version, row by row.

    Parameters
    ----------
    fresh, reference
        The tables; rows are matched by the columns of `KEYS` that the reference has, whatever their order. Cells of
        `UNITS` tell what the numbers of a row are; a quantity named as a p-value is one.
    name
        The table's name, for the result.

    Raises
    ------
    ValueError
        If the keys do not tell the rows of a table apart.
    """
    keys = [key for key in KEYS if key in reference]
    lost = [key for key in keys if key not in fresh]
    if lost:
        return Comparison(pd.DataFrame(columns=_CELL), [f"{name}: column {key}" for key in lost])
    first, second = (_keyed(table, keys, name) for table in (reference, fresh))
    shared = first.index.intersection(second.index, sort=False)
    columns = [str(column) for column in first.columns if column in second]
    missing = [f"{name}: column {column}" for column in first.columns.difference(second.columns)]
    missing += [f"{name}: row {row}" for row in first.index.difference(second.index, sort=False)]
    added = [f"{name}: column {column}" for column in second.columns.difference(first.columns)]
    added += [f"{name}: row {row}" for row in second.index.difference(first.index, sort=False)]
    parts = [
        _column(first.loc[rows, column], second.loc[rows, column], quantity).assign(table=name)
        for quantity, rows in _units(reference.set_index(first.index).loc[shared])
        for column in columns
    ]
    cells = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=_CELL)
    return Comparison(cells[_CELL], missing, added)


def _units(rows: pd.DataFrame) -> "Iterator[tuple[str, pd.Index[str]]]":
    """Yield the rows that share their units, with the name of their quantity ("" where none is named)."""
    units = [unit for unit in UNITS if unit in rows]
    parts = [part for _, part in rows.groupby(units, sort=False, dropna=False)] if units else [rows]
    for part in parts:
        yield str(part["quantity"].iloc[0]) if "quantity" in units else "", part.index


def _keyed(table: pd.DataFrame, keys: list[str], name: str) -> pd.DataFrame:
    words = [
        " ".join(f"{key}={_word(value)}" for key, value in zip(keys, row, strict=True) if pd.notna(value))
        for row in table[keys].itertuples(index=False, name=None)
    ]
    index = pd.Index(words, dtype=object)
    if index.has_duplicates:
        raise ValueError(f"{name}: rows are not told apart by {keys}, for instance {index[index.duplicated()][0]}")
    return table.drop(columns=keys).set_axis(index, axis=0)


def _word(value: object) -> str:
    return f"{value:g}" if isinstance(value, int | float | np.number) else str(value)


def _column(reference: "pd.Series[float]", fresh: "pd.Series[float]", quantity: str) -> pd.DataFrame:
    """Return the cells of one column, of rows with one unit."""
    of = kind(str(reference.name), reference)
    if of == "estimate" and kind(quantity, reference) == "p":
        of = "p"
    equal = ((reference.astype(str) == fresh.astype(str)) | (reference.isna() & fresh.isna())).to_numpy()
    close, text = equal, np.zeros(len(equal), dtype=bool)
    difference, tolerance = np.full(len(equal), np.nan), np.zeros(len(equal))
    if of not in ("conclusion", "text"):
        old, new = (pd.to_numeric(column, errors="coerce").to_numpy(dtype=float) for column in (reference, fresh))
        equal = equal | (old == new)
        text = ~equal & np.isnan(new) & fresh.notna().to_numpy()
        finite = np.isfinite(old) & np.isfinite(new)
        difference = np.abs(np.subtract(new, old, where=finite, out=np.full(len(equal), np.nan)))
        tolerance = TOLERANCES[of] * _scale(of, old, new)
        close = equal | (difference <= tolerance)
        if of == "p":
            close = close | (old < SMALL_P) & (new < SMALL_P)
    return pd.DataFrame(
        {
            "row": reference.index,
            "column": reference.name,
            "kind": np.where(text, "text", of),
            "reference": _shown(reference),
            "fresh": _shown(fresh),
            "difference": np.where(equal, 0.0, difference),
            "tolerance": tolerance,
            "state": np.select([equal, close], ["equal", "within"], "different"),
        }
    )


def _scale(of: Kind, old: Numbers, new: Numbers) -> Numbers:
    """Return what a tolerance is a share of: the larger p-value, or the column's largest finite value."""
    return np.maximum(old, new) if of == "p" else np.full(len(old), np.abs(old[np.isfinite(old)]).max(initial=0.0))


def _shown(column: "pd.Series[float]") -> npt.NDArray[np.object_]:
    """Return the values, infinite ones as words: JSON has none."""
    words = {np.inf: "inf", -np.inf: "-inf"}
    return np.array([words.get(value, value) for value in column.astype(object)], dtype=object)
