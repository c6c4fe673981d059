"""Layers: how the answer depends on the layer that is explained."""

import pandas as pd

from case_saliency.figures.names import method_style
from case_saliency.report.content import Settings
from case_saliency.report.phrases import unit, verdicts, where
from case_saliency.report.ranges import spread
from case_saliency.statistics.standing import with_standing


def layers(table: pd.DataFrame, settings: Settings) -> list[str]:
    """Tell the verdicts by layer, and where a layer's agreement differs from that of the main layer."""
    table = with_standing(table)
    names = list(dict.fromkeys(table["layer"]))
    if len(names) == 1:
        return [f"The networks name one target layer, {names[0]}: there is nothing to compare."]
    mine = table[table["method"] == settings.reference]
    sentences = []
    if len(mine):
        told = "; ".join(
            f"{name} {verdicts(rows['verdict'], unit(rows))} ({spread(rows['median_agreement'], '{:.0f}%')})"
            for name, rows in mine.groupby("layer", sort=False)
        )
        sentences.append(f"{method_style(settings.reference).label} by layer, with the median agreement: {told}.")
    tested = table[table["role"] == "method"]
    counts = "; ".join(
        f"{name} {int((rows['verdict'] == 'class-sensitive').sum())} of {len(rows)}"
        for name, rows in tested.groupby("layer", sort=False)
    )
    sentences.append(f"Class-sensitive by layer, methods and networks counted: {counts}.")
    differ = tested[tested["p_difference_holm"] < settings.alpha]
    parts = []
    for name, rows in differ.groupby("layer", sort=False):
        at = tested[tested["layer"] == name]
        parts += [
            f"{name} {word} {where(rows[sign], at)}"
            for word, sign in (
                ("higher", rows["difference_to_main"] > 0),
                ("lower", rows["difference_to_main"] < 0),
            )
            if sign.any()
        ]
    compared = int(tested["p_difference"].notna().sum())
    found = "; ".join(parts) or "none"
    return [
        *sentences,
        f"Agreement against the main layer's, image by image: {len(differ)} of {compared} comparisons differ "
        f"(Holm-corrected at {settings.alpha:g}): {found}.",
    ]
