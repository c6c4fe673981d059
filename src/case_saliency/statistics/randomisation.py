"""Randomisation of the weights: similarity of maps to those of the intact network, step by step."""

from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd

from case_saliency.diagnostic.degenerate import KINDS
from case_saliency.diagnostic.resemblance import MEASURES
from case_saliency.statistics.attrition import CELL, KEPT, Scores, cells, counts, status
from case_saliency.statistics.intervals import mean_interval
from case_saliency.statistics.multiplicity import adjusted_by
from case_saliency.statistics.paired import paired_t

_COLUMNS = (
    *(*CELL, "step", "share", "measure", "n", "mean", "ci_low", "ci_high"),
    *("n_pairs", "between_images", "difference", "difference_low", "difference_high", "p_difference", "p_holm"),
    *("between_classes", "response", "role", "n_total", "n_excluded_misclassified", "n_degenerate"),
)


def randomisation_table(scores: Scores, *, controls: Collection[str], alpha: float) -> pd.DataFrame:
    """Average the similarity of maps over images, and test it against that of different images' maps.

    The unit is the image: its two classes are averaged first, and it counts only where both have a score.

    Parameters
    ----------
    scores
        Rows of `diagnostic.randomisation.COLUMNS`.
    controls
        Methods that are tested alike but stay out of the correction for multiplicity.
    alpha
        Intervals have level 1 - alpha.

    Returns
    -------
    pandas.DataFrame
        One row for each cell, step and measure. `mean` with its t interval over the `n` images;
        `between_images`, the mean similarity of an intact map to those of other images, and `difference`, that of the
        former minus the latter, with its t interval, over the `n_pairs` images that have both; `p_difference`, the
        two-sided paired t-test that it is 0; `p_holm`, corrected over the methods, networks and layers of an
        experiment at one step and measure; `between_classes`, the mean similarity of the two classes' maps at this
        step; `response`, the median over images of the network's response, a ratio to the intact one. NaN at step 0
        for difference and p: there a map is compared with itself.

    Raises
    ------
    ValueError
        If a score is missing for no stated reason.
    """
    rows: list[dict[str, Any]] = []
    for cell, found in cells(scores, CELL):
        images, others, between = (
            _per_image(found[found["comparison"] == name]) for name in ("intact", "other_image", "other_class")
        )
        other = {str(measure): _values(values) for measure, values in others.groupby("measure", sort=False)}
        classes = {names: _values(values).mean() for names, values in between.groupby(["measure", "step"], sort=False)}
        role = "control" if cell[-1] in controls else "method"
        for names, part in images.groupby(["measure", "step", "share"], sort=False):
            measure, step, share = names
            row: dict[str, Any] = dict(zip(CELL, cell, strict=True)) | {"step": step, "share": share}
            level = other.get(str(measure), _values(part.iloc[:0]))
            row |= {"measure": measure, "role": role, "between_classes": classes.get((measure, step), np.nan)}
            rows.append(
                row | _describe(part, alpha) | _against(_values(part) if step != 0 else level.iloc[:0], level, alpha)
            )
    table = pd.DataFrame(rows)
    table["p_holm"] = adjusted_by(table, "p_difference", ["experiment", "step", "measure"])
    return table[list(_COLUMNS)]


def _per_image(scores: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each image, step and measure: the mean over its targets, or the worst of their defects."""
    keys = [*CELL, "step", "share", "measure", "image_id"]
    rank = {kind: code for code, kind in enumerate(KINDS)}
    tidy = pd.concat(
        [scores.assign(measure=measure, value=scores[measure], status=status(scores, measure)) for measure in MEASURES]
    )
    tidy["code"] = tidy["status"].map(rank).fillna(0)
    grouped = tidy.sort_values("code", kind="stable").groupby(keys, sort=False)
    found = grouped.agg(value=("value", lambda values: values.mean(skipna=False)), status=("status", "last"))
    found["response"] = grouped["response"].first()
    order = tidy.drop_duplicates(keys)[keys]
    return order.merge(found.reset_index(), on=keys, validate="one_to_one")


def _values(images: pd.DataFrame) -> "pd.Series[float]":
    """Return the score of each image that counts, by its id."""
    return images[images["status"] == KEPT].set_index("image_id")["value"]


def _describe(images: pd.DataFrame, alpha: float) -> dict[str, Any]:
    values = _values(images).to_numpy(dtype=float)
    interval = mean_interval(values, 1 - alpha)
    return {
        "n": values.size,
        "mean": interval.estimate,
        "ci_low": interval.low,
        "ci_high": interval.high,
        "response": float(images["response"].median()),
        **counts(images),
    }


def _against(values: "pd.Series[float]", level: "pd.Series[float]", alpha: float) -> dict[str, Any]:
    shared = values.index.intersection(level.index, sort=False)
    first, second = values[shared].to_numpy(dtype=float), level[shared].to_numpy(dtype=float)
    interval = mean_interval(first - second, 1 - alpha)
    return {
        "n_pairs": len(shared),
        "between_images": float(level.mean()),
        "difference": interval.estimate,
        "difference_low": interval.low,
        "difference_high": interval.high,
        "p_difference": paired_t(first, second),
    }
