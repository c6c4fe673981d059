"""The paper's Tables 1, 2 and 3 and Figures 4, 5 and 6 beside this study's numbers, one row for each pair."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from case_saliency.report.paper.published import COUNTERPARTS, STATED_IMAGES, TABLE_1, TABLE_2, TABLE_3, Drop
from case_saliency.statistics.implied import implied_correlation, implied_pairs

COLUMNS = (
    *("item", "method", "model", "seed", "layer", "k_percent", "quantity", "ours", "n", "paper_network", "paper"),
    "paper_value",
)
NO_COUNTERPART = "no such network"
ROUNDING = 1e-4  # of the difference of two means that are printed to four digits


def side_by_side(
    agreement: pd.DataFrame,
    fidelity: pd.DataFrame,
    *,
    layers: pd.DataFrame | None,
    main: Mapping[str, str],
    measure: str,
    fill: str,
) -> pd.DataFrame:
    """Return the numbers of the paper's tables that an experiment has, each beside the paper's.

    Parameters
    ----------
    agreement, fidelity
        Tables of an experiment.
    layers
        The table of analysis `layers`, None if it was not run.
    main
        Network -> main layer.
    measure, fill
        Of the confidence drop.

    Returns
    -------
    pandas.DataFrame
        `COLUMNS`: item "table 1" (p of Wilcoxon's test at the main layer), "table 2" (the same at norm5) and "table 3"
        (mean, sd and p against CASE, at each share of removed pixels); `paper` as the paper prints it, "lost" where the
        copy at hand lacks it, `paper_value` the number where it is one; the paper's network is that of the same family.
    """
    rows = [*_tests(agreement, main, "table 1", TABLE_1)]
    deep = dict.fromkeys(main, "norm5")
    known = agreement if (agreement["layer"] == "norm5").any() or layers is None else layers
    rows += _tests(known, deep, "table 2", TABLE_2)
    shown = fidelity[(fidelity["measure"] == measure) & (fidelity["fill"] == fill)]
    for row in shown[shown["method"].isin(list(TABLE_3))].to_dict("records"):
        if row["layer"] == main.get(row["model"]):
            rows += _drops(row)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _tests(
    table: pd.DataFrame, layers: Mapping[str, str], item: str, paper: Mapping[str, Mapping[str, str]]
) -> Iterator[dict[str, Any]]:
    for row in table[table["method"].isin(list(paper))].to_dict("records"):
        if row["layer"] != layers.get(row["model"]):
            continue
        network = COUNTERPARTS.get(row["model"], "")
        told = paper[row["method"]].get(network, NO_COUNTERPART)
        yield _named(row, item, network) | {"quantity": "p_wilcoxon", "ours": row["p_wilcoxon"], "paper": told}


def _drops(row: Mapping[Any, Any]) -> Iterator[dict[str, Any]]:
    network = COUNTERPARTS.get(row["model"], "")
    drop = TABLE_3[row["method"]].get(network)
    common = _named(row, "table 3", network)
    for quantity in ("mean", "sd"):
        yield common | {"quantity": quantity, "ours": row[quantity], **_told(drop, quantity)}
    if row["method"] != "case":
        told = {"paper": drop.p, "paper_value": drop.p_value} if drop else {"paper": NO_COUNTERPART}
        yield common | {"quantity": "p_vs_case", "ours": row["p_vs_case"], **told}


def _told(drop: Drop | None, quantity: str) -> dict[str, Any]:
    if drop is None:
        return {"paper": NO_COUNTERPART}
    value = getattr(drop, quantity)
    return {"paper": f"{value:.4f}", "paper_value": value}


def _named(row: Mapping[Any, Any], item: str, network: str) -> dict[str, Any]:
    names = ("method", "model", "seed", "layer", "k_percent", "n")
    return {"item": item, "paper_network": network, **{name: row[name] for name in names}}


def consistency() -> pd.DataFrame:
    """Check the paper's Table 3 against itself, by computation.

    Returns
    -------
    pandas.DataFrame
        One row for each network and baseline: means, standard deviations and p as printed; `implied_n`, the number of
        pairs at which the printed p follows if pairs were uncorrelated, with the range that the means' rounding to four
        digits allows; `implied_correlation`, that at which it follows from the 1,000 images that the text names. NaN
        where p is a bound only, or nothing fits.
    """
    rows = []
    for method, networks in TABLE_3.items():
        for network, drop in networks.items():
            if method != "case":
                rows.append({"network": network, "method": method, **_implied(drop, TABLE_3["case"][network])})
    return pd.DataFrame(rows).sort_values("network", kind="stable", ignore_index=True)


def _implied(drop: Drop, case: Drop) -> dict[str, Any]:
    p, mean, sd = drop.p_value, (case.mean, drop.mean), (case.sd, drop.sd)
    ends = [] if p is None else [implied_pairs(_apart(mean, way * ROUNDING), sd, p) for way in (1, -1)]
    return {
        "mean_case": case.mean,
        "mean": drop.mean,
        "p": drop.p,
        "implied_n": None if p is None else implied_pairs(mean, sd, p),
        "implied_n_low": ends[0] if ends else None,
        "implied_n_high": ends[1] if ends else None,
        "implied_correlation": None if p is None else implied_correlation(mean, sd, p, STATED_IMAGES),
    }


def _apart(mean: tuple[float, float], more: float) -> tuple[float, float]:
    """Return two means that lie farther apart, or nearer."""
    return (mean[0] + more, mean[1]) if mean[0] >= mean[1] else (mean[0], mean[1] + more)
