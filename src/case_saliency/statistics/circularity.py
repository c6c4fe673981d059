"""How much of CASE's low agreement is left when the compared classes stay out of its contrast sets."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from case_saliency.statistics import cross_deletion, fidelity
from case_saliency.statistics.attrition import (
    CELL,
    DegeneratePolicy,
    Scores,
    blocks,
    cells,
    counted,
    counts,
    only,
    status,
)
from case_saliency.statistics.cross_deletion import interaction_rows, with_verdicts
from case_saliency.statistics.fidelity import fidelity_rows
from case_saliency.statistics.intervals import bca_mean_interval, median_interval, verdict
from case_saliency.statistics.multiplicity import holm
from case_saliency.statistics.shares import share_left, signed_rank

CASE, PLAIN = "case", ("gradcam", "hirescam")
CONTROL = "case_random_direction"
FAMILY = ("case_both_in", "case_heldout", "case_matched", CONTROL)
"""The comparisons with CASE that are corrected together."""
ALL = "all"
MEMBERSHIPS = ("both", "first", "second", "neither")
"""All images, and those where CASE's set of both, of the first, of the second or of neither class holds the other."""

_GEOMETRY = ("cosine_a", "cosine_b", "norm_ratio_a", "norm_ratio_b", "pair_cosine")
_HELD = ("image_id", "k_percent", "agreement", "compared_in", *_GEOMETRY)
_SETTING = ["fill", "k_percent"]
NEEDED = tuple(
    dict.fromkeys(
        (
            *(*fidelity.NEEDED, *cross_deletion.NEEDED, "strength", "agreement", "compared_in"),
            *_GEOMETRY,
        )
    )
)
"""Columns of the scores that the table is made from."""
_COLUMNS = (
    *(*CELL, "strength", "membership", "k_percent", "n", "median_agreement", "ci_low", "ci_high", "verdict"),
    *("mean_agreement", "n_pairs", "difference_to_case", "difference_ci_low", "difference_ci_high", "p_vs_case"),
    *("p_holm", "share_left", "share_ci_low", "share_ci_high", "share_note", "cosine", "cosine_gap", "norm_ratio"),
    *("pair_cosine", "fill", "k_removed", "own_drop", "own_drop_ci_low", "own_drop_ci_high", "interaction"),
    *("interaction_ci_low", "interaction_ci_high", "joint_verdict", "role"),
    *("n_total", "n_excluded_misclassified", "n_degenerate"),
)


def circularity_table(
    scores: Scores,
    *,
    alpha: float,
    threshold: float,
    measure: str,
    degenerate_policy: DegeneratePolicy = "exclude",
    seed: int = 0,
) -> pd.DataFrame:
    """Compare CASE with its variants on the same images.

    Parameters
    ----------
    scores
        Rows of agreement (`diagnostic.circularity.COLUMNS`) and of both classes' drops (`fidelity.drop.COLUMNS`), told
        apart by `test`, with a column `strength`.
    alpha
        Intervals have level 1 - alpha.
    threshold
        Agreement in percent that the verdict compares the median's interval with.
    measure
        Drop of the predicted class to report, such as "relative_clipped".
    degenerate_policy
        What a pair with a degenerate map counts as, see `attrition.counted`.
    seed
        Seeds the bootstraps.

    Returns
    -------
    pandas.DataFrame
        One row for each network, layer, variant, strength, fill and share of removed pixels, with `membership` "all";
        what does not depend on the last two is repeated. `case` and the map without contrast have further rows for
        `MEMBERSHIPS`, without drops. Columns: docs/analyses/circularity.md.

    Raises
    ------
    ValueError
        If a score is missing for no stated reason, an image occurs twice, or a network lacks CASE.
    """
    networks: dict[tuple[Any, ...], dict[str, pd.DataFrame]] = defaultdict(dict)
    strengths: dict[str, float] = {}
    for names, cell in cells(_Of(scores, "agreement"), CELL):
        if cell["image_id"].duplicated().any():
            raise ValueError("circularity_table: an image occurs twice in a cell")
        marked = pd.Categorical(status(cell, "agreement"))
        networks[names[:-1]][names[-1]] = cell[list(_HELD)].assign(status=marked).set_index("image_id")
        strengths[names[-1]] = cell["strength"].iloc[0]
    rows: list[dict[str, Any]] = []
    for names, found in networks.items():
        told = _network_rows(found, alpha, threshold, degenerate_policy, seed)
        rows += [dict(zip(CELL[:-1], names, strict=True)) | row for row in told]
    table = pd.DataFrame(rows)
    drops = _drops(scores, table[table["membership"] == ALL], alpha, measure)
    table = table.merge(drops, on=[*CELL, "membership"], how="left", validate="one_to_many")
    strength = table["method"].map(strengths)
    return table.assign(strength=strength, method=table["method"].str.partition("@")[0])[list(_COLUMNS)]


@dataclass(frozen=True)
class _Of:
    """The scores of one test, of some targets, in which a variant's name tells its strength."""

    scores: Scores
    test: str
    targets: Collection[str] | None = None

    def blocks(self, keys: Sequence[str]) -> Iterator[pd.DataFrame]:
        for block in blocks(self.scores, list(dict.fromkeys([*keys, "strength", "test"]))):
            wanted = block["test"] == self.test
            if self.targets is not None:
                wanted &= block["target"].isin(list(self.targets))
            found = block[wanted]
            yield found.assign(method=_named(found))

    def where(self, column: str, text: str) -> "_Of":
        return replace(self, scores=only(self.scores, column, text))


def _named(scores: pd.DataFrame) -> "pd.Series[Any]":
    """Name a variant with a strength apart from the same one with another."""
    method = scores["method"].astype(str)
    with_strength = method + "@" + scores["strength"].map("{:g}".format).astype(str)
    return method.where(scores["strength"].isna(), with_strength).astype("category")


def _network_rows(
    cells: Mapping[str, pd.DataFrame], alpha: float, threshold: float, policy: DegeneratePolicy, seed: int
) -> list[dict[str, Any]]:
    plain = next((name for name in PLAIN if name in cells), None)
    if CASE not in cells or plain is None:
        raise ValueError(f"circularity_table: scores of {sorted(cells)}, expected case and one of {PLAIN}")
    values = {method: counted(cell, policy) for method, cell in cells.items()}
    rows: list[dict[str, Any]] = []
    for method, cell in cells.items():
        row: dict[str, Any] = {
            "method": method,
            "membership": ALL,
            "role": "control" if method == CONTROL else "method",
        }
        row |= _described(cell, values[method], cells[CASE], alpha, threshold)
        row |= _against(method, values[method], values[CASE], alpha, seed)
        rows.append(row | _share(values, method, plain, alpha, seed))
    family = [row for row in rows if row["method"] in FAMILY and row["differs"]]
    corrected = holm(np.array([row["p_vs_case"] for row in family], dtype=float))
    for member, p_holm in zip(family, corrected.tolist(), strict=True):
        member["p_holm"] = p_holm
    sets = cells[CASE]["compared_in"]
    for method in (plain, CASE):
        for membership in MEMBERSHIPS:
            inside = sets.index[sets == membership]
            cell, of_case = cells[method].loc[inside], values[CASE][values[CASE].index.isin(inside)]
            mine = values[method][values[method].index.isin(inside)]
            row = {"method": method, "membership": membership, "role": "method"}
            row |= _described(cell, mine, cells[CASE], alpha, threshold)
            rows.append(row | _against(method, mine, of_case, alpha, seed))
    return rows


def _described(
    cell: pd.DataFrame, values: "pd.Series[float]", case: pd.DataFrame, alpha: float, threshold: float
) -> dict[str, Any]:
    """Describe the agreement and the geometry of the images that count."""
    median = median_interval(values.to_numpy(), 1 - alpha)
    used = cell.loc[values.index]
    cosines = used[["cosine_a", "cosine_b"]]
    gap = (cosines - case.loc[values.index, ["cosine_a", "cosine_b"]]).abs()
    return {
        "k_percent": cell["k_percent"].iloc[0] if len(cell) else case["k_percent"].iloc[0],
        "n": len(values),
        "median_agreement": median.estimate,
        "ci_low": median.low,
        "ci_high": median.high,
        "verdict": verdict(median, threshold),
        "mean_agreement": float(values.mean()),
        "cosine": float(cosines.mean().mean()),
        "cosine_gap": float(gap.mean().mean()),
        "norm_ratio": float(used[["norm_ratio_a", "norm_ratio_b"]].mean().mean()),
        "pair_cosine": float(used["pair_cosine"].mean()),
        **counts(cell),
    }


def _against(
    method: str, values: "pd.Series[float]", case: "pd.Series[float]", alpha: float, seed: int
) -> dict[str, Any]:
    """Compare with CASE on the images that both have; `differs` says whether they do on any."""
    shared = values.index[:0] if method == CASE else values.index.intersection(case.index, sort=False)
    difference = (values[shared] - case[shared]).to_numpy()
    interval = bca_mean_interval(difference, 1 - alpha, seed)
    return {
        "n_pairs": len(shared),
        "difference_to_case": interval.estimate,
        "difference_ci_low": interval.low,
        "difference_ci_high": interval.high,
        "p_vs_case": signed_rank(difference),
        "p_holm": np.nan,
        "differs": bool(difference.any()),
    }


def _share(
    values: Mapping[str, "pd.Series[float]"], method: str, plain: str, alpha: float, seed: int
) -> dict[str, Any]:
    complete = pd.concat([values[plain], values[method], values[CASE]], axis=1, join="inner").to_numpy(dtype=float)
    share = share_left(complete[:, 0], complete[:, 1], complete[:, 2], 1 - alpha, seed)
    names = ("share_left", "share_ci_low", "share_ci_high", "share_note")
    return dict(zip(names, (share.estimate, share.low, share.high, share.note), strict=True))


def _drops(scores: Scores, agreement: pd.DataFrame, alpha: float, measure: str) -> pd.DataFrame:
    """Return the predicted class's drop and the interaction of every variant at every setting."""
    top1, both = _Of(scores, "confidence_drop", ("top1",)), _Of(scores, "confidence_drop")
    dropped = fidelity_rows(top1, {CONTROL}, alpha, [f"drop_{measure}"], reference=CASE)  # none of its p is shown
    specific = with_verdicts(interaction_rows(both, {CONTROL}, alpha, CASE), agreement)
    limits = {"ci_low": "{}_ci_low", "ci_high": "{}_ci_high"}
    dropped = dropped.rename(
        columns={"mean": "own_drop"} | {old: new.format("own_drop") for old, new in limits.items()}
    )
    specific = specific.rename(columns={old: new.format("interaction") for old, new in limits.items()})
    joined = dropped[[*CELL, *_SETTING, "own_drop", "own_drop_ci_low", "own_drop_ci_high"]].merge(
        specific[[*CELL, *_SETTING, "interaction", "interaction_ci_low", "interaction_ci_high", "joint_verdict"]],
        on=[*CELL, *_SETTING],
        validate="one_to_one",
    )
    return joined.rename(columns={"k_percent": "k_removed"}).assign(membership=ALL)
