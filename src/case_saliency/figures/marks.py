"""What figures with one row per method share: the rows, the estimate with its interval, the key to the symbols."""

import math
from collections.abc import Iterable, Mapping, Sequence
from textwrap import wrap
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from case_saliency.figures.names import VERDICTS, method_style
from case_saliency.figures.style import FAINT, INK
from case_saliency.statistics.standing import NO_IMAGE, POLICY

ROW_HEIGHT = 0.23  # inches for one method
_SPREAD = 0.56  # of a row that the trainings of a network take
_FEW_SIZES = 3
_ONE_LINE = 5.5  # inches that the key to the verdicts needs on one line
_LETTERS = 19  # of the key on an inch


def method_rows(axes: Axes, methods: Sequence[str], controls: set[str], *, named: bool = True) -> None:
    """Give each method one row of the y axis, from the top, with a rule between methods and controls.

    Controls are in italics. Rows of a panel that has another to its left need no names (`named`).
    """
    axes.set_ylim(len(methods) - 0.5, -0.5)
    axes.set_yticks(range(len(methods)), [method_style(method).label if named else "" for method in methods])
    for label, method in zip(axes.get_yticklabels(), methods, strict=True):
        label.set_fontstyle("italic" if method in controls else "normal")
    first = next((row for row, method in enumerate(methods) if method in controls), None)
    if first:
        axes.axhline(first - 0.5, color=FAINT, linewidth=0.5)


def estimate(
    axes: Axes, row: float, method: str, value: float, low: float, high: float, *, small: bool = False
) -> None:
    """Draw an estimate with its interval in the method's colour and marker; a missing bound draws no bar.

    `small`: one of several trainings that share a row.
    """
    style = method_style(method)
    if not math.isnan(high - low):
        width = 0.7 if small else 1.1
        axes.plot([low, high], [row, row], color=INK, linewidth=width, solid_capstyle="butt", zorder=3)
    axes.plot(
        [value], [row], marker=style.marker, markersize=2.8 if small else 5, color=style.colour, markeredgecolor=INK,
        markeredgewidth=0.3 if small else 0.6, linestyle="none", zorder=4,
    )  # fmt: skip


def placed(rows: pd.DataFrame, methods: Sequence[str]) -> list[tuple[dict[Any, Any], float]]:
    """Return the rows of a panel with their places on the y axis: the trainings of a network share a method's row.

    Examples
    --------
    >>> rows = pd.DataFrame({"method": ["a", "b", "a", "b"], "seed": [0, 0, 1, 1]})
    >>> [round(place, 2) for _, place in placed(rows, ["a", "b"])]
    [-0.14, 0.86, 0.14, 1.14]
    """
    seeds = sorted(rows["seed"].unique())
    step = _SPREAD / len(seeds) if seeds else 0.0
    return [
        (row, methods.index(row["method"]) + step * (seeds.index(row["seed"]) - (len(seeds) - 1) / 2))
        for row in rows.to_dict("records")
    ]


def around(axes: Axes, values: pd.Series) -> None:
    """Set the x axis to the estimates of all panels that share it, and a third of their range on either side.

    The interval of a training with very few images would take the axis for itself; it is cut.
    """
    low, high = values.min(), values.max()
    if high > low:
        axes.set_xlim(low - (high - low) / 3, high + (high - low) / 3)


def counted(values: pd.Series, symbols: Mapping[str, str]) -> str:
    """Write how often each value stands in a column, by its symbol; the symbol alone for a single value.

    Examples
    --------
    >>> counted(pd.Series(["yes", "no", "yes"]), {"yes": "+", "no": "-"}), counted(pd.Series(["no"]), {"no": "-"})
    ('+2 -1', '-')
    """
    if len(values) == 1:
        return symbols[values.iloc[0]]
    return " ".join(f"{symbol}{n}" for value, symbol in symbols.items() if (n := int((values == value).sum())))


def method_line(method: str, *, control: bool) -> dict[str, Any]:
    """Return how a curve of a method is drawn, in its colour and marker; dashed for a control."""
    style = method_style(method)
    return {
        "color": style.colour,
        "linestyle": (0, (2, 1.2)) if control else "-",
        "linewidth": 1.0,
        "marker": style.marker,
        "markersize": 3,
        "markeredgewidth": 0,
    }


def margin_note(axes: Axes, row: float, text: str, *, position: float = 1.02) -> None:
    """Write a note beside a row, right of the axes; `position` is in widths of the axes."""
    axes.text(position, row, text, transform=axes.get_yaxis_transform(), va="center", ha="left", fontsize=6)


def verdict_key(figure: Figure, threshold: float, shown: Iterable[str]) -> None:
    """Explain below the figure the symbols of the verdicts, on one line where there is room.

    A line of its own says what "dependent on the policy" means, and one what the lack of a verdict, where these are
    among the verdicts that are `shown`.
    """
    separator = "\n" if figure.get_figwidth() < _ONE_LINE else "        "
    told = {name: f"{entry.symbol}  {entry.words}: {entry.explained(threshold)}" for name, entry in VERDICTS.items()}
    apart = {name: wrap(told.pop(name), int(_LETTERS * figure.get_figwidth())) for name in (POLICY, NO_IMAGE)}
    found = set(shown)
    lines = [separator.join(told.values()), *(line for name, part in apart.items() if name in found for line in part)]
    figure.supxlabel("\n".join(lines), fontsize=6)


def population(*, labelled: bool) -> str:
    """Say which images count, for captions: without labels it is not known which predictions are correct."""
    return "whose top-1 prediction is correct" if labelled else "(without labels: whether predicted correctly or not)"


def ends(values: pd.Series) -> str:
    """Write the smallest and the largest count of a column, or the only one.

    Examples
    --------
    >>> ends(pd.Series([18, 16, 18])), ends(pd.Series([18, 18]))
    ('16 to 18', '18')
    """
    return " to ".join(dict.fromkeys(f"{value:d}" for value in (values.min(), values.max())))


def sizes(values: pd.Series) -> str:
    """Write the distinct counts of a column, or, where there are many, the smallest and the largest.

    Examples
    --------
    >>> sizes(pd.Series([18, 16, 18])), sizes(pd.Series([3, 8, 5, 4]))
    ('16, 18', '3 to 8')
    """
    return unique(values, "{:d}") if values.nunique() <= _FEW_SIZES else ends(values)


def n_label(rows: pd.DataFrame, column: str = "n", unit: str = "images") -> str:
    """Say on the axis of a panel over how many images its estimates are, and of how many trainings.

    The smallest and the largest count stand where methods or trainings have others; 0: one has none, and no mark.

    Examples
    --------
    >>> n_label(pd.DataFrame({"n": [18, 16, 18], "seed": [0, 0, 0]}))
    'n = 16 to 18 images'
    >>> print(n_label(pd.DataFrame({"n": [40, 40, 40], "seed": [0, 1, 2]}), unit="mosaics"))
    n = 40 mosaics
    3 trainings
    """
    told = f"n = {ends(rows[column])} {unit}"
    trainings = rows["seed"].nunique()
    return f"{told}\n{trainings} trainings" if trainings > 1 else told


def unique(values: pd.Series, form: str) -> str:
    """Write the distinct values of a column, joined by commas; "–" if there are none.

    Examples
    --------
    >>> unique(pd.Series([18, 16, 18]), "{:d}")
    '16, 18'
    """
    return ", ".join(form.format(value) for value in sorted(values.dropna().unique())) or "–"
