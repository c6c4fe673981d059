"""What a statistic holds beside its rows does not grow with them."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest

from case_saliency.statistics.attrition import CELL
from case_saliency.statistics.clusters import cluster_median_interval
from case_saliency.statistics.fidelity import MEASURES, NEEDED, fidelity_table
from case_saliency.statistics.intervals import BLOCK, bca_mean_interval, bca_ratio_interval
from case_saliency.statistics.shares import share_left

N = 100
PLACE = dict(zip(CELL[:5], ("tiny", "digits", "net", 0, "last_conv"), strict=True))


def values(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(20, 60, n)


RESAMPLED = {
    "mean": lambda n: bca_mean_interval(values(n), 0.95, 0),
    "ratio": lambda n: bca_ratio_interval(values(n), values(n, 1) + 50, 0.95, 0),
    "share": lambda n: share_left(values(n) + 60, values(n, 1) + 20, values(n, 2), 0.95, 0),
    "clusters": lambda n: cluster_median_interval(values(n), np.arange(n) % 20, 0.95, 0),
}


def peak(function, *arguments) -> int:
    """Return the most bytes that a call holds; the second time, as the first one loads what it needs."""
    function(*arguments)
    tracemalloc.start()
    try:
        function(*arguments)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", RESAMPLED)
@pytest.mark.parametrize("n", [N, 9 * N])
def test_a_bootstrap_holds_some_blocks_whatever_the_number_of_images(name, n):
    assert peak(RESAMPLED[name], n) < 10 * 8 * BLOCK


def test_a_table_of_drops_is_made_measure_by_measure():
    n_methods, n = 4, 9 * N
    rows = pd.DataFrame(
        {
            "image_id": np.tile([f"image-{i}" for i in range(n)], n_methods),
            "method": np.repeat(["case", *(f"method-{i}" for i in range(1, n_methods))], n),
            **{name: values(n * n_methods, i) for i, name in enumerate(MEASURES)},
        }
    ).assign(**PLACE, test="confidence_drop", fill="mean", k_percent=5.0, degenerate="", qualified=True, reason="")
    rows = rows[list(NEEDED)].astype(dict.fromkeys(rows.select_dtypes(["object", "str"]).columns, "category"))
    found = peak(lambda: fidelity_table(rows, controls=(), alpha=0.05))
    assert found < 6 * rows.memory_usage(deep=True).sum()  # 15 with the rows of all four measures at once
