"""Split a table into the panels of a figure: one for each model, target layer and seed."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from case_saliency.figures.names import model_label, ordered_models

SETTING = ("model", "layer", "seed")


@dataclass(frozen=True)
class Panel:
    """The rows of one setting, the values that select it, and its label."""

    label: str
    setting: dict[str, object]
    rows: pd.DataFrame

    def select(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return the rows of another table that belong to this setting."""
        return select(table, self.setting)


def split(table: pd.DataFrame, by: Sequence[str] = SETTING) -> list[Panel]:
    """Split a table by model, layer and seed (and whatever else `by` names), in the house order.

    The label names the model, and what else is needed to tell the panels of one model apart.

    Parameters
    ----------
    table
        Any table with the columns of `by`, "model" among them.
    by
        Columns that define a panel.

    Raises
    ------
    ValueError
        If the table has no rows: there is nothing to draw.
    """
    if table.empty:
        raise ValueError("split: the table has no rows")
    rank = {model: position for position, model in enumerate(ordered_models(table["model"]))}
    told_apart = [name for name in by if len(table[["model", name]].drop_duplicates()) > len(rank)]
    found = []
    for values, rows in table.groupby(list(by), sort=True):
        setting = dict(zip(by, values, strict=True))
        details = [_detail(name, setting[name]) for name in told_apart]
        found.append(Panel("\n".join([model_label(str(setting["model"])), *details]), setting, rows))
    return sorted(found, key=lambda panel: rank[str(panel.setting["model"])])


def select(table: pd.DataFrame, setting: dict[str, object]) -> pd.DataFrame:
    """Return the rows of `table` whose columns equal the values of `setting`."""
    keep = pd.Series(True, index=table.index)
    for name, value in setting.items():
        keep &= table[name] == value
    return table[keep]


def _detail(name: str, value: object) -> str:
    if name == "layer":
        return str(value)
    return f"top {value:g}%" if name == "k_percent" else f"{name} {value}"
