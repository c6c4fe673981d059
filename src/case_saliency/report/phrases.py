"""Parts of sentences that count networks and name methods, estimates and verdicts."""

from typing import Any

import pandas as pd

from case_saliency.figures.names import VERDICTS, method_style, ordered_methods, p_statement
from case_saliency.figures.panels import INPUT_LAYER, several_trainings, split
from case_saliency.report.ranges import spread

FEW = 3
"""Networks up to which each is named."""
_SINGLE = 6  # differences up to which each is told with its p-value


def networks(count: int, total: int, unit: str = "networks") -> str:
    """Say on how many of the networks something holds.

    Examples
    --------
    >>> networks(2, 3), networks(2, 2), networks(6, 6, "networks and layers")
    ('2 of 3 networks', 'both networks', 'all 6 networks and layers')
    """
    if count < total:
        return f"{count} of {total} {unit}"
    return (
        f"the one {unit.partition('s')[0]}" if total == 1 else f"both {unit}" if total == 2 else f"all {total} {unit}"
    )


def unit(table: pd.DataFrame) -> str:
    """Say what a method's rows are: networks, or trainings of them, and layers where there are several of these."""
    layers = set(table["layer"]) - {INPUT_LAYER}
    whole = "trainings" if several_trainings(table) else "networks"
    return whole if len(layers) < 2 else f"{whole} and layers"


def trainings_each(table: pd.DataFrame) -> str:
    """Say how many trainings each network has, "" where that is one.

    Examples
    --------
    >>> trainings_each(pd.DataFrame({"model": ["a", "a", "b", "b"], "seed": [0, 1, 0, 1]}))
    '2 trainings each'
    """
    each = table.groupby("model")["seed"].nunique()
    return f"{spread(each, '{:d}')} trainings each" if several_trainings(table) else ""


def trained(table: pd.DataFrame) -> str:
    """Say of how many networks the trainings are, in brackets; "" where each network has one.

    Examples
    --------
    >>> trained(pd.DataFrame({"model": ["a", "a", "b", "b"], "seed": [0, 1, 0, 1]}))
    ' (2 networks, 2 trainings each)'
    """
    count = table["model"].nunique()
    each = trainings_each(table)
    return f" ({count} network{'' if count == 1 else 's'}, {each})" if each else ""


def names(methods: "pd.Series[Any]") -> str:
    """Name methods in the house order."""
    return "; ".join(method_style(method).label for method in ordered_methods(methods))


def where(found: pd.DataFrame, table: pd.DataFrame) -> str:
    """Name the methods of `found`, grouped by on how many of their rows in `table` they are found; "none" without.

    Both have one row for each method and network (and layer).
    """
    totals, counts = table["method"].value_counts(), found["method"].value_counts()
    groups: dict[tuple[int, int], list[str]] = {}
    for method in ordered_methods(found["method"]):
        groups.setdefault((int(counts[method]), int(totals[method])), []).append(method_style(method).label)
    ordered = sorted(groups, key=lambda group: (-group[0] / group[1], group))
    return "; ".join(f"on {networks(*group, unit(table))} {'; '.join(groups[group])}" for group in ordered) or "none"


def verdicts(rows: "pd.Series[Any]", unit: str = "networks") -> str:
    """Count the verdicts of a column, the most class-sensitive first.

    Examples
    --------
    >>> verdicts(pd.Series(["undecided", "class-sensitive", "class-sensitive"]))
    'class-sensitive on 2 of 3 networks, undecided on 1 of 3 networks'
    """
    counts = {name: int((rows == name).sum()) for name in VERDICTS}
    told = [f"{VERDICTS[name].words} on {networks(count, len(rows), unit)}" for name, count in counts.items() if count]
    return ", ".join(told)


def estimates(rows: pd.DataFrame, value: str, low: str, high: str, form: str) -> str:
    """Write an estimate with its interval; of several the lowest and the highest, and the outermost ends.

    Examples
    --------
    >>> rows = pd.DataFrame({"mean": [0.1, 0.3], "low": [0.0, 0.2], "high": [0.2, 0.6]})
    >>> estimates(rows, "mean", "low", "high", "{:.0%}")
    '10% to 30% (intervals from 0% to 60%)'
    """
    ends = rows[[low, high]].dropna()
    told = spread(rows[value], form)
    if ends.empty:
        return f"{told} (no interval)"
    word = "interval" if len(rows) == 1 else "intervals"
    return f"{told} ({word} from {form.format(ends[low].min())} to {form.format(ends[high].max())})"


def compared(differ: pd.DataFrame, others: pd.DataFrame, reference: str, none: str = "none differs") -> str:
    """Say how many of the paired comparisons with the reference differ, and which; see `differences`."""
    verb = "differs" if len(differ) == 1 else "differ"
    return f"{len(differ)} {verb}: {differences(differ, others, reference)}" if len(differ) else none


def differences(rows: pd.DataFrame, table: pd.DataFrame, reference: str) -> str:
    """Say in which direction methods differ from the reference: each where they and the networks are few, else counted.

    `rows` are those of `table` that differ; both have `difference_to_case`, and `p_holm`.
    """
    if len(split(table)) > FEW or len(rows) > _SINGLE:
        signs = {"larger": rows["difference_to_case"] > 0, "smaller": rows["difference_to_case"] < 0}
        return "; ".join(
            f"{word} than {reference} {where(rows[sign], table)}" for word, sign in signs.items() if sign.any()
        )
    parts = []
    for panel in split(rows):
        for method in ordered_methods(panel.rows["method"]):
            row = panel.rows[panel.rows["method"] == method].to_dict("records")[0]
            direction = "larger" if row["difference_to_case"] > 0 else "smaller"
            p = p_statement(row["p_holm"])
            parts.append(f"{method_style(method).label} {direction} than {reference} on {panel.name} ({p})")
    return "; ".join(parts)
