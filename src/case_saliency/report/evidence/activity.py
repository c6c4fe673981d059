"""Channel activity: how many a layer has to tell classes apart with, as a count and as a share."""

import pandas as pd

from case_saliency.figures.names import model_label, ordered_models
from case_saliency.report.content import Settings
from case_saliency.report.ranges import spread


def activity(table: pd.DataFrame, _settings: Settings) -> list[str]:
    """Tell counts and shares of active channels by layer, at the smallest threshold and by the paper's definition."""
    output = table[table["kind"] == "output"]
    threshold, largest = output["threshold"].min(), output["threshold"].max()
    rows = output[output["threshold"] == threshold]
    told = "; ".join(_layers(rows[rows["model"] == model], model) for model in ordered_models(rows["model"]))
    sentences = [
        f"Active channels, those whose mean output exceeds {threshold:g}, as a share of all and as a count: {told}.",
        *_misleading(rows),
    ]
    if largest > threshold:
        again = output[output["threshold"] == largest]
        shares = [spread(part["active_fraction"], "{:.0%}") for part in (rows, again)]
        sentences.append(
            f"The threshold matters: over all layers the share is {shares[0]} there, {shares[1]} at {largest:g}."
        )
    return sentences


def _layers(rows: pd.DataFrame, model: str) -> str:
    parts = [
        f"{layer} {spread(part['active_fraction'], '{:.0%}')} ({spread(part['mean_active'], '{:.0f}')} of "
        f"{spread(part['n_channels'], '{:d}')})"
        for layer, part in rows.groupby("layer", sort=False)
    ]
    return f"{model_label(model)} {', '.join(parts)}"


def _misleading(rows: pd.DataFrame) -> list[str]:
    """Count the networks whose layer with the fewest active channels has a larger active share than another layer.

    Larger means that the intervals of both shares lie apart.
    """
    several = [part for _, part in rows.groupby(["model", "seed"], sort=False) if len(set(part["layer"])) > 1]
    if not several:
        return []
    misled = sum(part.sort_values("mean_active")["ci_low"].iloc[0] > part["ci_high"].min() for part in several)
    return [
        f"On {misled} of {len(several)} networks the layer with the fewest active channels has a larger active share "
        "than another one (intervals apart): counts alone would mislead there."
    ]
