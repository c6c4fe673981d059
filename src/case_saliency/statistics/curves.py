"""Perturbation curves: points of each image -> areas with tests, and the mean curve of each method."""

from collections.abc import Collection

import numpy as np
import pandas as pd

from case_saliency.statistics.attrition import CELL, KEPT, status
from case_saliency.statistics.fidelity import ONE_SIDED, fidelity_table
from case_saliency.statistics.intervals import mean_interval

AREAS = ("auc", "auc_normalised", "auc_other")
_CURVE = ("test", "fill")
_POINT = (
    *(*CELL, *_CURVE, "step", "fraction", "n", "mean_confidence", "ci_low", "ci_high", "mean_confidence_other"),
    "role",
)


def areas(points: pd.DataFrame) -> pd.DataFrame:
    """Return the areas under the curves of each image.

    Parameters
    ----------
    points
        Rows of `fidelity.curves.COLUMNS`; those of a curve follow each other in the order of its steps.

    Returns
    -------
    pandas.DataFrame
        One row for each image and curve: the cell, test, fill, image_id, why it was set aside, and by the trapezoidal
        rule over the fraction of pixels `auc` (softmax probability of the explained class), `auc_normalised` (the same,
        divided by the probability on the whole image) and `auc_other` (of the other class; NaN if none was followed).

    Raises
    ------
    ValueError
        If the steps of a curve are incomplete or out of order.
    """
    length = int(points["step"].max()) + 1
    if not np.array_equal(points["step"], np.arange(len(points)) % length) or len(points) % length:
        raise ValueError(
            "areas: the steps of a curve must follow each other, from 0 to the same last one in all curves"
        )
    fraction = points["fraction"].to_numpy().reshape(-1, length)
    confidence, other = (
        np.trapezoid(points[name].to_numpy(dtype=float).reshape(-1, length), fraction, axis=1)
        for name in ("confidence", "confidence_other")
    )
    curves = points[points["step"] == 0].reset_index(drop=True)
    return curves[[*CELL, *_CURVE, "image_id", "degenerate", "qualified", "reason"]].assign(
        auc=confidence, auc_normalised=confidence / curves["confidence_intact"], auc_other=other
    )


def curve_table(
    points: pd.DataFrame,
    *,
    controls: Collection[str],
    alpha: float,
    reference: str = "case",
    equivalence_margin: float = 0.02,
) -> pd.DataFrame:
    """Compare the areas under the curves of each method with those of the reference on the same images.

    Parameters
    ----------
    points
        See `areas`; both classes must have been followed.
    controls, alpha, reference, equivalence_margin
        See `fidelity_table`.

    Returns
    -------
    pandas.DataFrame
        Columns of `fidelity_table` without k_percent and without its one-sided tests (a smaller area under deletion is
        the better one): one row for each cell, test (the curve) and measure (`AREAS`).
    """
    table = fidelity_table(
        areas(points).assign(k_percent=100.0),
        controls=controls,
        alpha=alpha,
        measures=AREAS,
        reference=reference,
        equivalence_margin=equivalence_margin,
    )
    return table.drop(columns=["k_percent", *ONE_SIDED])


def curve_points(points: pd.DataFrame, *, controls: Collection[str], alpha: float) -> pd.DataFrame:
    """Return the mean curve of each cell: one row for each step, with the t interval of level 1 - alpha.

    Images that do not qualify, and maps that rank no pixels, are left out, as in `curve_table`.
    """
    rows = []
    for names, cell in points.groupby([*CELL, *_CURVE, "step", "fraction"], sort=False):
        kept = cell[status(cell, "confidence") == KEPT]
        interval = mean_interval(kept["confidence"].to_numpy(dtype=float), 1 - alpha)
        row = dict(zip([*CELL, *_CURVE, "step", "fraction"], names, strict=True))
        rows.append(
            row
            | {
                "n": len(kept),
                "mean_confidence": interval.estimate,
                "ci_low": interval.low,
                "ci_high": interval.high,
                "mean_confidence_other": float(kept["confidence_other"].mean()),
                "role": "control" if row["method"] in controls else "method",
            }
        )
    return pd.DataFrame(rows, columns=list(_POINT))
