"""The verdict of a cell as it is told: a definite one stands only if it stands under both policies for empty maps."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

UNDECIDED = "undecided"
POLICY = "depends on the policy"


def standing(row: Mapping[Any, Any]) -> str:
    """Return the verdict of a row of `agreement.csv`, or `POLICY` for a definite one that a policy changes.

    The policies count pairs with a degenerate map as agreement of 100% (`verdict_if_insensitive`) or of 0%
    (`verdict_if_sensitive`) where the verdict leaves them out. docs/analysis-plan.md says what it is called.

    Examples
    --------
    >>> low, open_ = "class-sensitive", "undecided"
    >>> standing({"verdict": low, "verdict_if_insensitive": open_, "verdict_if_sensitive": low})
    'depends on the policy'
    >>> standing({"verdict": open_, "verdict_if_insensitive": open_, "verdict_if_sensitive": low})
    'undecided'
    """
    verdict = str(row["verdict"])
    return verdict if stands(row) or verdict == UNDECIDED else POLICY


def stands(row: Mapping[Any, Any]) -> bool:
    """Say whether the verdict of a row of `agreement.csv`, definite or not, is the same under both policies.

    Examples
    --------
    >>> low, open_ = "class-sensitive", "undecided"
    >>> stands({"verdict": open_, "verdict_if_insensitive": open_, "verdict_if_sensitive": low})
    False
    """
    return bool(row["verdict"] == row["verdict_if_insensitive"] == row["verdict_if_sensitive"])


def with_standing(table: "pd.DataFrame") -> "pd.DataFrame":
    """Return a table of agreement whose column `verdict` is the verdict that stands, see `standing`."""
    return table.assign(verdict=[standing(row) for row in table.to_dict("records")])
