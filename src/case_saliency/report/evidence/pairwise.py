"""Agreement of every two classes: whether the pair of the two most likely ones is special."""

import pandas as pd

from case_saliency.figures.names import method_style, ordered_methods
from case_saliency.report.content import Settings
from case_saliency.report.phrases import where
from case_saliency.report.ranges import spread

_ROW = ["model", "seed", "layer", "method"]
_ALL = "all"


def pairwise(table: pd.DataFrame, settings: Settings) -> list[str]:
    """Compare the mean over all pairs with that of the two most likely classes."""
    a, b = table["rank_a"].astype(str), table["rank_b"].astype(str)
    every = table[(a == _ALL) & (b == _ALL)]
    first = table[(a == "1") & (b == "2")].set_index(_ROW).reindex(pd.MultiIndex.from_frame(every[_ROW])).reset_index()
    classes = int(b[b != _ALL].astype(int).max())
    methods = ordered_methods(every["method"])
    methods.sort(key=lambda name: name != settings.reference)
    told = "; ".join(
        f"{method_style(name).label} {_mean(every, name)} against {_mean(first, name)}" for name in methods
    )
    higher = first["mean_ci_low"].to_numpy() > every["mean_ci_high"].to_numpy()
    lower = first["mean_ci_high"].to_numpy() < every["mean_ci_low"].to_numpy()
    return [
        f"Mean agreement over all pairs of the {classes} likeliest classes, against that of the two likeliest alone "
        f"(n = {spread(every['n'], '{:d}')} images): {told}.",
        f"The two likeliest classes are drawn more alike than the rest (the interval of their mean lies above that "
        f"over all pairs): {where(first[higher], first)}. Less alike: {where(first[lower], first)}. Elsewhere the "
        "pair is not shown to be special; the intervals share their images, so that overlap does not show equality.",
    ]


def _mean(rows: pd.DataFrame, method: str) -> str:
    return spread(rows.loc[rows["method"] == method, "mean_agreement"], "{:.0f}%")
