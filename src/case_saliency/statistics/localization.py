"""Localization in mosaics: mean shares with intervals, tests against chance and against the reference method.

The unit is the mosaic: the shares of its cells are averaged first, and what mosaics have in common, their images, is
allowed for by `clustered_mean`.
"""

from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd

from case_saliency.statistics.attrition import CELL, KEPT, NETWORK, Scores, cells, status
from case_saliency.statistics.jackknife import Clustered, clustered_mean
from case_saliency.statistics.multiplicity import adjusted_by

CHANCE = 0.25
_PLACE = ["mosaic", "cell"]
_COLUMNS = (
    *(*CELL, "size", "height", "width", "min_confidence", "n_mosaics", "n_images", "mean_share", "ci_low", "ci_high"),
    *("interval", "chance", "p_above_chance", "p_holm", "hit_rate", "n_pairs", "difference_to_case"),
    *("difference_ci_low", "difference_ci_high", "p_vs_case", "p_vs_case_holm", "contrasted", "mean_confidence"),
    *("mean_rank", "median_rank", "role", "n_cells", "n_degenerate"),
    *("n_total", "n_excluded_misclassified", "n_excluded_unconfident", "n_not_drawn"),
)


def localization_table(
    scores: Scores, *, controls: Collection[str], alpha: float, reference: str = "case"
) -> pd.DataFrame:
    """Summarise the shares of each method, network and layer.

    Parameters
    ----------
    scores
        See `fidelity.localization.COLUMNS`: one row for each mosaic and cell, and for each image that is in none.
    controls
        Methods that are tested alike but stay out of the corrections for multiplicity.
    alpha
        Intervals have level 1 - alpha.
    reference
        Method with which the others are compared, mosaic by mosaic, over the cells that have a score from both. A
        method that has no target layer is compared with the reference at its first layer.

    Returns
    -------
    pandas.DataFrame
        One row for each cell of the design, in the order of `scores`. `p_above_chance` is one-sided, `p_vs_case`
        two-sided; Holm's corrections run over the methods, networks and layers of an experiment.

    Raises
    ------
    ValueError
        If a score is missing for no stated reason, or a cell of a mosaic occurs twice.
    """
    rows: list[dict[str, Any]] = []
    for _, found in cells(scores, NETWORK):
        network = found.assign(status=status(found, "share"))
        if network[network["cell"] >= 0].duplicated([*CELL, *_PLACE]).any():
            raise ValueError("localization_table: a cell of a mosaic occurs twice")
        members = _members(network)
        layers = network.loc[network["method"] == reference, "layer"].unique()
        for (layer, method), cell in network.groupby(["layer", "method"], sort=False):
            at = layer if layer in layers else next(iter(layers), None)
            other = network[(network["method"] == reference) & (network["layer"] == at)]
            row: dict[str, Any] = {key: cell[key].iloc[0] for key in CELL}
            row["role"] = "control" if method in controls else "method"
            row |= _describe(cell, members, alpha) | _counts(cell)
            row |= _against(cell, other.iloc[:0] if method == reference else other, members, alpha)
            rows.append(row)
    table = pd.DataFrame(rows)
    table["p_holm"] = adjusted_by(table, "p_above_chance", ["experiment"])
    table["p_vs_case_holm"] = adjusted_by(table, "p_vs_case", ["experiment"])
    return table[list(_COLUMNS)]


def _members(network: pd.DataFrame) -> pd.DataFrame:
    """Mosaic x cell -> number of the image; all methods of a network have the same mosaics."""
    drawn = network[network["cell"] >= 0].drop_duplicates(_PLACE)
    drawn = drawn.assign(image=pd.factorize(drawn["image_id"])[0])
    return drawn.pivot_table(index="mosaic", columns="cell", values="image", aggfunc="first")


def _shares(cell: pd.DataFrame) -> "pd.Series[float]":
    return cell[cell["status"] == KEPT].set_index(_PLACE)["share"].astype(float)


def _mean(shares: "pd.Series[float]", members: pd.DataFrame) -> tuple[Clustered, int, int]:
    """Average over the cells of each mosaic, then over mosaics; with the numbers of mosaics and of their images."""
    by_mosaic = shares.groupby(level="mosaic", sort=False).mean()
    images = members.loc[by_mosaic.index].to_numpy()
    return clustered_mean(by_mosaic.to_numpy(dtype=float), images), len(by_mosaic), len(np.unique(images))


def _describe(cell: pd.DataFrame, members: pd.DataFrame, alpha: float) -> dict[str, Any]:
    found, n_mosaics, n_images = _mean(_shares(cell), members)
    low, high = found.interval(1 - alpha)
    in_mosaics, kept = cell[cell["cell"] >= 0], cell[cell["status"] == KEPT]
    return {
        **{name: in_mosaics[name].iloc[0] for name in ("size", "height", "width", "min_confidence")},
        "n_mosaics": n_mosaics,
        "n_images": n_images,
        "mean_share": found.mean,
        "ci_low": low,
        "ci_high": high,
        "interval": found.kind,
        "chance": CHANCE,
        "p_above_chance": found.p_above(CHANCE),
        "hit_rate": float(kept.groupby("mosaic")["hit"].mean().mean()) if len(kept) else np.nan,
        "contrasted": float(in_mosaics["contrasted"].mean()),
        "mean_confidence": float(in_mosaics["confidence"].mean()),
        "mean_rank": float(in_mosaics["rank"].mean()),
        "median_rank": float(in_mosaics["rank"].median()),
    }


def _counts(cell: pd.DataFrame) -> dict[str, int]:
    in_mosaics = cell["cell"] >= 0
    reasons = cell.loc[~in_mosaics, "reason"].value_counts()
    return {
        "n_cells": int(in_mosaics.sum()),
        "n_degenerate": int((in_mosaics & (cell["status"] != KEPT)).sum()),
        "n_total": int(cell["image_id"].nunique()),
        "n_excluded_misclassified": int(reasons.get("misclassified", 0)),
        "n_excluded_unconfident": int(reasons.get("unconfident", 0)),
        "n_not_drawn": int(reasons.get("not drawn", 0)),
    }


def _against(cell: pd.DataFrame, reference: pd.DataFrame, members: pd.DataFrame, alpha: float) -> dict[str, Any]:
    difference = (_shares(cell) - _shares(reference)).dropna()
    found, n_pairs, _ = _mean(difference, members)
    low, high = found.interval(1 - alpha)
    return {
        "n_pairs": n_pairs,
        "difference_to_case": found.mean,
        "difference_ci_low": low,
        "difference_ci_high": high,
        "p_vs_case": found.p_differs(0.0),
    }
