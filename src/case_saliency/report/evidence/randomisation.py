"""Randomisation of the weights: which maps stay when the network that they explain is gone."""

import pandas as pd

from case_saliency.figures.names import method_style
from case_saliency.report.content import Settings
from case_saliency.report.phrases import estimates, names, where
from case_saliency.report.ranges import spread

_MEASURE = "rank_correlation"
_EQUAL = 1 - 1e-9  # means of equal maps, up to rounding


def randomisation(table: pd.DataFrame, settings: Settings) -> list[str]:
    """Name the methods whose maps are nearer to the intact network's than maps of different images are."""
    rows = table[table["measure"] == _MEASURE]
    last = rows[rows["step"] == rows.groupby(["model", "seed"])["step"].transform("max")]
    classifier = rows[rows["step"] == 1]
    mine = last[last["method"] == settings.reference]
    value = estimates(mine, "mean", "ci_low", "ci_high", "{:z.2f}") if len(mine) else ""
    told = f" All weights replaced, {method_style(settings.reference).label} has {value}." if value else ""
    stays = last[(last["role"] == "control") & (last["mean"] >= _EQUAL)]
    sentences = [
        f"Spearman's correlation with the intact network's map, n = {spread(last['n'], '{:d}')} images. A map does "
        "not depend on the weights if it stays above the correlation of the intact network's maps of different images: "
        f"if the interval of the difference lies above 0.{told}",
        f"Above it with all weights replaced: {_above(last)}. With only the classifier replaced: {_above(classifier)}.",
    ]
    if len(stays):
        sentences.append(
            f"{names(stays['method'])} stay at 1 by construction: these controls do not look at the network."
        )
    untested = last[(last["role"] == "method") & last["difference_low"].isna()]
    if len(untested):
        sentences.append(f"Without an interval, as too few maps can be compared: {where(untested, _methods(last))}.")
    return [*sentences, "With few images this is rough, and a method that passes is not right by that."]


def _methods(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["role"] == "method"]


def _above(rows: pd.DataFrame) -> str:
    tested = _methods(rows)
    return where(tested[tested["difference_low"] > 0], tested)
