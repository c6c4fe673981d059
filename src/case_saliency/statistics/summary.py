"""The few numbers of each method on each network that a person looks at first."""

from typing import Any

import pandas as pd

from case_saliency.statistics.attrition import CELL

_AGREEMENT = (
    *("role", "n", "median_agreement", "ci_low", "ci_high", "p_wilcoxon", "p_sign", "p_holm"),
    *("verdict", "rejects_paper", "degenerate_rate"),
)
_FIDELITY = {"mean": "mean_drop", "ci_low": "drop_ci_low", "ci_high": "drop_ci_high", "p_vs_case": "p_drop_vs_case"}


def headline(
    agreement: pd.DataFrame, fidelity: pd.DataFrame, *, k_agreement: float, k_fidelity: float, fill: str, measure: str
) -> pd.DataFrame:
    """Put RQ1 and RQ2 side by side at one setting each.

    Parameters
    ----------
    agreement, fidelity
        Tables of `agreement_table` and `fidelity_table`.
    k_agreement, k_fidelity
        Size of the top set in percent for either.
    fill, measure
        Fill and measure of the confidence drop.

    Returns
    -------
    pandas.DataFrame
        One row for each network, layer, seed and method, in the order of `agreement`: its cell, the agreement's
        statistics, and mean_drop with its interval (drop_ci_low, drop_ci_high) and p_drop_vs_case. NaN where a method
        has no fidelity score at this setting.

    Raises
    ------
    ValueError
        If either table has no row at its setting.
    """
    shown = agreement[agreement["k_percent"] == k_agreement]
    drops = fidelity[
        (fidelity["test"] == "confidence_drop")
        & (fidelity["k_percent"] == k_fidelity)
        & (fidelity["fill"] == fill)
        & (fidelity["measure"] == measure)
    ]
    if shown.empty or drops.empty:
        raise ValueError(
            f"headline: no row with k_agreement={k_agreement}, or with k_fidelity={k_fidelity}, {fill=}, {measure=}"
        )
    cell = list(CELL)
    return shown[[*cell, *_AGREEMENT]].merge(
        drops[[*cell, *_FIDELITY]].rename(columns=_FIDELITY), on=cell, how="left", validate="one_to_one"
    )


def summarise(headline: pd.DataFrame) -> dict[str, dict[str, dict[str, Any]]]:
    """Nest a `headline` of one experiment for the metrics file: network -> method -> numbers and verdict.

    A network is named by its model, followed by layer and seed where the experiment has more than one of them. Numbers
    that are not defined are None.
    """
    varying = [column for column in ("layer", "seed") if len(headline[column].unique()) > 1]
    values = headline.astype(object).where(headline.notna(), None)
    summary: dict[str, dict[str, dict[str, Any]]] = {}
    for row in values.to_dict(orient="records"):
        network = " ".join([str(row["model"]), *(f"{column}={row[column]}" for column in varying)])
        summary.setdefault(network, {})[str(row["method"])] = {
            key: row[key] for key in (*_AGREEMENT, *_FIDELITY.values())
        }
    return summary
