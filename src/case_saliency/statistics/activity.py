"""Channel activity: per-image counts -> means over classes with intervals, as counts and as fractions."""

import numpy as np
import pandas as pd

from case_saliency.statistics.attrition import Scores, cells
from case_saliency.statistics.intervals import bca_mean_interval

_CELL = ["experiment", "dataset", "model", "seed", "layer", "kind", "threshold"]
_COLUMNS = (
    *(*_CELL, "n", "n_classes", "n_channels", "mean_active", "min_class", "max_class"),
    *("active_fraction", "ci_low", "ci_high", "class_overlap", "n_total", "n_excluded_misclassified"),
)


def activity_table(scores: Scores, *, alpha: float, seed: int = 0) -> pd.DataFrame:
    """Summarise how many channels of each layer are active.

    Parameters
    ----------
    scores
        Rows of `diagnostic.activity.COLUMNS`.
    alpha
        The interval has level 1 - alpha.
    seed
        Seeds the bootstrap.

    Returns
    -------
    pandas.DataFrame
        One row for each network, layer, kind and threshold. `mean_active` is the mean over classes of the classes'
        mean counts over correctly predicted images, `min_class` and `max_class` the least and the largest of these;
        `active_fraction` the mean over images of the share of channels that are active, with its BCa bootstrap
        interval over images; `class_overlap` the mean over classes of `diagnostic.activity`'s overlap.
    """
    rows = []
    for names, cell in cells(scores, _CELL):
        kept = cell[cell["qualified"].astype(bool)]
        classes = kept.groupby("label")[["n_active", "class_overlap"]].mean()
        share = bca_mean_interval(kept["active_fraction"].to_numpy(dtype=float), 1 - alpha, seed)
        empty = classes.empty
        rows.append(
            dict(zip(_CELL, names, strict=True))
            | {
                "n": len(kept),
                "n_classes": len(classes),
                "n_channels": int(cell["n_channels"].iloc[0]),
                "mean_active": np.nan if empty else float(classes["n_active"].mean()),
                "min_class": np.nan if empty else float(classes["n_active"].min()),
                "max_class": np.nan if empty else float(classes["n_active"].max()),
                "active_fraction": share.estimate,
                "ci_low": share.low,
                "ci_high": share.high,
                "class_overlap": np.nan if empty else float(classes["class_overlap"].mean()),
                "n_total": len(cell),
                "n_excluded_misclassified": len(cell) - len(kept),
            }
        )
    return pd.DataFrame(rows, columns=list(_COLUMNS))
