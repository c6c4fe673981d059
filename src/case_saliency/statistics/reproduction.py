"""Whether a run reproduced published results: the comparisons of all its tables, as one verdict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from case_saliency.statistics.reference import SMALL_P, TOLERANCES, Comparison, Kind, compare

Overall = Literal["equal", "within tolerance", "same conclusions", "different"]
LEVELS: tuple[Overall, ...] = ("equal", "within tolerance", "same conclusions", "different")
"""From the best to the worst."""


@dataclass(frozen=True)
class Reproduction:
    """One experiment beside its published results.

    Attributes
    ----------
    experiment
        Its name.
    overall
        "equal": every value is; "within tolerance": every number is, and every conclusion equal; "same conclusions":
        numbers differ, conclusions do not; "different": a conclusion differs, or something published is missing.
    counts
        State -> values, for all of them ("values") and for those that are conclusions ("conclusions").
    by_table
        Table -> state -> values.
    worst
        The values that differ most, by the ratio of difference and tolerance; conclusions first.
    largest
        Kind of number -> its largest difference, as a share of the scale on which its tolerance is stated.
    missing, added
        What the run lacks, or has beyond the published results.
    """

    experiment: str
    overall: Overall
    counts: Mapping[str, Mapping[str, int]]
    by_table: Mapping[str, Mapping[str, int]]
    worst: Sequence[Mapping[str, Any]]
    largest: Mapping[Kind, float]
    missing: Sequence[str]
    added: Sequence[str]


def reproduction(
    experiment: str, fresh: Mapping[str, pd.DataFrame], reference: Mapping[str, pd.DataFrame], n_worst: int = 5
) -> Reproduction:
    """Compare all tables of an experiment, by name."""
    found = [compare(fresh[name], table, name) for name, table in reference.items() if name in fresh]
    missing = [f"table {name}" for name in reference if name not in fresh]
    added = [f"table {name}" for name in fresh if name not in reference]
    cells = pd.concat([one.cells for one in found], ignore_index=True) if found else Comparison(pd.DataFrame()).cells
    missing += [text for one in found for text in one.missing]
    added += [text for one in found for text in one.added]
    if cells.empty:
        return Reproduction(experiment, "different", {}, {}, [], {}, missing, added)
    conclusions = cells[cells["kind"] == "conclusion"]
    return Reproduction(
        experiment=experiment,
        overall=_overall(cells, conclusions, missing),
        counts={"values": _counts(cells), "conclusions": _counts(conclusions)},
        by_table={str(name): _counts(part) for name, part in cells.groupby("table", sort=False)},
        worst=_worst(cells, n_worst),
        largest=_largest(cells),
        missing=missing,
        added=added,
    )


def _largest(cells: pd.DataFrame) -> dict[Kind, float]:
    """Return the largest difference of each kind that has a tolerance; p-values that are both small do not count."""
    found: dict[Kind, float] = {}
    for name, tolerance in TOLERANCES.items():
        rows = cells[(cells["kind"] == name) & (cells["tolerance"] > 0)]
        rows = rows[~_small(rows)]
        if tolerance and len(rows):
            shares = tolerance * rows["difference"].astype(float) / rows["tolerance"].astype(float)
            found[name] = float(shares.fillna(0).max())
    return found


def _overall(cells: pd.DataFrame, conclusions: pd.DataFrame, missing: Sequence[str]) -> Overall:
    if missing or (conclusions["state"] == "different").any():
        return "different"
    if (cells["state"] == "different").any():
        return "same conclusions"
    return "within tolerance" if (cells["state"] == "within").any() else "equal"


def _counts(cells: pd.DataFrame) -> dict[str, int]:
    return {state: int((cells["state"] == state).sum()) for state in ("equal", "within", "different")}


def _worst(cells: pd.DataFrame, n_worst: int) -> list[dict[str, Any]]:
    unequal = cells[cells["state"] != "equal"]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = unequal["difference"].astype(float) / unequal["tolerance"].astype(float)
        excess = share.fillna(np.inf).where(~_small(unequal), 0.0)
    order = unequal.assign(excess=excess, first=unequal["kind"] != "conclusion").sort_values(
        ["first", "excess"], ascending=[True, False], kind="stable"
    )
    columns = ["table", "row", "column", "kind", "reference", "fresh", "difference", "tolerance", "state"]
    return [
        {str(key): _plain(value) for key, value in row.items()}
        for row in order[columns].head(n_worst).to_dict("records")
    ]


def _small(cells: pd.DataFrame) -> "pd.Series[bool]":
    """Return which cells are p-values that are small in both tables."""
    small = pd.Series(data=False, index=cells.index)
    tests = cells[cells["kind"] == "p"]
    small[tests.index] = tests[["reference", "fresh"]].astype(float).max(axis=1) < SMALL_P
    return small


def _plain(value: Any) -> Any:
    """Return a value as JSON has it; NaN and infinity are None."""
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not np.isfinite(value) else value
