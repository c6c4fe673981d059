"""All methods over the same images: mean ranks of agreement, Friedman's test and Nemenyi's critical difference."""

from collections.abc import Collection
from string import ascii_letters
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from case_saliency.statistics.attrition import CELL, MISCLASSIFIED, DegeneratePolicy, Scores, cells, counted, status
from case_saliency.statistics.paired import Values

_INPUT_LAYER = "input"  # methods without a target layer: they are ranked beside those of every layer
_COLUMNS = (
    *(*CELL, "k_percent", "n", "n_incomplete", "n_methods"),
    *("mean_rank", "statistic_friedman", "p_friedman", "critical_difference", "groups"),
)


def friedman(blocks: Values) -> tuple[float, float]:
    """Return Friedman's statistic, corrected for ties, and its p-value by the chi-squared distribution.

    H0: the columns are exchangeable within every row.

    Parameters
    ----------
    blocks
        (n images, k methods) finite values.

    Returns
    -------
    tuple of float
        (0, 1) if the values of every image are tied; NaN for fewer than three methods or no image.

    References
    ----------
    Friedman (1937), JASA 32, 675; scipy.stats.friedmanchisquare.
    """
    n, k = blocks.shape
    if n == 0 or k < 3:
        return float("nan"), float("nan")
    if (np.ptp(blocks, axis=1) == 0).all():
        return 0.0, 1.0
    found = stats.friedmanchisquare(*blocks.T)
    return float(found.statistic), float(found.pvalue)


def critical_difference(n: int, k: int, alpha: float) -> float:
    """Return Nemenyi's critical difference ``q sqrt(k (k + 1) / (6 n))`` of mean ranks.

    q is the upper `alpha` point of the studentised range of k means with infinite degrees of freedom, over the square
    root of 2. Two methods whose mean ranks differ by more are told apart, all pairs together at level `alpha`.

    Parameters
    ----------
    n, k
        Number of images and of methods; NaN for no image or one method.
    alpha
        Level over all pairs.

    References
    ----------
    Nemenyi (1963); Demsar (2006), Journal of Machine Learning Research 7, 1, table 5.

    Examples
    --------
    >>> round(critical_difference(14, 4, 0.05), 2)
    1.25
    """
    if n == 0 or k < 2:
        return float("nan")
    q = float(stats.studentized_range.ppf(1 - alpha, k, np.inf)) / np.sqrt(2)
    return float(q * np.sqrt(k * (k + 1) / (6 * n)))


def groups(mean_ranks: Values, difference: float) -> list[str]:
    """Return for each method the letters of the groups it belongs to, "a" the group with the lowest ranks.

    A group is a longest run of methods whose mean ranks differ by at most the critical `difference`: methods that share
    a letter are not told apart.

    Examples
    --------
    >>> groups(np.array([1.0, 2.5, 1.8, 4.0]), 1.0)
    ['a', 'b', 'ab', 'c']
    """
    order = np.argsort(mean_ranks, kind="stable")
    ordered = mean_ranks[order]
    letters = [""] * len(order)
    names, reached = iter(ascii_letters), 0
    for start, lowest in enumerate(ordered):
        end = int(np.searchsorted(ordered, lowest + difference, side="right"))
        if end > reached:
            letter, reached = next(names), end
            for method in order[start:end]:
                letters[method] += letter
    return letters


def ranks_table(
    scores: Scores,
    *,
    controls: Collection[str],
    alpha: float,
    degenerate_policy: DegeneratePolicy = "exclude",
) -> pd.DataFrame:
    """Rank the methods on each network by their agreement on the same images.

    Parameters
    ----------
    scores
        Agreement scores, one row for each image, method, layer and k (see `diagnostic.agreement.COLUMNS`).
    controls
        Methods that calibrate the test. They are left out: the ranks of the others, and the critical difference, would
        depend on them.
    alpha
        Level of the critical difference.
    degenerate_policy
        See `attrition.counted`.

    Returns
    -------
    pandas.DataFrame
        One row for each network, seed, layer, k and method, in the order of `scores`. Rank 1 is the lowest agreement of
        an image, ties share their mean rank; `n` images have a value for every method, `n_incomplete` qualify but lack
        one. With no complete image: n = 0 and NaN.
    """
    network = [key for key in (*CELL, "k_percent") if key not in {"layer", "method"}]
    rows: list[dict[str, Any]] = []
    for names, cell in cells(scores, network):
        marked = cell[["image_id", "layer", "method", "agreement"]].assign(status=status(cell, "agreement"))
        found = marked[~marked["method"].isin(list(controls))]
        layers = list(dict.fromkeys(found["layer"]))
        for layer in [name for name in layers if name != _INPUT_LAYER] or layers:
            pool = found[found["layer"].isin([layer, _INPUT_LAYER])]
            setting = dict(zip(network, names, strict=True)) | {"layer": layer}
            rows += [setting | row for row in _rank(pool, alpha, degenerate_policy)]
    return pd.DataFrame(rows, columns=list(_COLUMNS))


def _rank(pool: pd.DataFrame, alpha: float, policy: DegeneratePolicy) -> list[dict[str, Any]]:
    """Rank the methods of one network and layer, one row for each."""
    methods = list(dict.fromkeys(pool["method"]))
    values = pool.assign(value=counted(pool, policy)).set_index("image_id")
    columns = {method: values.loc[values["method"] == method, "value"].dropna() for method in methods}
    complete = pd.concat(columns, axis=1, join="inner").to_numpy(dtype=float)
    qualified = pool.loc[pool["status"] != MISCLASSIFIED, "image_id"].nunique()
    n = len(complete)
    statistic, p_value = friedman(complete)
    difference = critical_difference(n, len(methods), alpha)
    mean_ranks = stats.rankdata(complete, axis=1).mean(axis=0) if n else np.full(len(methods), np.nan)
    shared = {
        "n": n,
        "n_incomplete": qualified - n,
        "n_methods": len(methods),
        "statistic_friedman": statistic,
        "p_friedman": p_value,
        "critical_difference": difference,
    }
    letters = groups(mean_ranks, difference) if n else [None] * len(methods)
    return [
        shared | {"method": method, "mean_rank": float(rank), "groups": letter}
        for method, rank, letter in zip(methods, mean_ranks, letters, strict=True)
    ]
