"""Split a table into the panels of a figure: one for each model, target layer and seed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from case_saliency.figures.names import model_label, ordered_models

T = TypeVar("T")
SETTING = ("model", "layer", "seed")
INPUT_LAYER = "input"  # the layer of methods that look at the input alone: they belong beside every layer


@dataclass(frozen=True)
class Panel:
    """The rows of one setting, the values that select it, and its label."""

    label: str
    setting: dict[Any, Any]
    rows: pd.DataFrame

    @property
    def name(self) -> str:
        """The label on one line."""
        return self.label.replace("\n", ", ")

    def select(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return the rows of another table that belong to this setting, those of the input's layer included."""
        keep = pd.Series(data=True, index=table.index)
        for name, value in self.setting.items():
            keep &= table[name].isin([value, INPUT_LAYER] if name == "layer" else [value])
        return table[keep]


def split(table: pd.DataFrame, by: Sequence[str] = SETTING) -> list[Panel]:
    """Split a table by model, layer and seed (and whatever else `by` names), in the house order.

    The label names the model, and what else is needed to tell the panels of one model apart. Methods without a target
    layer (layer "input") join the panels of the model's layers; they get a panel only if the model has no other.

    Parameters
    ----------
    table
        Any table with the columns of `by`.
    by
        Columns that define a panel, "model" among them. Without "layer" a panel has all layers.

    Raises
    ------
    ValueError
        If the table has no rows: there is nothing to draw.
    """
    if table.empty:
        raise ValueError("split: the table has no rows")
    layered = table[table["layer"] != INPUT_LAYER]
    lone = table[~table["model"].isin(layered["model"])]
    apart = pd.concat([layered, lone]) if "layer" in by else table
    settings = apart[list(by)].drop_duplicates().sort_values(list(by))
    models = ordered_models(table["model"])
    told_apart = [name for name in by if len(settings[["model", name]].drop_duplicates()) > len(models)]
    found = []
    for setting in settings.to_dict("records"):
        details = [_detail(name, setting[name]) for name in told_apart]
        panel = Panel("\n".join([model_label(setting["model"]), *details]), dict(setting), table.iloc[:0])
        found.append(replace(panel, rows=panel.select(table)))
    return sorted(found, key=lambda panel: models.index(panel.setting["model"]))


def several_trainings(table: pd.DataFrame) -> bool:
    """Say whether a network of the table was trained from several seeds: these then share a panel."""
    return len(table[["model", "seed"]].drop_duplicates()) > table["model"].nunique()


def line_width(panels: Sequence[Panel]) -> int:
    """Return how many panels stand in a line of two columns' width: three, or four if that is all there are."""
    return 4 if len(panels) == 4 else 3


def lines(settings: Sequence[T], panels: Sequence[Panel], width: int = 3) -> list[tuple[T, Sequence[Panel]]]:
    """Arrange panels in lines of at most `width`: all settings of the first panels, then those of the next.

    Examples
    --------
    >>> [(setting, len(line)) for setting, line in lines(["a", "b"], [None] * 4)]
    [('a', 3), ('b', 3), ('a', 1), ('b', 1)]
    """
    parts = [panels[start : start + width] for start in range(0, len(panels), width)]
    return [(setting, part) for part in parts for setting in settings]


def n_lines(panels: Sequence[Panel], width: int = 3) -> int:
    """Return how many lines of `width` the panels fill."""
    return -(-len(panels) // width)


def wrapped(
    figure: Figure, panels: Sequence[Panel], width: int = 3, *, sharex: bool = False, sharey: bool = False
) -> list[tuple[Axes, Panel, bool]]:
    """Make axes for panels, `width` in a line; those that are left over in the last line are hidden.

    Parameters
    ----------
    figure
        Where to.
    panels
        One for each axes.
    width
        Panels in a full line; fewer panels than that share one line.
    sharex, sharey
        Whether they have one axis in common.

    Returns
    -------
    For each panel its axes, the panel, and whether it is the first of its line.
    """
    columns = min(width, len(panels))
    grid = figure.subplots(n_lines(panels, width), columns, sharex=sharex, sharey=sharey, squeeze=False)
    for unused in grid.flat[len(panels) :]:
        unused.set_visible(False)
    return [
        (axes, panel, position % columns == 0)
        for position, (axes, panel) in enumerate(zip(grid.flat, panels, strict=False))
    ]


def by_setting(
    figure: Figure, settings: Sequence[T], panels: Sequence[Panel], width: int = 3
) -> list[tuple[Axes, T, Panel, bool]]:
    """Make axes for every panel under every setting, in the order of `lines`; those of one setting share their x axis.

    Returns
    -------
    For each its axes, the setting, the panel, and whether it is the first of its line.
    """
    arranged = lines(settings, panels, width)
    grid = figure.subplots(len(arranged), len(arranged[0][1]), squeeze=False)
    scales: dict[str, Axes] = {}
    placed = []
    for line, (setting, shown) in zip(grid, arranged, strict=True):
        for unused in line[len(shown) :]:
            unused.set_visible(False)
        for axes, panel in zip(line, shown, strict=False):
            if (scale := scales.setdefault(str(setting), axes)) is not axes:
                axes.sharex(scale)
            placed.append((axes, setting, panel, axes is line[0]))
    return placed


def _detail(name: str, value: Any) -> str:
    if name == "layer":
        return str(value)
    return f"top {value:g}%" if name == "k_percent" else f"{name} {value}"
