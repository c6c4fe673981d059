"""Which images take part in a test, and why the others do not. No score is dropped without a reason."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal, Protocol, Self

import numpy as np
import pandas as pd

from case_saliency.storage.cells import numbered

DegeneratePolicy = Literal["exclude", "insensitive", "sensitive"]

KEPT = "kept"
MISCLASSIFIED = "misclassified"
CELL = ("experiment", "dataset", "model", "seed", "layer", "method")
"""Columns that name one method on one layer of one trained network."""
NETWORK = CELL[:4]
"""Columns that name a trained network."""
_POLICY_VALUE = {"exclude": np.nan, "insensitive": 100.0, "sensitive": 0.0}


class StoredScores(Protocol):
    """Scores that are read as they are asked for, such as `storage.columns.StoredRows`."""

    def blocks(self, keys: Sequence[str]) -> Iterator[pd.DataFrame]:
        """Yield the rows in blocks of whole cells, in the order in which the cells appear."""
        ...

    def where(self, column: str, text: str) -> Self:
        """Return the rows of these whose column holds a text."""
        ...


Scores = pd.DataFrame | StoredScores
"""What a statistic takes: a table of scores, or one that need not be held as a whole."""


def blocks(scores: Scores, keys: Sequence[str]) -> Iterator[pd.DataFrame]:
    """Yield the rows in blocks of whole cells: a table as a whole."""
    if isinstance(scores, pd.DataFrame):
        yield scores
    else:
        yield from scores.blocks(keys)


def only(scores: Scores, column: str, text: str) -> Scores:
    """Return the rows whose column holds a text."""
    return scores[scores[column] == text] if isinstance(scores, pd.DataFrame) else scores.where(column, text)


def cells(scores: Scores, keys: Sequence[str]) -> Iterator[tuple[tuple[Any, ...], pd.DataFrame]]:
    """Yield the names and the rows of each cell, in the order in which the cells appear.

    What iterating over `groupby` yields; that holds a second, sorted table and the keys of all rows at once.

    Parameters
    ----------
    scores
        Rows of any order.
    keys
        Columns whose values make a cell; a missing value is one, too.

    Examples
    --------
    >>> scores = pd.DataFrame({"method": ["sobel", "case", "sobel"], "value": [1, 2, 3]})
    >>> [(names, cell["value"].tolist()) for names, cell in cells(scores, ["method"])]
    [(('sobel',), [1, 3]), (('case',), [2])]
    """
    for block in blocks(scores, keys):
        cell_of = numbered(block, keys)
        order = np.argsort(cell_of, kind="stable")
        ends = np.flatnonzero(np.diff(cell_of[order])) + 1
        for start, end in zip([0, *ends], [*ends, len(block)], strict=True):
            cell = block.iloc[order[start:end]]
            if len(cell):
                yield tuple(cell[key].iloc[0] for key in keys), cell


def status(scores: pd.DataFrame, measure: str) -> pd.Series:
    """Return for each row "kept", "misclassified", or the defect for which its map was set aside.

    Parameters
    ----------
    scores
        Rows of a score table with columns `qualified`, `reason`, `degenerate` and `measure`.
    measure
        Column of the score. A qualified row without a score must be marked degenerate; a row that is marked but has a
        score (small support in the fidelity test) is kept.

    Raises
    ------
    ValueError
        If a score is missing, or a row is not qualified, for no stated reason.
    """
    missing = scores[measure].isna()
    qualified = scores["qualified"].astype(bool)
    unexplained = (qualified & missing & (scores["degenerate"] == "")) | (~qualified & (scores["reason"] == ""))
    if unexplained.any():
        first = scores.loc[unexplained, [*CELL, "image_id"]].iloc[0].to_dict()
        raise ValueError(f"{measure}: {unexplained.sum()} scores are missing for no stated reason, first {first}")
    kept_or_defect = np.where(missing, scores["degenerate"], KEPT)
    return pd.Series(np.where(qualified, kept_or_defect, scores["reason"]), index=scores.index, dtype=object)


def counted(scores: pd.DataFrame, policy: DegeneratePolicy) -> "pd.Series[float]":
    """Return the agreement of each image that counts, with the index of `scores`.

    Parameters
    ----------
    scores
        Agreement scores with their `status` in a column of that name.
    policy
        What a pair with a degenerate map counts as: nothing ("exclude"), agreement 100 ("insensitive") or 0
        ("sensitive").

    Raises
    ------
    ValueError
        If the policy is unknown.
    """
    if policy not in _POLICY_VALUE:
        raise ValueError(f"counted: degenerate_policy is {policy!r}, expected one of {sorted(_POLICY_VALUE)}")
    values = scores["agreement"].where(scores["status"] == KEPT, _POLICY_VALUE[policy])
    return values[scores["status"] != MISCLASSIFIED].dropna().astype(float)


def counts(cell: pd.DataFrame) -> dict[str, Any]:
    """Count the images of a cell that do not qualify, and those set aside for a defect (the rate is of the qualified).

    Parameters
    ----------
    cell
        Scores of one cell with their `status` in a column of that name, one row for each image.
    """
    n_misclassified = int((cell["status"] == MISCLASSIFIED).sum())
    n_degenerate = len(cell) - n_misclassified - int((cell["status"] == KEPT).sum())
    n_qualified = len(cell) - n_misclassified
    return {
        "degenerate_rate": n_degenerate / n_qualified if n_qualified else np.nan,
        "n_degenerate": n_degenerate,
        "n_excluded_misclassified": n_misclassified,
        "n_total": len(cell),
    }


def attrition_table(agreement: Scores, fidelity: Scores) -> pd.DataFrame:
    """Count the images of each cell by what became of them.

    Parameters
    ----------
    agreement, fidelity
        Score tables of an experiment.

    Returns
    -------
    pandas.DataFrame
        Columns `CELL`, stage ("agreement" or the fidelity test's name), fill ("none" for agreement), k_percent,
        reason, n. In each cell the counts of all reasons add up to the number of images; "kept" is always listed.
    """
    rows = [row | {"stage": "agreement", "fill": "none"} for row in _fates(agreement, "agreement", ["k_percent"])]
    tested = _fates(fidelity, "drop_absolute", ["test", "fill", "k_percent"])
    rows += [row | {"stage": row["test"]} for row in tested]
    return pd.DataFrame(rows, columns=[*CELL, "stage", "fill", "k_percent", "reason", "n"])


def _fates(scores: Scores, measure: str, setting: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield for each cell and setting how many images were kept, and set aside for each reason."""
    keys = [*CELL, *setting]
    for names, cell in cells(scores, keys):
        found = status(cell, measure).value_counts()
        for reason in (KEPT, *sorted(set(found.index) - {KEPT})):
            yield dict(zip(keys, names, strict=True)) | {"reason": reason, "n": int(found.get(reason, 0))}
