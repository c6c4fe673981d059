"""Defect replay: scores as the released code would have them -> how each of its defects moves the tests."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from case_saliency.attribution.seeding import generator
from case_saliency.diagnostic.defects import ALL, AS_IS, DEFECTS, NONE, Switches, together
from case_saliency.statistics.attrition import Scores, cells
from case_saliency.statistics.intervals import Interval, mean_interval, median_interval
from case_saliency.statistics.paired import Values, ZeroMethod, paired_t, wilcoxon_less

_CELL = ["experiment", "dataset", "model", "seed", "layer", "method"]
_CASE = "case"
_MEASURED = ("n", "value", "p", "significant")
_INTERVAL = ("ci_low", "ci_high")
_COLUMNS = (
    *(*_CELL, "k_percent", "defect", "number", "outcome", *_MEASURED, *_INTERVAL),
    *("value_without", "p_without", "change", "flipped"),
)


def defects_table(
    scores: Scores, *, alpha: float, threshold: float, zero_method: ZeroMethod, seed: int = 0
) -> pd.DataFrame:
    """Repeat the paper's two tests with each defect alone, and with all together.

    Parameters
    ----------
    scores
        Rows of `diagnostic.defects.COLUMNS`.
    alpha, threshold, zero_method
        Of the tests; the threshold is that of the study, percent.
    seed
        Seeds the images that an unpaired test draws.

    Returns
    -------
    pandas.DataFrame
        One row for each network, method, defect ("none" and "all" included) and outcome: "agreement" with `value` the
        median in percent and `p` Wilcoxon's one-sided test against the threshold, as in the paper; "drop" with `value`
        the mean clipped relative confidence drop, and `p` the two-sided t-test against CASE (NaN for CASE itself).
        `ci_low` and `ci_high` bound the value: the exact interval of the median, and the t interval of the mean.
        `significant` says p < alpha; `value_without` and `p_without` are those without the defect, `change` the
        difference of the values, and `flipped` whether the decision is another one, or none any more. A contrast set
        of CASE changes the other methods' p of the drop, and nothing else of theirs.
    """
    replays = {NONE: Switches(), **{name: one.switches for name, one in DEFECTS.items()}, ALL: together()}
    rows = []
    for _, network in cells(scores, ["model", "seed", "layer"]):
        for name, switches in replays.items():
            used = _used(network, switches)
            number = DEFECTS[name].number if name in DEFECTS else 0
            for method, known in network.groupby("method", sort=False):
                cell = used[used["method"] == method]
                row = {key: known[key].iloc[0] for key in (*_CELL, "k_percent")} | {"defect": name, "number": number}
                limit = threshold if switches.threshold is None else switches.threshold
                p_agreement = wilcoxon_less(_agreement(cell, switches), limit, zero_method)
                agreement = _told(_agreement(cell, switches), median_interval, p_agreement, alpha)
                rows.append(row | {"outcome": "agreement"} | agreement)
                drops = _drop(cell, switches, seed)
                p_drop = np.nan if method == _CASE else _against_case(used, drops, switches, seed)
                rows.append(row | {"outcome": "drop"} | _told(drops.to_numpy(), mean_interval, p_drop, alpha))
    return _beside(pd.DataFrame(rows))


def _used(network: pd.DataFrame, switches: Switches) -> pd.DataFrame:
    """Return each method's rows: CASE with the contrast sets of the replay where it was drawn with them, or without."""
    is_case = network["method"] == _CASE
    contrast = switches.contrast if (network["contrast"] == switches.contrast).any() else AS_IS
    if switches.case_missing:
        return network[~is_case & (network["contrast"] == AS_IS)]
    return network[(is_case & (network["contrast"] == contrast)) | (~is_case & (network["contrast"] == AS_IS))]


def _agreement(cell: pd.DataFrame, switches: Switches) -> Values:
    kept = cell if switches.wrong_predictions else cell[cell["qualified"].astype(bool)]
    values = kept["agreement_arbitrary" if switches.arbitrary_top_sets else "agreement"].dropna()
    return values.to_numpy(dtype=float)


def _drop(cell: pd.DataFrame, switches: Switches, seed: int) -> "pd.Series[float]":
    column = "drop_transposed" if switches.transposed_mask else "drop"
    values = cell.set_index("image_id")[column].dropna()
    if not switches.unpaired_samples or values.empty:
        return values
    random = generator(seed, "unpaired", str(cell["model"].iloc[0]), str(cell["method"].iloc[0]))
    return values.iloc[random.integers(len(values), size=len(values))]


def _against_case(used: pd.DataFrame, drops: "pd.Series[float]", switches: Switches, seed: int) -> float:
    case = used[used["method"] == _CASE]
    if case.empty:
        return np.nan
    reference = _drop(case, switches, seed)
    if switches.unpaired_samples:  # by position, whatever the images
        n = min(len(drops), len(reference))
        return paired_t(drops.to_numpy()[:n], reference.to_numpy()[:n])
    shared = drops.index.intersection(reference.index, sort=False)
    return paired_t(drops[shared].to_numpy(dtype=float), reference[shared].to_numpy(dtype=float))


def _told(values: Values, interval: Callable[[Values, float], Interval], p: float, alpha: float) -> dict[str, Any]:
    found = interval(values, 1 - alpha)
    bounds = {"ci_low": found.low, "ci_high": found.high}
    return {"n": values.size, "value": found.estimate, "p": p, "significant": bool(p < alpha), **bounds}


def _beside(table: pd.DataFrame) -> pd.DataFrame:
    keys = [*_CELL, "outcome"]
    without = table.loc[table["defect"] == NONE, [*keys, "value", "p", "significant"]]
    both = table.merge(without, on=keys, suffixes=("", "_without"), validate="many_to_one")
    both["change"] = both["value"] - both["value_without"]
    both["flipped"] = both["significant"] != both["significant_without"]
    return both[list(_COLUMNS)]
