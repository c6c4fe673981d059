"""RQ1: per-image agreement -> tests of "median agreement >= threshold" and a three-way verdict."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from case_saliency.statistics.attrition import CELL, DegeneratePolicy, Scores, cells, counted, counts, status
from case_saliency.statistics.clusters import cluster_median_interval
from case_saliency.statistics.effects import hodges_lehmann, rank_biserial
from case_saliency.statistics.intervals import Verdict, bca_mean_interval, median_interval, verdict
from case_saliency.statistics.multiplicity import adjusted_by
from case_saliency.statistics.paired import Values, ZeroMethod, sign_test_less, wilcoxon_less
from case_saliency.statistics.power import sign_test_power, sign_test_sample_size

_BOUNDS: tuple[DegeneratePolicy, ...] = ("insensitive", "sensitive")
_COLUMNS = (
    *(*CELL, "k_percent", "n", "median_agreement", "ci_low", "ci_high", "ci_level", "mean_agreement"),
    *("mean_ci_low", "mean_ci_high", "hodges_lehmann", "rank_biserial", "p_wilcoxon", "p_sign", "p_holm", "verdict"),
    *("verdict_if_insensitive", "verdict_if_sensitive", "role", "rejects_paper", "power", "n_for_power80"),
    *("n_pairs_of_classes", "cluster_ci_low", "cluster_ci_high", "fragile"),
    *("median_agreement_paper", "p_wilcoxon_paper"),
    *("degenerate_rate", "n_degenerate", "n_excluded_misclassified", "n_total"),
)


def agreement_table(
    scores: Scores,
    *,
    controls: Collection[str],
    alpha: float,
    threshold: float,
    zero_method: ZeroMethod,
    degenerate_policy: DegeneratePolicy = "exclude",
    effect: float = 0.75,
    seed: int = 0,
) -> pd.DataFrame:
    """Test the class-sensitivity of each method on each network.

    Parameters
    ----------
    scores
        Agreement scores, one row for each image, method, layer and k (see `diagnostic.agreement.COLUMNS`).
    controls
        Methods that calibrate the test; they are tested alike but stay out of the correction for multiplicity.
    alpha
        Level of the tests; the interval of the median has level 1 - alpha at least.
    threshold
        Agreement in percent that a class-insensitive method reaches: H0 is "median >= threshold".
    zero_method
        For the Wilcoxon test, see `wilcoxon_less`.
    degenerate_policy
        What a pair with a degenerate map counts as, see `attrition.counted`.
    effect
        P(agreement < threshold) at which the attainable power of the sign test is stated.
    seed
        Seeds the bootstrap.

    Returns
    -------
    pandas.DataFrame
        One row for each cell and k, in the order of `scores`. `p_holm` corrects `p_sign` over the methods, networks and
        layers of an experiment at one k. `verdict` follows from the median's interval, `verdict_if_insensitive` and
        `verdict_if_sensitive` from the same with degenerate pairs at 100 and 0, whatever the policy; `rejects_paper`
        is the paper's criterion, ``p_wilcoxon < alpha``. `cluster_ci_low` and `cluster_ci_high` are the bootstrap
        interval of the median over the `n_pairs_of_classes` pairs (target_a, target_b), and `fragile` says that the
        verdict is definite and this interval's is another one, or too few pairs give none. `median_agreement_paper`
        and `p_wilcoxon_paper` are the median and the paper's test of `agreement_paper`, over the same images. With no
        image left: n = 0, NaN, and "undecided".

    Raises
    ------
    ValueError
        If a score is missing for no stated reason, or an image occurs twice in a cell.
    """
    keys = [*CELL, "k_percent"]
    tests = _Tests(alpha, threshold, zero_method, degenerate_policy, effect, seed)
    rows = []
    for names, found in cells(scores, keys):
        cell = found.assign(status=status(found, "agreement"))
        if cell["image_id"].duplicated().any():
            raise ValueError(
                "agreement_table: an image occurs twice in a cell; pass one resolution and convention of ties"
            )
        row = dict(zip(keys, names, strict=True))
        row["role"] = "control" if row["method"] in controls else "method"
        rows.append(row | counts(cell) | tests.of(cell))
    table = pd.DataFrame(rows, columns=list(_COLUMNS))
    return table.assign(p_holm=adjusted_by(table, "p_sign", ["experiment", "k_percent"]))


@dataclass(frozen=True)
class _Tests:
    """What `agreement_table` tests in a cell; the attributes are its parameters."""

    alpha: float
    threshold: float
    zero_method: ZeroMethod
    policy: DegeneratePolicy
    effect: float
    seed: int

    def of(self, cell: pd.DataFrame) -> dict[str, Any]:
        """Return the columns of the table that a cell's agreement decides."""
        found = counted(cell, self.policy)
        values = found.to_numpy()
        row = self._describe(values) | self._test(values)
        row |= self._over_pairs(cell.loc[found.index].assign(value=values))
        row["fragile"] = row["verdict"] not in {"undecided", row.pop("verdict_over_pairs")}
        row |= self._in_the_papers_order(cell)
        row |= {f"verdict_if_{policy}": self._verdict(cell, policy) for policy in _BOUNDS}
        n_needed = sign_test_sample_size(self.effect, self.alpha)
        return row | {"power": sign_test_power(values.size, self.effect, self.alpha), "n_for_power80": n_needed}

    def _describe(self, values: Values) -> dict[str, Any]:
        median = median_interval(values, 1 - self.alpha)
        mean = bca_mean_interval(values, 1 - self.alpha, self.seed)
        return {
            "n": values.size,
            "median_agreement": median.estimate,
            "ci_low": median.low,
            "ci_high": median.high,
            "ci_level": median.level,
            "verdict": verdict(median, self.threshold),
            "mean_agreement": mean.estimate,
            "mean_ci_low": mean.low,
            "mean_ci_high": mean.high,
            "hodges_lehmann": hodges_lehmann(values),
            "rank_biserial": rank_biserial(values, self.threshold, self.zero_method),
        }

    def _test(self, values: Values) -> dict[str, Any]:
        p_wilcoxon = wilcoxon_less(values, self.threshold, self.zero_method)
        return {
            "p_wilcoxon": p_wilcoxon,
            "p_sign": sign_test_less(values, self.threshold),
            "rejects_paper": p_wilcoxon < self.alpha,
        }

    def _over_pairs(self, cell: pd.DataFrame) -> dict[str, Any]:
        """Return the interval over pairs of classes and the verdict that follows from it."""
        pairs = cell.groupby(["target_a", "target_b"]).ngroup().to_numpy()
        interval = cluster_median_interval(cell["value"].to_numpy(dtype=float), pairs, 1 - self.alpha, self.seed)
        return {
            "n_pairs_of_classes": len(np.unique(pairs)),
            "cluster_ci_low": interval.low,
            "cluster_ci_high": interval.high,
            "verdict_over_pairs": verdict(interval, self.threshold),
        }

    def _in_the_papers_order(self, cell: pd.DataFrame) -> dict[str, Any]:
        """Return the median and the paper's test of the same images, ties resolved as the published code does."""
        values = counted(cell.assign(agreement=cell["agreement_paper"]), self.policy).to_numpy()
        return {
            "median_agreement_paper": float(np.median(values)) if values.size else np.nan,
            "p_wilcoxon_paper": wilcoxon_less(values, self.threshold, self.zero_method),
        }

    def _verdict(self, cell: pd.DataFrame, policy: DegeneratePolicy) -> Verdict:
        return verdict(median_interval(counted(cell, policy).to_numpy(), 1 - self.alpha), self.threshold)
