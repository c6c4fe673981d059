"""Class specificity: the map of a class should take away its own class rather than the other one.

For classes a (top-1) and b (top-2) of an image, with d(c, m) the drop of the logit of class c when the top pixels of
the map of class m are removed, the interaction is ``[d(a, a) - d(b, a)] + [d(b, b) - d(a, b)]``, in logits. It is 0 for
a map that does not depend on the class, whatever its pixels are worth, and does not depend on the logits of the whole
image. A drop of the own class alone shows no specificity.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd

from case_saliency.diagnostic.degenerate import KINDS
from case_saliency.statistics.attrition import CELL, Scores, blocks, only
from case_saliency.statistics.fidelity import corrected, fidelity_rows
from case_saliency.statistics.multiplicity import adjusted_by
from case_saliency.statistics.paired import paired_t

_SETTING = ["fill", "k_percent"]
_DROPS = ["drop_a_map_a", "drop_b_map_a", "drop_a_map_b", "drop_b_map_b"]
_USED = ["drop_logit", "logit_other", "logit_other_ablated", "degenerate", "qualified", "reason"]
NEEDED = (*CELL, *_SETTING, "image_id", "target", *_USED)
"""Columns of the scores that the table is made from."""
_RENAMED = {"mean": "interaction", "p_holm": "p_vs_case_holm"}
_COLUMNS = (
    *(*CELL, *_SETTING, "n", *_DROPS, "interaction", "sd", "ci_low", "ci_high", "p_interaction", "p_holm"),
    *("faithful", "agreement_verdict", "joint_verdict", "n_pairs", "difference_to_case", "p_vs_case", "p_vs_case_holm"),
    *("role", "n_total", "n_excluded_misclassified", "n_degenerate"),
)


def cross_deletion_table(
    scores: Scores, agreement: pd.DataFrame, *, controls: Collection[str], alpha: float, reference: str = "case"
) -> pd.DataFrame:
    """Test the interaction of map and class, and join it with the verdict of the diagnostic.

    Parameters
    ----------
    scores
        Fidelity scores of both targets (see `fidelity.drop.COLUMNS`).
    agreement
        Table of `agreement_table`, one row for each cell of `scores`.
    controls
        Methods that are tested alike but stay out of the corrections for multiplicity.
    alpha
        The interaction's t interval has level 1 - alpha.
    reference
        Method against which the others are tested.

    Returns
    -------
    pandas.DataFrame
        One row for each cell, fill and k: mean drops in logits, the mean interaction with its interval;
        `p_interaction`, the two-sided paired t-test of own drops against cross drops; the paired comparison with the
        reference. `faithful` is "faithful" where the interval lies above 0, "not faithful" where it does not reach
        above 0, else "undecided". `joint_verdict` is "class-specific" where the maps are class-sensitive *and*
        faithful, "not class-specific" where one of both is denied, else "undecided". Holm's corrections run over the
        methods, networks and layers of an experiment at one setting.

    Raises
    ------
    ValueError
        If an image lacks one of both targets, or a cell its verdict.
    """
    return with_verdicts(interaction_rows(scores, controls, alpha, reference), agreement)


def interaction_rows(scores: Scores, controls: Collection[str], alpha: float, reference: str) -> pd.DataFrame:
    """Return the drops and interactions of `cross_deletion_table`, p-values not yet corrected, and without verdicts."""
    further = {name: partial(_mean, name=name) for name in _DROPS} | {"p_interaction": _own_against_cross}
    return fidelity_rows(_Pairs(scores), controls, alpha, ["interaction"], reference=reference, further=further)


def with_verdicts(rows: pd.DataFrame, agreement: pd.DataFrame) -> pd.DataFrame:
    """Return `cross_deletion_table` from all of its rows: p-values corrected, verdicts beside them."""
    table = corrected(rows).rename(columns=_RENAMED)
    table["p_holm"] = adjusted_by(table, "p_interaction", ["experiment", *_SETTING])
    verdicts = agreement[[*CELL, "verdict"]].rename(columns={"verdict": "agreement_verdict"})
    table = table.merge(verdicts, on=list(CELL), how="left", validate="many_to_one")
    if table["agreement_verdict"].isna().any():
        raise ValueError("cross_deletion_table: a cell of the fidelity scores has no verdict in the table of agreement")
    table["faithful"] = np.select(
        [table["ci_low"] > 0, table["ci_high"] <= 0], ["faithful", "not faithful"], "undecided"
    )
    table["joint_verdict"] = _joint(table["agreement_verdict"], table["faithful"])
    return table[list(_COLUMNS)]


@dataclass(frozen=True)
class _Pairs:
    """The rows of `_paired` from scores that need not be held as a whole."""

    scores: Scores

    def blocks(self, keys: Sequence[str]) -> Iterator[pd.DataFrame]:
        for block in blocks(self.scores, [key for key in keys if key != "test"]):
            yield _paired(block)

    def where(self, column: str, text: str) -> "_Pairs":
        return replace(self, scores=only(self.scores, column, text))


def _paired(scores: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each image and setting with the four drops of logits and their interaction."""
    keys = [*CELL, *_SETTING, "image_id"]
    first, second = (scores.loc[scores["target"] == target, [*keys, *_USED]] for target in ("top1", "top2"))
    if len(first) != len(second):
        raise ValueError(f"cross_deletion_table: {len(first)} rows of target top1 and {len(second)} of top2")
    pairs = first.merge(second, on=keys, suffixes=("", "_b"), validate="one_to_one")
    if len(pairs) != len(first):
        raise ValueError("cross_deletion_table: an image has a row of one target only")
    of_a, of_b = pairs["drop_logit"], pairs["drop_logit_b"]
    b_of_a = pairs["logit_other"] - pairs["logit_other_ablated"]
    a_of_b = pairs["logit_other_b"] - pairs["logit_other_ablated_b"]
    rank = {kind: position for position, kind in enumerate(KINDS)}
    worse = pairs["degenerate_b"].map(rank).astype(int) > pairs["degenerate"].map(rank).astype(int)
    return pairs[keys].assign(
        test="cross_deletion",
        drop_a_map_a=of_a,
        drop_b_map_a=b_of_a,
        drop_a_map_b=a_of_b,
        drop_b_map_b=of_b,
        interaction=(of_a - b_of_a) + (of_b - a_of_b),
        degenerate=pairs["degenerate_b"].where(worse, pairs["degenerate"]),
        qualified=pairs["qualified"],
        reason=pairs["reason"],
    )


def _mean(cell: pd.DataFrame, name: str) -> float:
    return float(cell[name].mean())


def _own_against_cross(cell: pd.DataFrame) -> float:
    own = cell["drop_a_map_a"] + cell["drop_b_map_b"]
    cross = cell["drop_b_map_a"] + cell["drop_a_map_b"]
    return paired_t(own.to_numpy(dtype=float), cross.to_numpy(dtype=float))


def _joint(distinct: "pd.Series[str]", faithful: "pd.Series[str]") -> "np.ndarray[tuple[int], np.dtype[np.str_]]":
    both = (distinct == "class-sensitive") & (faithful == "faithful")
    denied = (distinct == "insensitive") | (faithful == "not faithful")
    return np.select([both, denied], ["class-specific", "not class-specific"], "undecided")
