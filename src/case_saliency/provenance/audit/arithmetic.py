"""Which columns of the tables are plain statistics of rows of scores, so that a reader can compute them again.

This is no part of the statistics that made the tables: a few lines of pandas, to compare with what those wrote.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

RELATIVE = 1e-9
"""Tables hold ten digits."""


@dataclass(frozen=True)
class Plain:
    """A statistic of a column of the scores, over rows of images that qualify and have a value.

    `of` may be ``@measure``: the column that the table's row names under `measure`. `of_images`: each image counts
    once, by the mean over its rows.
    """

    statistic: str
    of: str
    of_images: bool = False


_AGREEMENT = {
    "n": Plain("count", "agreement"),
    "median_agreement": Plain("median", "agreement"),
    "mean_agreement": Plain("mean", "agreement"),
    "median_agreement_paper": Plain("median", "agreement_paper"),
}
_MEASURE = {"n": Plain("count", "@measure"), "mean": Plain("mean", "@measure"), "sd": Plain("std", "@measure")}
_PAIRWISE = {name: Plain(plain.statistic, plain.of, of_images=True) for name, plain in _AGREEMENT.items()}
_VALUE = {name: Plain(statistic, "value") for name, statistic in (("n", "count"), ("median", "median"), ("mean",) * 2)}
PLAIN: Mapping[str, Mapping[str, Plain]] = {
    "agreement": _AGREEMENT,
    "contrast": _AGREEMENT,
    "layers": _AGREEMENT,
    "summary": _AGREEMENT,
    "pairwise": _PAIRWISE,
    "circularity": _AGREEMENT,
    "similarity": _VALUE,
    "fidelity": _MEASURE,
    "curve_points": {"n": Plain("count", "confidence"), "mean_confidence": Plain("mean", "confidence")},
    "localization": {"n_cells": Plain("count", "share"), "mean_share": Plain("mean", "share")},
}
"""Table, by the name of its file -> column -> how it follows from scores."""
SCORES = {"summary": "agreement", "curve_points": "curves", "cross_deletion": "fidelity"}
"""Table -> folder of its scores, where that has another name."""
USED: Mapping[str, Mapping[str, str]] = {
    "fidelity": {"target": "top1"},
    "curves": {"target": "top1"},
    "curve_points": {"target": "top1"},
}
"""Table -> which rows of its scores it uses, where its own columns do not tell."""


def again(stem: str, row: Mapping[str, Any], column: str, scores: "pd.DataFrame") -> tuple[str, float] | None:
    """Compute a cell again from its rows of scores; return how, in words, and the number.

    None if the column is no plain statistic of them.
    """
    plain = PLAIN.get(stem, {}).get(column)
    if plain is None or row.get("membership", "all") != "all" or not {"qualified", "image_id"} <= set(scores.columns):
        return None
    of = str(row.get("measure")) if plain.of == "@measure" else plain.of
    if of not in scores.columns or scores[of].dtype.kind not in "if":
        return None
    kept = scores[scores["qualified"].astype(bool)].dropna(subset=of)
    values = kept.groupby("image_id")[of].mean() if plain.of_images else kept[of]
    found = float(getattr(values, plain.statistic)())
    return f"{plain.statistic} of {of} over {len(values)} {'images' if plain.of_images else 'rows'}", found


def equal(told: Any, found: float) -> bool:
    """Tell whether a cell holds a number, to the digits that a table has; two that are not defined are equal."""
    try:
        value = float(told)
    except (TypeError, ValueError):
        return False
    return (math.isnan(value) and math.isnan(found)) or math.isclose(value, found, rel_tol=RELATIVE, abs_tol=1e-12)
