"""The verdict of a cell as it is told: a definite one stands only if it stands under both policies for empty maps.

Where no image is left there is none: tables say "undecided" there, which would read as "the images cannot tell".
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

UNDECIDED = "undecided"
POLICY = "depends on the policy"
NO_IMAGE = "no image"


def standing(row: Mapping[Any, Any]) -> str:
    """Return the verdict of a row of `agreement.csv`, `POLICY` for a definite one that a policy changes, or `NO_IMAGE`.

    The policies count pairs with a degenerate map as agreement of 100% (`verdict_if_insensitive`) or of 0%
    (`verdict_if_sensitive`) where the verdict leaves them out. docs/analysis-plan.md says what it is called. Where
    these are all pairs (`n` is 0), there is no verdict.

    Examples
    --------
    >>> low, open_ = "class-sensitive", "undecided"
    >>> standing({"n": 9, "verdict": low, "verdict_if_insensitive": open_, "verdict_if_sensitive": low})
    'depends on the policy'
    >>> standing({"n": 9, "verdict": open_, "verdict_if_insensitive": open_, "verdict_if_sensitive": low})
    'undecided'
    >>> standing({"n": 0, "verdict": open_, "verdict_if_insensitive": "insensitive", "verdict_if_sensitive": low})
    'no image'
    """
    verdict = str(row["verdict"])
    if not row["n"]:
        return NO_IMAGE
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


def with_images(table: "pd.DataFrame", column: str = "verdict") -> "pd.DataFrame":
    """Return a table whose verdicts in `column` are `NO_IMAGE` where they are undecided for want of any image (`n`).

    For tables without the policies, and for joint verdicts, which may be denied by the other one of both.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"verdict": ["undecided", "undecided", "not class-specific"], "n": [3, 0, 0]})
    >>> with_images(table)["verdict"].tolist()
    ['undecided', 'no image', 'not class-specific']
    """
    told = table[column].where((table["n"] > 0) | (table[column] != UNDECIDED), NO_IMAGE)
    return table.assign(**{column: told})
