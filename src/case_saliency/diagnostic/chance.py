"""The level of chance: what two maps that have nothing to do with each other share.

It is not k: a map that is interpolated from few cells has its peaks at the centres of cells and on the constant border,
so that two independent ones meet more often than independent pixels would.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from case_saliency.attribution.seeding import generator
from case_saliency.diagnostic.similarity import KEYS, score_similarity
from case_saliency.diagnostic.topk import Ties

_CHUNK = 64  # pairs drawn and scored at a time: about 26 MB at 224 x 224


def chance_levels(
    native_size: tuple[int, int],
    input_size: tuple[int, int],
    k_percents: Sequence[float],
    *,
    n_pairs: int,
    seed: int,
    ties: Ties = "expected",
) -> pd.DataFrame:
    """Simulate how alike two independent maps are by every measure of `similarity`.

    The maps are uniform noise at native resolution, upsampled as all maps are. Draws depend on the seed and the native
    size alone. Spearman's correlation is not simulated: noise and one minus noise are equally likely, and turn its sign
    around, so that its mean and median are 0.

    Parameters
    ----------
    native_size, input_size
        Height and width of the maps and of the network's input.
    k_percents, ties
        See `agreement.score_agreement`.
    n_pairs
        Pairs to draw, at least 2.
    seed
        Seeds the draws.

    Returns
    -------
    pandas.DataFrame
        `similarity.KEYS`, `chance` (mean over pairs), `chance_se` (its standard error) and `chance_median`. Agreement
        in percent.
    """
    if n_pairs < 2:
        raise ValueError(f"chance_levels: n_pairs is {n_pairs}, expected at least 2 for a standard error")
    random = generator(seed, "chance", *native_size)
    tables = []
    for start in range(0, n_pairs, _CHUNK):
        n = min(_CHUNK, n_pairs - start)
        tables.append(
            score_similarity(
                random.random((n, 2, *native_size), dtype=np.float32),
                image_ids=[str(start + i) for i in range(n)],
                targets=np.tile([0, 1], (n, 1)),
                qualified=np.ones(n, dtype=np.bool_),
                input_size=input_size,
                k_percents=k_percents,
                ties=ties,
                whole=["ssim"],
            )
        )
    values = pd.concat(tables).groupby(list(KEYS), sort=False, dropna=False)["value"]
    found = values.agg(chance="mean", chance_se="sem", chance_median="median").reset_index()
    exact = {"measure": "spearman", "resolution": "input", "k_percent": np.nan}
    exact |= dict.fromkeys(["chance", "chance_se", "chance_median"], 0.0)
    return pd.concat([found, pd.DataFrame([exact])], ignore_index=True)


def add_chance(scores: pd.DataFrame, levels: pd.DataFrame) -> pd.DataFrame:
    """Write the level of chance beside each score.

    Raises
    ------
    ValueError
        If a score has no level of chance.
    """
    joined = scores.merge(levels, on=list(KEYS), how="left", validate="many_to_one")
    if joined["chance"].isna().any():
        raise ValueError("add_chance: a score has no level of chance; simulate it for the same k and measures")
    return joined
