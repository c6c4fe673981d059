"""Names above the columns of a grid, one column for each panel: side by side, under their model, or slanted."""

from collections.abc import Sequence

from matplotlib.axes import Axes

from case_saliency.figures.names import model_label
from case_saliency.figures.panels import Panel

_UPRIGHT = 5  # panels whose whole labels stand side by side
_SIZE = 7.0  # points
_DETAIL = 6.5  # points
_LETTER = 0.66  # width of a letter, in sizes of the font


def name_columns(axes: Axes, panels: Sequence[Panel], width: float) -> None:
    """Name the columns of a grid, whose centres lie at 0, 1, ...

    Of many panels each model is named once, above its columns, and each column by what else its label says, on its
    side where it is long. Where a model has too few columns for its name, whole labels stand slanted.

    Parameters
    ----------
    axes
        The grid.
    panels
        One for each column, those of a model side by side.
    width
        Of a column, in inches.
    """
    axes.tick_params(top=True, labeltop=True, bottom=False, labelbottom=False, length=0)
    groups: dict[str, list[int]] = {}
    for column, panel in enumerate(panels):
        groups.setdefault(model_label(panel.setting["model"]), []).append(column)
    if len(panels) <= _UPRIGHT:
        axes.set_xticks(range(len(panels)), [panel.label for panel in panels], fontweight="bold")
    elif all(_points(name, _SIZE) <= 72 * width * len(columns) for name, columns in groups.items()):
        _grouped(axes, panels, groups, width)
    else:
        axes.set_xticks(range(len(panels)), [panel.name for panel in panels], fontweight="bold")
        for label in axes.get_xticklabels():  # of the visible side
            label.set(rotation=35, horizontalalignment="left", rotation_mode="anchor")


def _grouped(axes: Axes, panels: Sequence[Panel], groups: dict[str, list[int]], width: float) -> None:
    details = [panel.label.partition("\n")[2] for panel in panels]
    lines = [line for detail in details for line in detail.split("\n")]
    longest, deepest = max(_points(line, _DETAIL) for line in lines), max(detail.count("\n") for detail in details) + 1
    upright = longest <= 72 * width
    axes.set_xticks(range(len(panels)), details, rotation=0 if upright else 90, fontsize=_DETAIL)
    height = 1.3 * _DETAIL * deepest if upright else longest
    for name, columns in groups.items():
        axes.annotate(
            name, ((columns[0] + columns[-1]) / 2, 1), (0, height + 6), xycoords=("data", "axes fraction"),
            textcoords="offset points", ha="center", va="bottom", fontsize=_SIZE, fontweight="bold",
        )  # fmt: skip
        if columns[0]:
            axes.axvline(columns[0] - 0.5, color="white", linewidth=1.2)


def _points(text: str, size: float) -> float:
    """Width that a line of text needs at most, in points."""
    return _LETTER * size * len(text)
