"""Layers: agreement at every target layer, and how it differs from that at the network's main layer."""

from collections.abc import Collection, Mapping
from typing import Any

import pandas as pd

from case_saliency.statistics.attrition import KEPT, DegeneratePolicy, Scores, cells, status
from case_saliency.statistics.class_sensitivity import agreement_table
from case_saliency.statistics.intervals import mean_interval
from case_saliency.statistics.multiplicity import adjusted_by
from case_saliency.statistics.paired import ZeroMethod, paired_t

_NETWORK = ["experiment", "dataset", "model", "seed"]
_COMPARED = ("n_pairs", "difference_to_main", "difference_ci_low", "difference_ci_high", "p_difference")
_DROPPED = ("hodges_lehmann", "rank_biserial", "mean_agreement", "mean_ci_low", "mean_ci_high")


def layers_table(
    scores: Scores,
    *,
    main_layers: Mapping[str, str],
    controls: Collection[str],
    alpha: float,
    threshold: float,
    zero_method: ZeroMethod,
    degenerate_policy: DegeneratePolicy = "exclude",
    seed: int = 0,
) -> pd.DataFrame:
    """Test the class-sensitivity of each method at each layer, and compare the layers image by image.

    Parameters
    ----------
    scores
        Agreement scores of all layers.
    main_layers
        Model -> the layer with which the others of the network are compared.
    controls, alpha, threshold, zero_method, degenerate_policy, seed
        As in `class_sensitivity.agreement_table`, whose columns this table has, with Holm's correction over all of
        its methods, networks and layers.

    Returns
    -------
    pandas.DataFrame
        One row for each network, layer and method. `difference_to_main`: mean over images of the agreement at this
        layer minus that at the main layer, on the `n_pairs` images that have both, with its t interval;
        `p_difference` the two-sided paired t-test, `p_difference_holm` after Holm's correction within an experiment,
        controls left out. NaN at the main layer itself.
    """
    table = agreement_table(
        scores,
        controls=controls,
        alpha=alpha,
        threshold=threshold,
        zero_method=zero_method,
        degenerate_policy=degenerate_policy,
        seed=seed,
    ).drop(columns=list(_DROPPED))
    keys = [*_NETWORK, "method", "layer"]
    compared: dict[tuple[Any, ...], dict[str, float]] = {}
    for names, found in cells(scores, keys[:-1]):
        kept = found.loc[status(found, "agreement") == KEPT].set_index("image_id")
        values = {layer: kept.loc[kept["layer"] == layer, "agreement"] for layer in found["layer"].unique()}
        main = main_layers[str(names[2])]
        for layer, of_layer in values.items():
            other = pd.Series(dtype=float) if layer == main else values.get(main, pd.Series(dtype=float))
            compared[*names, layer] = _compare(of_layer, other, alpha)
    rows = [compared[names] for names in table[keys].itertuples(index=False, name=None)]
    table[list(_COMPARED)] = pd.DataFrame(rows, index=table.index)
    table["n_pairs"] = table["n_pairs"].astype(int)
    return table.assign(p_difference_holm=adjusted_by(table, "p_difference", ["experiment"]))


def _compare(values: "pd.Series[float]", main: "pd.Series[float]", alpha: float) -> dict[str, float]:
    shared = values.index.intersection(main.index, sort=False)
    first, second = values[shared].to_numpy(dtype=float), main[shared].to_numpy(dtype=float)
    mean = mean_interval(first - second, 1 - alpha)
    return dict(zip(_COMPARED, (len(shared), mean.estimate, mean.low, mean.high, paired_t(first, second)), strict=True))
