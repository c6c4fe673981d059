"""Agreement pooled over the networks of an experiment, and over the seeds of a network: the same images, crossed."""

from collections.abc import Collection, Iterator
from typing import Any

import pandas as pd

from case_saliency.statistics.attrition import DegeneratePolicy, Scores, cells, counted, status
from case_saliency.statistics.crossed import crossed

ALL = "all"
"""Stands for the model in rows that pool over networks."""
_INTERVALS = ("images", "units", "both")
_KEYS = ("experiment", "dataset", "layer", "method", "k_percent")
_COLUMNS = (
    *("experiment", "dataset", "model", "seed", "layer", "method", "k_percent", "pooled_over"),
    *("n_units", "n_seeds", "n", "n_incomplete", "mean_agreement"),
    *(f"ci_{name}_{end}" for name in _INTERVALS for end in ("low", "high")),
    *("sd_units", "sd_images", "sd_residual", "role"),
)


def pooled_table(
    scores: Scores, *, controls: Collection[str], alpha: float, degenerate_policy: DegeneratePolicy = "exclude"
) -> pd.DataFrame:
    """Pool the agreement of each method over networks, and over the seeds of each network that has several.

    Parameters
    ----------
    scores
        Agreement scores, one row for each image, method, layer and k (see `diagnostic.agreement.COLUMNS`).
    controls
        Methods that calibrate the test.
    alpha
        The intervals have level 1 - alpha.
    degenerate_policy
        See `attrition.counted`.

    Returns
    -------
    pandas.DataFrame
        One row for each experiment, method, layer and k, `pooled_over` "networks" (model "all", each network the mean
        of its seeds), and then one for each network with several seeds, `pooled_over` "seeds", and one for each of
        these seeds, `pooled_over` "images". `n` images have a value in every unit, `n_incomplete` in some only (of a
        seed: those that another seed of its network lacks); `n_seeds` trained networks are in it; `seed` is missing
        but in rows of one. The means and intervals are those of `crossed.crossed`.

    Raises
    ------
    ValueError
        If a score is missing for no stated reason, or an image occurs twice in a cell.
    """
    rows = []
    for names, cell in cells(scores, _KEYS):
        if cell.duplicated(["model", "seed", "image_id"]).any():
            raise ValueError(
                "pooled_table: an image occurs twice in a cell; pass one resolution and convention of ties"
            )
        marked = cell.assign(status=status(cell, "agreement"))
        found = marked.assign(value=counted(marked, degenerate_policy))
        setting = dict(zip(_KEYS, names, strict=True))
        setting["role"] = "control" if setting["method"] in controls else "method"
        trained = {unit: own.set_index("image_id")["value"] for unit, own in found.groupby(["model", "seed"])}
        wide = pd.concat(trained, axis=1, names=["model", "seed"]).T
        rows += [setting | row for row in _pool(wide, alpha)]
    return pd.DataFrame(rows, columns=list(_COLUMNS)).astype({"seed": "Int64"})


def _pool(wide: pd.DataFrame, alpha: float) -> Iterator[dict[str, Any]]:
    """Yield the rows of one method; `wide` has trained networks as rows and images as columns."""
    complete = wide.dropna(axis=1)
    yield _row(ALL, "networks", complete.groupby("model").mean(), wide, alpha)
    for model, seeds in wide.groupby("model"):
        if len(seeds) > 1:
            complete = seeds.dropna(axis=1)
            yield _row(str(model), "seeds", complete, seeds, alpha)
            for unit in seeds.index:
                one = _row(str(model), "images", complete.loc[[unit]], seeds.loc[[unit]], alpha)
                yield one | {"seed": unit[1]}


def _row(model: str, pooled_over: str, units: pd.DataFrame, wide: pd.DataFrame, alpha: float) -> dict[str, Any]:
    found = crossed(units.to_numpy(dtype=float), 1 - alpha)
    intervals = {name: getattr(found, name) for name in _INTERVALS}
    return {
        "model": model,
        "pooled_over": pooled_over,
        "n_units": len(units),
        "n_seeds": len(wide),
        "n": units.shape[1],
        "n_incomplete": int(wide.notna().any().sum()) - units.shape[1],
        "mean_agreement": found.images.estimate,
        **{
            f"ci_{name}_{end}": getattr(interval, end)
            for name, interval in intervals.items()
            for end in ("low", "high")
        },
        "sd_units": found.sd_units,
        "sd_images": found.sd_images,
        "sd_residual": found.sd_residual,
    }
