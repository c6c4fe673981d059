"""Reliability: whether a method agrees with itself where it disagrees between classes."""

import pandas as pd

from case_saliency.figures.names import method_style, ordered_methods
from case_saliency.report.content import Settings
from case_saliency.report.limits import held_out
from case_saliency.report.phrases import estimates, where
from case_saliency.report.ranges import spread

_INDEX = ("reliability", "ci_low", "ci_high", "{:z.2f}")


def reliability(table: pd.DataFrame, settings: Settings) -> list[str]:
    """Tell the index of the reference, of its held-out control and of the others; it is never a verdict."""
    rows = table[table["augmentation"] == "all"]
    chosen = [name for name in (settings.reference, held_out(settings.reference)) if name in set(rows["method"])]
    others = rows[~rows["method"].isin(chosen)]
    defined = others[others["reliability"].notna()]
    told = "; ".join(
        f"{method_style(name).label} {spread(defined.loc[defined['method'] == name, 'reliability'], '{:z.2f}')}"
        for name in ordered_methods(defined["method"])
    )
    missing, steady = rows[rows["reliability"].isna()], rows[rows["ci_low"] <= 0]
    sentences = [
        f"{method_style(name).label}: when the image is flipped or shifted, {_one(rows[rows['method'] == name])}."
        for name in chosen
    ]
    if told:
        sentences.append(
            f"The index of the others: {told}. An interval that reaches down to 0, where two classes' maps differ no "
            f"more than two maps of one class do: {where(steady, rows)}."
        )
    if len(missing):
        sentences.append(
            f"No index, since a class's map hardly agrees with itself above chance: {where(missing, rows)}."
        )
    sentences.append(
        "The index is (within − between) / (within − chance), 1 if two classes share no more than chance. It is no "
        "verdict: maps that are pushed apart by construction have a high index, too."
    )
    return sentences


def _one(rows: pd.DataFrame) -> str:
    within, between, chance = (spread(rows[name], "{:.0f}%") for name in ("within", "between", "chance"))
    return (
        f"a class's maps agree by {within} with each other, by {between} with the other class's, and by chance by "
        f"{chance}: index {estimates(rows, *_INDEX)}"
    )
