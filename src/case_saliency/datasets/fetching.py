"""What is told to, and comes back from, the code that fetches a dataset."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from case_saliency.errors import CaseSaliencyError

if TYPE_CHECKING:
    import pandas as pd

EXCLUSION_COLUMNS = ("file", "reason")

Progress = Callable[[Iterable[Any], int, str], Iterable[Any]]
"""Called with items, their number and their unit in the plural; yields the items and shows how many are done."""


def silently(items: Iterable[Any], _total: int, _unit: str) -> Iterable[Any]:
    """Show nothing (a `Progress`)."""
    return items


@dataclass(frozen=True)
class Options:
    """What a user can tell of a dataset: the entry of `datasets` in params.yaml.

    Attributes
    ----------
    path
        Folder of the user's images, or of archives that were downloaded before.
    label_space
        For `folder`: the label space whose classes the class folders are named after; None: they are the classes.
    progress
        Shows how much is done.
    """

    path: str | None = None
    label_space: str | None = None
    progress: Progress = field(default=silently, compare=False)

    def folder(self, dataset: str) -> Path | None:
        """Return the user's folder, None where none is named; a name that is no folder is an error."""
        if self.path is None:
            return None
        found = Path(self.path).expanduser().absolute()
        if not found.is_dir():
            raise CaseSaliencyError(
                f"datasets.{dataset}.path: {self.path} is not a folder; name the folder that holds the data set"
            )
        return found


@dataclass(frozen=True)
class Fetched:
    """A fetched dataset.

    Attributes
    ----------
    manifest
        See `sources.fetch`.
    exclusions
        Columns `EXCLUSION_COLUMNS`: what lies in the user's folder and is not used, and why.
    """

    manifest: "pd.DataFrame"
    exclusions: "pd.DataFrame"


def nothing_excluded() -> "pd.DataFrame":
    """Return an empty table of exclusions."""
    import pandas as pd

    return pd.DataFrame(columns=list(EXCLUSION_COLUMNS))
