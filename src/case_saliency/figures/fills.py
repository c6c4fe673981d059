"""Several fills of removed pixels in one panel: the primary one in full, the others as small open marks below it."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from case_saliency.figures.style import FAINT, INK

_MARKS = {"△": "^", "□": "s", "▽": "v"}  # as written in the key, and as drawn; no symbol of a verdict
_BELOW = 0.3  # rows that the other fills stand below the estimate
_APART = 0.14  # rows between two of them


def fills(table: pd.DataFrame) -> list[str]:
    """Return the fills of a table of fidelity in its order, which is that of params.yaml: the first is the primary one.

    Examples
    --------
    >>> fills(pd.DataFrame({"fill": ["mean", "blur", "mean", "blur"]}))
    ['mean', 'blur']
    """
    return list(dict.fromkeys(table["fill"]))


def other_fills(axes: Axes, rows: pd.DataFrame, methods: Sequence[str], column: str, names: Sequence[str]) -> None:
    """Mark in each method's row the values of `column` under the fills `names`, with their intervals.

    `rows` are those of one panel.
    """
    for number, (name, marker) in enumerate(zip(names, _MARKS.values(), strict=False)):
        found = rows[rows["fill"] == name]
        below = _BELOW + _APART * (number - (len(names) - 1) / 2)
        places = [methods.index(method) + below for method in found["method"]]
        axes.hlines(places, found["ci_low"], found["ci_high"], color=FAINT, linewidth=0.5, zorder=1)
        axes.plot(
            found[column], places, marker=marker, markersize=2.8, markerfacecolor="white", markeredgecolor=INK,
            markeredgewidth=0.5, linestyle="none", zorder=2,
        )  # fmt: skip


def fill_key(names: Sequence[str]) -> str:
    """Return the key to the marks of the other fills.

    Examples
    --------
    >>> fill_key(["blur", "road"])
    '△  fill: blur        □  fill: road'
    """
    return "        ".join(f"{symbol}  fill: {name}" for symbol, name in zip(_MARKS, names, strict=False))


def key_below(figure: Figure, names: Sequence[str]) -> None:
    """Explain the marks below the figure, if there are any."""
    if names:
        figure.supxlabel(fill_key(names), fontsize=6)


def fills_told(names: Sequence[str]) -> str:
    """Say for a caption which fills are marked beside the primary one; nothing without any."""
    return (
        f" Small open marks: the same means and intervals with the other fills ({', '.join(names)}), exploratory."
        if names
        else ""
    )
