"""Contrast sets: how far CASE's answer depends on where its contrast classes come from, and how many they are."""

import pandas as pd

from case_saliency.report.content import Settings
from case_saliency.report.phrases import verdicts
from case_saliency.report.ranges import spread
from case_saliency.statistics.standing import with_standing

_NETWORK = ["model", "seed", "layer"]
_HIGH = 0.5  # share of contrast sets with the other compared class from which low agreement is called built in


def contrast(table: pd.DataFrame, _settings: Settings) -> list[str]:
    """Tell the range of medians by source, what k and the source move, and where the compared class is in the sets."""
    table = with_standing(table)
    told = "; ".join(
        f"{source} {spread(rows['median_agreement'], '{:.0f}%')} ({verdicts(rows['verdict'], 'rows')})"
        for source, rows in table.groupby("source", sort=True)
    )
    sources = table["source"].nunique()
    by_source = f", the source by up to {_moved(table, 'source')}" if sources > 1 else ""
    high = table[table["other_in_set"] >= _HIGH]
    held = "; ".join(
        f"{source}, k = {_numbers(rows)} ({spread(rows['other_in_set'], '{:.0%}')})"
        for source, rows in high.groupby("source", sort=True)
    )
    return [
        f"Median agreement of CASE over all networks, numbers of contrast classes k ({_numbers(table)}) and "
        f"combinations, by source of these classes: {told}.",
        f"On one network, the number of classes moves the median by up to {_moved(table, 'k')}{by_source}.",
        f"Contrast sets that hold the other compared class in at least {_HIGH:.0%} of cases, where low agreement is "
        f"partly built in: {held or 'none'}.",
    ]


def _numbers(table: pd.DataFrame) -> str:
    return ", ".join(f"{k:g}" for k in sorted(table["k"].unique()))


def _moved(table: pd.DataFrame, what: str) -> str:
    """Return the largest range of medians that one choice makes on one network, the others kept."""
    kept = [name for name in (*_NETWORK, "source", "k", "combined") if name != what]
    medians = table.groupby(kept)["median_agreement"]
    return f"{(medians.max() - medians.min()).max():.0f} points"
